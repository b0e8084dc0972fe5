// Command square shows a coloured picture on the panel and puts a white square
// where it is touched; Escape ends it. It runs in a virtual machine for the
// tests of hmi/display/kms.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"tandem/hmi/display"
	"tandem/hmi/display/kms"
	"tandem/hmi/input"
)

func main() {
	if err := run(slices.Contains(os.Args, "legacy"), slices.Contains(os.Args, "unplug")); err != nil {
		fmt.Println("SQUARE error:", err)
		os.Exit(1)
	}
}

func run(legacy, unplug bool) error {
	panel := plug{lost: make(chan struct{}, 1), back: make(chan struct{}, 1)}
	log := slog.New(slog.NewTextHandler(io.MultiWriter(os.Stdout, panel), nil))
	out, err := kms.Open(kms.Config{Logger: log, Legacy: legacy})
	if err != nil {
		return err
	}
	comp, err := display.NewCompositor(display.Config{Outputs: []display.Output{out}, Logger: log})
	if err != nil {
		return errors.Join(err, out.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { fmt.Println("kms.Run:", out.Run(ctx)) })
	group.Go(func() { fmt.Println("compositor.Run:", comp.Run(ctx)) })
	group.Go(func() { fmt.Println("evdev.Run:", input.NewEvdev(input.EvdevConfig{Logger: log}).Run(ctx, comp.Input)) })
	err = paint(comp)
	if err == nil && unplug {
		err = panel.replug(comp)
	}
	if err == nil {
		err = follow(comp)
	}
	cancel()
	group.Wait()
	return errors.Join(err, out.Close())
}

// paint shows a picture of which each pixel says where it is.
func paint(comp *display.Compositor) error {
	s := comp.Size()
	f := display.Frame{Pix: make([]byte, 4*s.X*s.Y), Stride: 4 * s.X, Size: s, Damage: []image.Rectangle{{Max: s}}}
	for y := range s.Y {
		for x := range s.X {
			binary.LittleEndian.PutUint32(f.Pix[4*(y*s.X+x):], uint32(x*255/s.X)<<16|uint32(y*255/s.Y)<<8|0x40)
		}
	}
	start := time.Now()
	if err := comp.Layer(display.UI).Present(f); err != nil {
		return err
	}
	for comp.Stats().Frames == 0 {
		time.Sleep(time.Millisecond)
	}
	fmt.Printf("SQUARE shown %dx%d in %v\n", s.X, s.Y, time.Since(start))
	// Animate for a while and count.
	n, from := comp.Stats().Frames, time.Now()
	l := comp.Layer(display.Telltales)
	l.Place(image.Rect(0, 0, 64, 64))
	g := display.Frame{Pix: make([]byte, 4*64*64), Stride: 256, Size: image.Pt(64, 64), Damage: []image.Rectangle{image.Rect(0, 0, 64, 64)}}
	for time.Since(from) < 500*time.Millisecond {
		for i := range g.Pix {
			g.Pix[i]++
		}
		if err := l.Present(g); err != nil {
			return err
		}
		time.Sleep(time.Until(l.NextFlip(time.Now())))
	}
	l.Show(false)
	fmt.Printf("SQUARE frames %d in %.2f s\n", comp.Stats().Frames-n, time.Since(from).Seconds())
	return nil
}

// plug reads in the log what the panel's driver has noticed.
type plug struct{ lost, back chan struct{} }

// Write takes a line of the log.
func (p plug) Write(b []byte) (int, error) {
	for msg, c := range map[string]chan struct{}{`msg="panel lost"`: p.lost, `msg="panel back"`: p.back} {
		if bytes.Contains(b, []byte(msg)) {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
	return len(b), nil
}

// replug takes the panel's plug out, in the kernel's eyes, and puts it back
// when that has been noticed.
func (p plug) replug(comp *display.Compositor) error {
	const status = "/sys/class/drm/card0-Virtual-1/status"
	if err := os.WriteFile(status, []byte("off"), 0); err != nil {
		return err
	}
	<-p.lost
	fmt.Println("SQUARE unplugged")
	square(comp, image.Pt(200, 200)) // painted while nobody sees it
	if err := os.WriteFile(status, []byte("detect"), 0); err != nil {
		return err
	}
	<-p.back
	fmt.Println("SQUARE plugged")
	return nil
}

// follow puts the square where the panel is touched.
func follow(comp *display.Compositor) error {
	s := comp.Size()
	for ev := range comp.Layer(display.UI).Events() {
		switch {
		case ev.Kind == input.TouchDown:
			n, at := comp.Stats().Frames, image.Pt(int(ev.X*float32(s.X)), int(ev.Y*float32(s.Y)))
			square(comp, at)
			for comp.Stats().Frames == n {
				time.Sleep(200 * time.Microsecond)
			}
			fmt.Printf("SQUARE touched %d %d after %.2f ms\n", at.X, at.Y, float64(time.Since(ev.Time).Microseconds())/1000)
		case ev.Kind == input.KeyDown:
			fmt.Printf("SQUARE key %s\n", ev.Key)
			if ev.Key == "Escape" {
				return nil
			}
		}
	}
	return nil
}

func square(comp *display.Compositor, at image.Point) {
	l := comp.Layer(display.Video)
	l.TakeInput(false)
	f := display.Frame{Pix: make([]byte, 4*40*40), Stride: 160, Size: image.Pt(40, 40), Damage: []image.Rectangle{image.Rect(0, 0, 40, 40)}}
	for i := range f.Pix {
		f.Pix[i] = 0xff
	}
	l.Place(image.Rect(at.X-20, at.Y-20, at.X+20, at.Y+20))
	if err := l.Present(f); err != nil {
		fmt.Println("SQUARE error:", err)
	}
}
