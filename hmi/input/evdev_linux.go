package input

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rescan is how often the folder is read without a notice: a device node may
// come before we may open it.
const rescan = 2 * time.Second

// Run reads until ctx ends, and returns nil then. Events go to to, which must
// not block. No folder and no device are no error: they may come.
func (e *Evdev) Run(ctx context.Context, to func(Event)) error {
	watch, err := watchDir(e.cfg.Dir)
	if err != nil {
		return err
	}
	notices := make(chan struct{}, 1)
	var group sync.WaitGroup
	group.Go(func() { drain(watch, notices) })
	r := &reader{Evdev: e, to: to, open: make(map[string]*os.File), group: &group}
	tick := time.NewTicker(rescan)
	defer tick.Stop()
	for ctx.Err() == nil {
		r.scan()
		select {
		case <-ctx.Done():
		case <-notices:
		case <-tick.C:
		}
	}
	watch.Close()
	r.closeAll()
	group.Wait()
	return nil
}

// watchDir asks for notices of what comes and goes in dir, or above it while
// it is not there.
func watchDir(dir string) (*os.File, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watch %s for input devices: %w", dir, err)
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err = unix.InotifyAddWatch(fd, d, unix.IN_CREATE|unix.IN_ATTRIB|unix.IN_DELETE); err == nil || d == filepath.Dir(d) {
			break
		}
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("watch %s for input devices: %w", dir, err)
	}
	return os.NewFile(uintptr(fd), "inotify"), nil
}

// drain turns notices into a wake-up until the watch is closed.
func drain(watch *os.File, notices chan<- struct{}) {
	var buf [4096]byte
	for {
		if _, err := watch.Read(buf[:]); err != nil {
			return
		}
		select {
		case notices <- struct{}{}:
		default:
		}
	}
}

// reader is a running Evdev.
type reader struct {
	*Evdev
	to    func(Event)
	group *sync.WaitGroup

	mu      sync.Mutex
	open    map[string]*os.File // nil: looked at and left alone
	numbers [64]bool            // taken blocks of contact numbers
}

// scan opens what is new and forgets what has gone.
func (r *reader) scan() {
	paths, err := filepath.Glob(filepath.Join(r.cfg.Dir, "event*"))
	if err != nil { // a folder name with a bad pattern
		return
	}
	there := make(map[string]bool, len(paths))
	for _, p := range paths {
		there[p] = true
		r.mu.Lock()
		_, known := r.open[p]
		r.mu.Unlock()
		if !known {
			r.start(p)
		}
	}
	r.mu.Lock()
	for p := range r.open {
		if !there[p] && r.open[p] == nil {
			delete(r.open, p)
		}
	}
	r.mu.Unlock()
}

// start reads one device in a goroutine of its own.
func (r *reader) start(path string) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil { // not ours to read, yet: tried again
		r.log.Debug("open input device", "path", path, "err", err)
		return
	}
	caps, err := query(f)
	if err != nil || !caps.Useful() {
		r.log.Debug("input device left alone", "path", path, "name", caps.Name, "err", err)
		f.Close()
		r.mu.Lock()
		r.open[path] = nil
		r.mu.Unlock()
		return
	}
	caps.Adjust = r.cfg.Adjust[caps.Name]
	if r.cfg.Grab {
		on := int32(1) // the kernel only looks whether there is a pointer
		if err := request(f, evioc(iocWrite, 0x90, 4), unsafe.Pointer(&on)); err != nil {
			r.log.Warn("grab input device", "path", path, "name", caps.Name, "err", err)
		}
	}
	block := 0
	r.mu.Lock()
	for block < len(r.numbers)-1 && r.numbers[block] {
		block++
	}
	r.numbers[block] = true
	r.open[path] = f
	r.mu.Unlock()
	r.log.Info("input device", "path", path, "name", caps.Name)
	r.group.Go(func() {
		err := read(f, NewDecoder(caps), block*maxSlots, r.to)
		r.log.Info("input device gone", "path", path, "name", caps.Name, "err", err)
		f.Close()
		r.mu.Lock()
		delete(r.open, path)
		r.numbers[block] = false
		r.mu.Unlock()
	})
}

func (r *reader) closeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.open {
		if f != nil {
			f.Close()
		}
	}
}

// read decodes a device's events until it ends, and lets go of what it holds.
func read(f *os.File, d *Decoder, base int, to func(Event)) error {
	d.Slot(currentSlot(f))
	var evs []Event
	emit := func() {
		for _, ev := range evs {
			ev.Contact += base
			to(ev)
		}
		evs = evs[:0]
	}
	var buf [64 * rawSize]byte
	for {
		n, err := f.Read(buf[:])
		if err != nil {
			evs = d.Release(evs[:0], time.Now())
			emit()
			if errors.Is(err, os.ErrClosed) || errors.Is(err, io.EOF) || errors.Is(err, unix.ENODEV) {
				return nil
			}
			return fmt.Errorf("read input device: %w", err)
		}
		now, mono := time.Now(), monotonic()
		for b := buf[:n]; len(b) >= rawSize; b = b[rawSize:] {
			raw, at := parseRaw(b)
			raw.Time = now.Add(at - mono)
			evs = d.Decode(evs, raw)
			if raw.Type == evSyn && raw.Code == synDropped {
				d.Slot(currentSlot(f))
			}
		}
		emit()
	}
}

// rawSize is that of struct input_event: two longs, two shorts, one int.
const rawSize = 2*int(unsafe.Sizeof(uintptr(0))) + 8

// parseRaw reads a struct input_event; its time is CLOCK_MONOTONIC.
func parseRaw(b []byte) (Raw, time.Duration) {
	ne := binary.NativeEndian
	var sec, usec int64
	if rawSize == 24 {
		sec, usec = int64(ne.Uint64(b)), int64(ne.Uint64(b[8:]))
	} else {
		sec, usec = int64(ne.Uint32(b)), int64(ne.Uint32(b[4:]))
	}
	t := b[rawSize-8:]
	r := Raw{Type: ne.Uint16(t), Code: ne.Uint16(t[2:]), Value: int32(ne.Uint32(t[4:]))}
	return r, time.Duration(sec)*time.Second + time.Duration(usec)*time.Microsecond
}

func monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("internal error: no monotonic clock: " + err.Error())
	}
	return time.Duration(ts.Nano())
}

// Requests of the kernel's input.h: direction, 'E', number, size.
const (
	iocRead  = 2
	iocWrite = 1
)

func evioc(dir, nr, size uint) uint { return dir<<30 | size<<16 | 'E'<<8 | nr }

// query asks a device what it can do, and for monotonic time stamps.
func query(f *os.File) (Caps, error) {
	c := Caps{Abs: make(map[uint16]Axis), Rel: make(map[uint16]bool), Keys: make(map[uint16]bool)}
	var name [128]byte
	if err := request(f, evioc(iocRead, 0x06, uint(len(name))), unsafe.Pointer(&name[0])); err != nil {
		return c, fmt.Errorf("query input device %s: %w", f.Name(), err)
	}
	c.Name, _, _ = strings.Cut(string(name[:]), "\x00")
	bits(f, evKey, func(code uint16) { c.Keys[code] = true })
	bits(f, evRel, func(code uint16) { c.Rel[code] = true })
	bits(f, evAbs, func(code uint16) {
		var a struct{ value, min, max, fuzz, flat, res int32 }
		if request(f, evioc(iocRead, 0x40+uint(code), 24), unsafe.Pointer(&a)) == nil {
			c.Abs[code] = Axis{a.min, a.max}
		}
	})
	var props [4]byte
	if request(f, evioc(iocRead, 0x09, 4), unsafe.Pointer(&props[0])) == nil {
		c.Indir = props[0]&1 != 0 && props[0]&2 == 0 // INPUT_PROP_POINTER, not DIRECT
	}
	clock := int32(unix.CLOCK_MONOTONIC)
	if err := request(f, evioc(iocWrite, 0xa0, 4), unsafe.Pointer(&clock)); err != nil {
		return c, fmt.Errorf("set the clock of input device %s: %w", c.Name, err)
	}
	return c, nil
}

// bits calls f for each code of that type which the device has.
func bits(dev *os.File, kind uint, f func(code uint16)) {
	var b [96]byte // KEY_MAX/8
	if request(dev, evioc(iocRead, 0x20+kind, uint(len(b))), unsafe.Pointer(&b[0])) != nil {
		return
	}
	for i := range len(b) * 8 {
		if b[i/8]&(1<<(i%8)) != 0 {
			f(uint16(i))
		}
	}
}

// currentSlot is the slot that the device speaks of.
func currentSlot(f *os.File) int32 {
	var a struct{ value, min, max, fuzz, flat, res int32 }
	if request(f, evioc(iocRead, 0x40+absMTSlot, 24), unsafe.Pointer(&a)) != nil {
		return 0
	}
	return a.value
}

// request does an ioctl without taking the file out of the poller.
func request(f *os.File, req uint, p unsafe.Pointer) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var errno unix.Errno
	if err := conn.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall(unix.SYS_IOCTL, fd, uintptr(req), uintptr(p))
	}); err != nil {
		return err
	}
	if errno != 0 {
		return errno
	}
	return nil
}
