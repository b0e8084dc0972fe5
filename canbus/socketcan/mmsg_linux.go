package socketcan

import (
	"context"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"tandem/canbus"
)

// mmsghdr is struct mmsghdr, which x/sys/unix does not have.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// controlSize holds a struct timespec and a 32-bit drop count, each with its
// header.
var controlSize = unix.CmsgSpace(int(unsafe.Sizeof(unix.Timespec{}))) + unix.CmsgSpace(4)

// receiver is one batch of recvmmsg(2), set up once.
type receiver struct {
	bus     *Bus
	bufs    [MaxBatch][canbus.KernelLenFD]byte
	control []byte // MaxBatch times controlSize
	iov     [MaxBatch]unix.Iovec
	msgs    [MaxBatch]mmsghdr
	call    func(fd uintptr) (done bool)

	want int // messages asked for
	got  int
	err  error
}

func (r *receiver) init(b *Bus) {
	r.bus = b
	r.control = make([]byte, MaxBatch*controlSize)
	for i := range r.msgs {
		r.iov[i].Base = &r.bufs[i][0]
		r.iov[i].SetLen(len(r.bufs[i]))
		r.msgs[i].hdr.Iov = &r.iov[i]
		r.msgs[i].hdr.SetIovlen(1)
		r.msgs[i].hdr.Control = &r.control[i*controlSize]
	}
	r.call = r.recvmmsg
}

// receive waits for frames; it may come back with none.
func (r *receiver) receive(conn syscall.RawConn, frames []canbus.Frame) (int, error) {
	r.want = min(len(frames), MaxBatch)
	if err := conn.Read(r.call); err != nil {
		return 0, err
	}
	if r.err != nil {
		return 0, r.err
	}
	n := 0
	for i := range r.got {
		m := &r.msgs[i]
		f := &frames[n]
		if m.n > canbus.KernelLenFD || canbus.Unmarshal(r.bufs[i][:m.n], f) != nil {
			continue // not a frame that we asked for, such as CAN XL
		}
		f.Time = 0
		f.Bus = r.bus.cfg.Bus
		if m.hdr.Flags&unix.MSG_CONFIRM != 0 {
			f.Flags |= canbus.Sent
		}
		r.readControl(r.control[i*controlSize:][:m.hdr.Controllen], f)
		n++
	}
	return n, nil
}

// recvmmsg is one try; the poller repeats it when the socket is readable.
func (r *receiver) recvmmsg(fd uintptr) (done bool) {
	for i := range r.want {
		r.msgs[i].hdr.SetControllen(controlSize)
		r.msgs[i].hdr.Flags = 0
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.msgs[0])),
			uintptr(r.want), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			r.got, r.err = int(n), nil
			return true
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			r.got, r.err = 0, os.NewSyscallError("recvmmsg", errno)
			return true
		}
	}
}

// readControl walks the control messages of one frame: its time and the
// kernel's count of frames lost before it.
func (r *receiver) readControl(b []byte, f *canbus.Frame) {
	head := unix.CmsgLen(0)
	for len(b) >= head {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		size := int(h.Len)
		if size < head || size > len(b) {
			return
		}
		data := b[head:size]
		if h.Level == unix.SOL_SOCKET {
			switch {
			case h.Type == unix.SO_TIMESTAMPNS && len(data) >= int(unsafe.Sizeof(unix.Timespec{})):
				f.Time = (*unix.Timespec)(unsafe.Pointer(&data[0])).Nano()
			case h.Type == unix.SO_RXQ_OVFL && len(data) >= 4:
				r.bus.dropped.saw(*(*uint32)(unsafe.Pointer(&data[0])))
			}
		}
		b = b[min(unix.CmsgSpace(size-head), len(b)):]
	}
}

// sender is one batch of sendmmsg(2), set up once.
type sender struct {
	bufs [MaxBatch][canbus.KernelLenFD]byte
	iov  [MaxBatch]unix.Iovec
	msgs [MaxBatch]mmsghdr
	call func(fd uintptr) (done bool)

	from, to int // messages to send
	wait     bool
	full     bool // the socket had no room
	err      error
}

func (s *sender) init() {
	for i := range s.msgs {
		s.iov[i].Base = &s.bufs[i][0]
		s.msgs[i].hdr.Iov = &s.iov[i]
		s.msgs[i].hdr.SetIovlen(1)
	}
	s.call = s.sendmmsg
}

// load takes as many frames as go in one call, and says why it stopped at one
// that is not valid.
func (s *sender) load(frames []canbus.Frame) (int, error) {
	for i := range min(len(frames), MaxBatch) {
		n, err := canbus.Marshal(s.bufs[i][:], &frames[i])
		if err != nil {
			return i, err
		}
		s.iov[i].SetLen(n)
	}
	return min(len(frames), MaxBatch), nil
}

// send sends the first n messages and says how many went.
func (s *sender) send(ctx context.Context, file *os.File, conn syscall.RawConn, n int) (int, error) {
	s.from, s.to = 0, n
	for s.from < s.to {
		s.wait = false
		if err := conn.Write(s.call); err != nil {
			return s.from, err
		}
		if s.full {
			if err := s.sendWaiting(ctx, file, conn); err != nil {
				return s.from, err
			}
		}
		if s.err != nil {
			return s.from, s.err
		}
	}
	return n, nil
}

// sendWaiting sends once the socket has room, or ctx ends. It is rare.
func (s *sender) sendWaiting(ctx context.Context, file *os.File, conn syscall.RawConn) error {
	if err := file.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	over := make(chan struct{})
	undo := context.AfterFunc(ctx, func() {
		_ = file.SetWriteDeadline(time.Unix(1, 0)) // a closed file wakes its writers itself
		close(over)
	})
	s.wait = true
	err := conn.Write(s.call)
	if !undo() {
		<-over // no deadline may be set behind our back, for the next sender
		if e := file.SetWriteDeadline(time.Time{}); err == nil {
			err = e
		}
	}
	return err
}

func (s *sender) sendmmsg(fd uintptr) (done bool) {
	s.full, s.err = false, nil
	for {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&s.msgs[s.from])),
			uintptr(s.to-s.from), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			s.from += int(n)
			return true
		case unix.EINTR:
		case unix.EAGAIN:
			s.full = true
			return !s.wait
		default:
			s.err = os.NewSyscallError("sendmmsg", errno)
			return true
		}
	}
}
