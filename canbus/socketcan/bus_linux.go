package socketcan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"tandem/canbus"
)

// Bus is one raw socket on one CAN interface. Its file descriptor belongs to
// the runtime's poller and is used only while that holds it open, so that a
// Close wakes a blocked Receive and no call can meet a descriptor that already
// stands for something else.
type Bus struct {
	cfg     Config
	fd      bool
	rcvbuf  int
	file    *os.File
	conn    syscall.RawConn
	closed  atomic.Bool
	dropped dropCount

	rx       receiver
	rxCancel canceller
	tx       sender
	txTurn   chan struct{} // one slot: the right to use tx
}

var _ canbus.Bus = (*Bus)(nil)

// Open opens a socket on the interface, which must be up. Its error names the
// interface and the next step; errors.Is tells ErrGone, ErrDown and ErrNotFD.
func Open(cfg Config) (*Bus, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s, err := unix.Socket(unix.AF_CAN, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.CAN_RAW)
	if err != nil {
		return nil, fmt.Errorf("open CAN interface %s: %w", cfg.Interface, socketError(err))
	}
	b := &Bus{cfg: cfg, txTurn: make(chan struct{}, 1)}
	if err := b.setUp(s); err != nil {
		unix.Close(s)
		return nil, fmt.Errorf("open CAN interface %s: %w", cfg.Interface, err)
	}
	b.file = os.NewFile(uintptr(s), cfg.Interface)
	if b.conn, err = b.file.SyscallConn(); err != nil {
		b.file.Close()
		return nil, fmt.Errorf("open CAN interface %s: %w", cfg.Interface, err)
	}
	b.rx.init(b)
	b.tx.init()
	b.rxCancel.set = b.file.SetReadDeadline
	return b, nil
}

// Interface is the name that was opened.
func (b *Bus) Interface() string { return b.cfg.Interface }

// FD says whether the interface was set up for CAN FD when it was opened.
func (b *Bus) FD() bool { return b.fd }

// ReceiveBuffer is what the kernel granted of Config.ReceiveBuffer.
func (b *Bus) ReceiveBuffer() int { return b.rcvbuf }

// Dropped counts the frames that the kernel threw away because the receive
// buffer was full. What Receive gave and Dropped make up all that was seen.
func (b *Bus) Dropped() uint64 {
	if !b.closed.Load() {
		_ = b.conn.Control(func(fd uintptr) { // a socket that closes meanwhile has nothing to add
			if n, err := kernelDrops(fd); err == nil {
				b.dropped.saw(n)
			}
		})
	}
	return b.dropped.total.Load()
}

// Receive fills frames with what the kernel has, at most MaxBatch, and waits
// for the first; see canbus.Bus. Time is when the kernel got the frame.
func (b *Bus) Receive(ctx context.Context, frames []canbus.Frame) (int, error) {
	if err := b.ended(ctx); err != nil || len(frames) == 0 {
		return 0, err
	}
	if err := b.rxCancel.watch(ctx); err != nil {
		return 0, b.ioError("receive", ctx, err)
	}
	for {
		n, err := b.rx.receive(b.conn, frames)
		if err != nil {
			return 0, b.ioError("receive", ctx, err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// Send hands the frames to the interface, waiting while the socket's own send
// buffer is full; see canbus.Bus. A frame has gone when the kernel has taken
// it, which does not say that it was on the wire.
func (b *Bus) Send(ctx context.Context, frames []canbus.Frame) (int, error) {
	if err := b.ended(ctx); err != nil {
		return 0, err
	}
	select {
	case b.txTurn <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	defer func() { <-b.txTurn }()
	sent := 0
	for sent < len(frames) {
		n, invalid := b.tx.load(frames[sent:])
		if n == 0 {
			return sent, fmt.Errorf("send on %s: %w", b.cfg.Interface, invalid)
		}
		done, err := b.tx.send(ctx, b.file, b.conn, n)
		sent += done
		if err != nil {
			if errors.Is(err, unix.EINVAL) && frames[sent].Flags&canbus.FD != 0 {
				err = fmt.Errorf("%w: %s", ErrNotFD, fdHint(b.cfg.Interface))
			}
			return sent, b.ioError("send", ctx, err)
		}
	}
	return sent, nil
}

// Close closes the socket and wakes whoever waits on it.
func (b *Bus) Close() error {
	b.Dropped() // the last look at the kernel's count
	if b.closed.Swap(true) {
		return nil
	}
	b.rxCancel.stop()
	if err := b.file.Close(); err != nil {
		return fmt.Errorf("close CAN interface %s: %w", b.cfg.Interface, err)
	}
	return nil
}

func (b *Bus) ended(ctx context.Context) error {
	if b.closed.Load() {
		return canbus.ErrClosed
	}
	return ctx.Err()
}

// ioError is what the caller is told: the end of the bus or of the context
// plainly, the kernel's troubles by name.
func (b *Bus) ioError(act string, ctx context.Context, err error) error {
	if b.closed.Load() || errors.Is(err, os.ErrClosed) {
		return canbus.ErrClosed
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case errors.Is(err, unix.ENOBUFS):
		err = ErrQueueFull
	case errors.Is(err, unix.ENETDOWN):
		err = fmt.Errorf("%w: %s", ErrDown, setUpHint(b.cfg.Interface))
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		err = fmt.Errorf("%w: %s", ErrGone, createHint(b.cfg.Interface))
	}
	return fmt.Errorf("%s on %s: %w", act, b.cfg.Interface, err)
}

// dropCount sums the kernel's 32-bit counter of lost frames, which is seen
// from two sides and wraps.
type dropCount struct {
	total atomic.Uint64
}

func (d *dropCount) saw(kernel uint32) {
	for {
		have := d.total.Load()
		more := int32(kernel - uint32(have))
		if more <= 0 || d.total.CompareAndSwap(have, have+uint64(more)) {
			return
		}
	}
}
