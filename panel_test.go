package main

import (
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tandem/sim/rig"
)

// The whole head unit on a panel: Debian's kernel in QEMU with a virtual GPU
// and a touch screen. An injected touch raises the temperature and opens the
// instruments; what the panel shows is read back.
func TestPanel(t *testing.T) {
	kernel := os.Getenv("TANDEM_KERNEL")
	if err := rig.Missing("qemu-system-x86_64"); err != nil {
		missing(t, "no machine: %v", err)
	}
	if kernel == "" {
		missing(t, "TANDEM_KERNEL does not name the folder of an unpacked linux-image package")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // an emulated machine on a busy one
	defer cancel()
	bin := filepath.Join(t.TempDir(), "tandem")
	if err := rig.BuildStatic(ctx, ".", bin); err != nil {
		t.Fatal(err)
	}
	vm, err := rig.StartVM(ctx, rig.VMConfig{
		Kernel: kernel, Program: bin, Args: []string{"--display", "kms", "--data", "/tmp", "-v"}, Memory: 768,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			t.Log(vm.Console())
		}
		if err := vm.Close(); err != nil {
			t.Error(err)
		}
	}()

	// until waits for the panel to satisfy ok.
	until := func(what string, ok func(image.Image) bool) image.Image {
		t.Helper()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			if img, err := vm.Screen(); err == nil && ok(img) {
				return img
			}
			select {
			case <-ctx.Done():
				t.Fatalf("the panel does not show %s", what)
			case <-tick.C:
			}
		}
	}
	number := image.Rect(112, 640, 216, 700) // the driver's set temperature
	arc := image.Rect(470, 60, 910, 430)     // the speedometer

	first := until("the shell with a temperature", func(img image.Image) bool {
		return img.Bounds().Size() == image.Pt(1280, 720) && colours(img, number) > 8
	})
	// The emulated machine may be so slow that the car's data are stale for a
	// moment, and then no tap is taken: after a while it is tapped again.
	var tapped time.Time
	warm := until("another temperature", func(img image.Image) bool {
		if time.Since(tapped) > 20*time.Second {
			tapped = time.Now()
			if err := vm.Tap(0.207, 0.93); err != nil { // warmer
				t.Fatal(err)
			}
		}
		return differ(img, first, number)
	})
	if err := vm.Tap(0.04, 0.2); err != nil { // instruments
		t.Fatal(err)
	}
	last := until("the instruments", func(img image.Image) bool { return differ(img, warm, arc) && colours(img, arc) > 16 })
	if dir := os.Getenv("TANDEM_SHOTS"); dir != "" {
		f, err := os.Create(filepath.Join(dir, "panel.png"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, last); err != nil {
			t.Fatal(err)
		}
	}
}

// colours counts the different pixels of a part of a picture.
func colours(img image.Image, r image.Rectangle) int {
	seen := map[any]bool{}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			seen[img.At(x, y)] = true
		}
	}
	return len(seen)
}

func differ(a, b image.Image, r image.Rectangle) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				return true
			}
		}
	}
	return false
}
