package sandbox_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// intruder makes system calls from within another process, as somebody would
// who has taken it over: the kernel sees a thread of that process execute the
// instruction, with that process's user, files and filter. It stops all
// threads, and puts back all that it changes. One thread of ours owns it.
type intruder struct {
	tids    []int
	gate    uint64 // where a system call instruction is
	scratch uint64 // memory that may be written
	kept    []byte // what was there
}

const scratchSize = 512

// intrude stops a process.
func intrude(pid int) (*intruder, error) {
	in := &intruder{}
	if err := in.findPlaces(pid); err != nil {
		return nil, err
	}
	seen := map[int]bool{}
	for more := true; more; { // a thread may begin another one until it is stopped
		more = false
		names, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			tid, err := strconv.Atoi(filepath.Base(name))
			if err != nil || seen[tid] {
				continue
			}
			seen[tid], more = true, true
			if err := unix.PtraceSeize(tid); err != nil {
				if errors.Is(err, unix.ESRCH) {
					continue // it has ended
				}
				return nil, fmt.Errorf("seize thread %d: %w", tid, err)
			}
			if err := unix.PtraceInterrupt(tid); err != nil {
				return nil, fmt.Errorf("interrupt thread %d: %w", tid, err)
			}
			if err := in.stopped(tid); err != nil {
				return nil, err
			}
			in.tids = append(in.tids, tid)
		}
	}
	if len(in.tids) == 0 {
		return nil, fmt.Errorf("process %d has no threads", pid)
	}
	in.kept = make([]byte, scratchSize)
	_, err := unix.PtracePeekData(in.tids[0], uintptr(in.scratch), in.kept)
	return in, err
}

// findPlaces finds an instruction and memory in the program's own mappings.
func (in *intruder) findPlaces(pid int) error {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return err
	}
	program, err := os.ReadFile(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(maps), "\n") {
		var from, to, offset uint64
		var mode, device, inode string
		if _, err := fmt.Sscanf(line, "%x-%x %s %x %s %s", &from, &to, &mode, &offset, &device, &inode); err != nil || inode == "0" {
			continue
		}
		switch {
		case mode == "r-xp" && in.gate == 0:
			text := program[offset:min(offset+to-from, uint64(len(program)))]
			if at := bytes.Index(text, []byte{0x0f, 0x05}); at >= 0 { // SYSCALL
				in.gate = from + uint64(at)
			}
		case mode == "rw-p":
			in.scratch = to - scratchSize
		}
	}
	if in.gate == 0 || in.scratch == 0 {
		return fmt.Errorf("process %d: no place to intrude at in\n%s", pid, maps)
	}
	return nil
}

// stopped waits for a stop that we have asked for; signals wait meanwhile.
func (in *intruder) stopped(tid int) error {
	for {
		var ws unix.WaitStatus
		_, err := unix.Wait4(tid, &ws, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("wait for thread %d: %w", tid, err)
		case !ws.Stopped():
			return fmt.Errorf("thread %d ended: %#x", tid, uint32(ws))
		case uint32(ws)>>16 == unix.PTRACE_EVENT_STOP:
			return nil
		}
		if err := unix.PtraceCont(tid, int(ws.StopSignal())); err != nil {
			return err
		}
	}
}

// syscallStop waits for the beginning or end of a system call.
func syscallStop(tid int) error {
	for {
		if err := unix.PtraceSyscall(tid, 0); err != nil {
			return fmt.Errorf("continue thread %d: %w", tid, err)
		}
		var ws unix.WaitStatus
		for {
			if _, err := unix.Wait4(tid, &ws, unix.WALL, nil); err == nil {
				break
			} else if !errors.Is(err, unix.EINTR) {
				return err
			}
		}
		if !ws.Stopped() {
			return fmt.Errorf("thread %d ended in a call: %#x", tid, uint32(ws))
		}
		if ws.StopSignal() == unix.SIGTRAP|0x80 {
			return nil
		}
	}
}

// call makes one system call in thread tid; data is put where an argument is
// scratch. It returns what the kernel did.
func (in *intruder) call(tid int, data []byte, nr uint64, args ...uint64) (result int64, err error) {
	if err := unix.PtraceSetOptions(tid, unix.PTRACE_O_TRACESYSGOOD); err != nil {
		return 0, fmt.Errorf("trace thread %d: %w", tid, err)
	}
	if len(data) > scratchSize {
		return 0, errors.New("too much data")
	}
	if len(data) > 0 {
		if _, err := unix.PtracePokeData(tid, uintptr(in.scratch), data); err != nil {
			return 0, fmt.Errorf("write into thread %d: %w", tid, err)
		}
	}
	before, err := registers(tid)
	if err != nil {
		return 0, err
	}
	a := append(args, make([]uint64, 6)...)
	// RCX and R11 are what the instruction changes; with no number in ORIG_RAX
	// the kernel does not begin the interrupted call again before ours.
	if err := setRegisters(tid, [...]uint64{in.gate, nr, ^uint64(0), a[0], a[1], a[2], a[3], a[4], a[5], before[9], before[10]}); err != nil {
		return 0, err
	}
	for range 2 { // in and out
		if err := syscallStop(tid); err != nil {
			return 0, err
		}
	}
	after, err := registers(tid)
	if err != nil {
		return 0, err
	}
	return int64(after[1]), setRegisters(tid, before)
}

// places are where registers are in struct user_regs_struct (asm/ptrace.h): RIP,
// RAX, ORIG_RAX, RDI, RSI, RDX, R10, R8, R9, RCX, R11. User-mode Linux has them
// only one by one.
var places = [...]uintptr{128, 80, 120, 112, 104, 96, 56, 72, 64, 88, 48}

func registers(tid int) (r [len(places)]uint64, err error) {
	for i, at := range places {
		var b [8]byte
		if _, err := unix.PtracePeekUser(tid, at, b[:]); err != nil {
			return r, fmt.Errorf("read register %d of thread %d: %w", i, tid, err)
		}
		r[i] = binary.LittleEndian.Uint64(b[:])
	}
	return r, nil
}

func setRegisters(tid int, r [len(places)]uint64) error {
	for i, at := range places {
		b := binary.LittleEndian.AppendUint64(nil, r[i])
		if _, err := unix.PtracePokeUser(tid, at, b); err != nil {
			return fmt.Errorf("set register %d of thread %d: %w", i, tid, err)
		}
	}
	return nil
}

// leave lets the process go on as if nothing had been.
func (in *intruder) leave() error {
	var errs []error
	if _, err := unix.PtracePokeData(in.tids[0], uintptr(in.scratch), in.kept); err != nil {
		errs = append(errs, err)
	}
	for _, tid := range in.tids {
		errs = append(errs, unix.PtraceDetach(tid))
	}
	return errors.Join(errs...)
}

// outcome is a result in a word.
func outcome(result int64, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case result < 0 && result > -4096:
		return unix.ErrnoName(unix.Errno(-result))
	}
	return "ok"
}

// sends opens a CAN socket from thread tid and sends a frame on an interface.
func (in *intruder) sends(tid, iface int, id uint32) string {
	fd, err := in.call(tid, nil, unix.SYS_SOCKET, unix.AF_CAN, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.CAN_RAW)
	if err != nil || fd < 0 {
		return outcome(fd, err)
	}
	address := binary.LittleEndian.AppendUint16(nil, unix.AF_CAN) // struct sockaddr_can (linux/can.h)
	address = binary.LittleEndian.AppendUint32(append(address, 0, 0), uint32(iface))
	address = append(address, make([]byte, 24-len(address))...)
	n, err := in.call(tid, address, unix.SYS_BIND, uint64(fd), in.scratch, uint64(len(address)))
	if err == nil && n >= 0 {
		frame := binary.LittleEndian.AppendUint32(nil, id) // struct can_frame
		frame = append(frame, 1, 0, 0, 0, 0x2a, 0, 0, 0, 0, 0, 0, 0)
		n, err = in.call(tid, frame, unix.SYS_WRITE, uint64(fd), in.scratch, uint64(len(frame)))
	}
	_, cerr := in.call(tid, nil, unix.SYS_CLOSE, uint64(fd))
	return outcome(n, errors.Join(err, cerr))
}

// opens opens a file and reads from it, if it is one.
func (in *intruder) opens(path string, flags uint64) string {
	tid := in.tids[0]
	fd, err := in.call(tid, append([]byte(path), 0), unix.SYS_OPENAT, ^uint64(99), in.scratch, flags|unix.O_CLOEXEC, 0o600)
	if err != nil || fd < 0 {
		return outcome(fd, err)
	}
	n := int64(0)
	if flags&unix.O_DIRECTORY == 0 {
		n, err = in.call(tid, nil, unix.SYS_READ, uint64(fd), in.scratch, 64)
	} else {
		n, err = in.call(tid, nil, unix.SYS_GETDENTS64, uint64(fd), in.scratch, scratchSize)
	}
	_, cerr := in.call(tid, nil, unix.SYS_CLOSE, uint64(fd))
	return outcome(n, errors.Join(err, cerr))
}
