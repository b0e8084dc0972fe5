// Command fingers plugs a touchscreen into the kernel it runs on (uinput),
// touches it with two fingers, pulls it out with one finger on it, and prints
// what input.Evdev makes of it. It runs in a virtual machine.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"tandem/hmi/input"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	events, found := make(chan input.Event, 100), make(notice, 100)
	done := make(chan error, 1)
	go func() {
		log := slog.New(slog.NewTextHandler(found, nil))
		done <- input.NewEvdev(input.EvdevConfig{Grab: true, Logger: log}).Run(ctx, func(ev input.Event) { events <- ev })
	}()
	if err := play(events, found); err != nil {
		fmt.Println("FINGERS error:", err)
	}
	cancel()
	fmt.Println("FINGERS end", <-done)
}

// notice says when the log tells of our touchscreen.
type notice chan struct{}

// Write takes a line of the log.
func (n notice) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(`msg="input device" `)) && bytes.Contains(b, []byte("name=fingers")) {
		n <- struct{}{}
	}
	return len(b), nil
}

// show prints the next n events.
func show(events <-chan input.Event, n int) {
	for range n {
		select {
		case ev := <-events:
			late := time.Since(ev.Time)
			fmt.Printf("FINGERS %v %d %.2f %.2f fresh %v\n", ev.Kind, ev.Contact%16, ev.X, ev.Y, late > 0 && late < time.Minute) // by another clock it would be years
		case <-time.After(time.Minute):
			fmt.Println("FINGERS nothing")
			return
		}
	}
}

func play(events <-chan input.Event, found notice) error {
	f, err := plug()
	if err != nil {
		return err
	}
	<-found // by notice or by looking
	const slot, x, y, id = 0x2f, 0x35, 0x36, 0x39
	emit(f, [2]int{slot, 0}, [2]int{id, 5}, [2]int{x, 100}, [2]int{y, 50}, [2]int{slot, 1}, [2]int{id, 6}, [2]int{x, 400}, [2]int{y, 200})
	show(events, 2)
	emit(f, [2]int{x, 200}, [2]int{slot, 0}, [2]int{id, -1})
	show(events, 2)
	if err := f.Close(); err != nil { // with a finger on it
		return err
	}
	show(events, 1)
	return nil
}

func ioctl(f *os.File, req uintptr, arg uintptr) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, f.Fd(), req, arg); e != 0 {
		return e
	}
	return nil
}

// plug makes a touchscreen of 401x201 with ten fingers.
func plug() (*os.File, error) {
	f, err := os.OpenFile("/dev/uinput", os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	const setEv, setKey, setAbs, setProp = 0x40045564, 0x40045565, 0x40045567, 0x4004556e
	for _, v := range [][2]uintptr{{setEv, 1}, {setEv, 3}, {setKey, 0x14a}, {setAbs, 0x2f}, {setAbs, 0x39}, {setAbs, 0x35}, {setAbs, 0x36}, {setProp, 1}} {
		if err := ioctl(f, v[0], v[1]); err != nil {
			return nil, err
		}
	}
	for code, most := range map[uint16]uint32{0x2f: 9, 0x39: 65535, 0x35: 400, 0x36: 200} {
		b := make([]byte, 28) // struct uinput_abs_setup
		binary.NativeEndian.PutUint16(b, code)
		binary.NativeEndian.PutUint32(b[12:], most)
		if err := ioctl(f, 0x401c5504, uintptr(unsafe.Pointer(&b[0]))); err != nil {
			return nil, err
		}
	}
	b := make([]byte, 92) // struct uinput_setup
	copy(b[8:], "fingers")
	if err := ioctl(f, 0x405c5503, uintptr(unsafe.Pointer(&b[0]))); err != nil {
		return nil, err
	}
	return f, ioctl(f, 0x5501, 0)
}

// emit sends absolute values and the end of the moment.
func emit(f *os.File, values ...[2]int) {
	var b []byte
	put := func(kind, code uint16, v int) {
		b = append(b, make([]byte, 16)...)
		b = binary.NativeEndian.AppendUint16(b, kind)
		b = binary.NativeEndian.AppendUint16(b, code)
		b = binary.NativeEndian.AppendUint32(b, uint32(int32(v)))
	}
	for _, v := range values {
		put(3, uint16(v[0]), v[1])
	}
	put(0, 0, 0)
	if _, err := f.Write(b); err != nil {
		fmt.Println("FINGERS error:", err)
	}
}
