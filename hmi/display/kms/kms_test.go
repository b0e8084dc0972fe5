package kms_test

import (
	"context"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/hmi/display/kms"
	"tandem/sim/rig"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "card7")
	cases := map[string]struct {
		cfg  kms.Config
		want string
	}{
		"no device": {kms.Config{Dir: filepath.Join(dir, "dri")}, "is empty; load a display driver or use --display web"},
		"no such":   {kms.Config{Card: "/dev/dri/card99"}, "no such device: /dev/dri/card99"},
		"a file":    {kms.Config{Card: plain}, "not a DRM device"},
		"found":     {kms.Config{Dir: dir}, "card7: not a DRM device"},
	}
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		if _, err := kms.Open(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// boot starts the square program in a virtual machine with a panel and waits
// until its picture is shown.
func boot(t *testing.T, args ...string) (context.Context, *rig.VM) {
	t.Helper()
	kernel := os.Getenv("TANDEM_KERNEL")
	why := ""
	if kernel == "" {
		why = "TANDEM_KERNEL does not name the folder of an unpacked linux-image package"
	} else if err := rig.Missing("qemu-system-x86_64"); err != nil {
		why = err.Error()
	}
	if why != "" && os.Getenv("TANDEM_RIG") == "1" {
		t.Fatal(why)
	} else if why != "" {
		t.Skip(why)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute) // an emulated machine on a busy one
	t.Cleanup(cancel)
	program := filepath.Join(t.TempDir(), "square")
	if err := rig.BuildStatic(ctx, "./testdata/square", program); err != nil {
		t.Fatal(err)
	}
	vm, err := rig.StartVM(ctx, rig.VMConfig{Kernel: kernel, Program: program, Args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(vm.Console())
		}
		if err := vm.Close(); err != nil {
			t.Error(err)
		}
	})
	return ctx, vm
}

// serial waits for a line of the program.
func serial(t *testing.T, ctx context.Context, vm *rig.VM, re string) []string {
	t.Helper()
	m, err := vm.WaitSerial(ctx, regexp.MustCompile(re))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// want waits for a pixel of the panel: the kernel reports a flip when it has
// queued it, the emulator's screen follows.
func want(t *testing.T, ctx context.Context, vm *rig.VM, what string, at image.Point, c color.RGBA) {
	t.Helper()
	for {
		m, err := vm.Screen()
		if err != nil {
			t.Fatal(err)
		}
		got := color.RGBAModel.Convert(m.At(at.X, at.Y))
		if got == c {
			break
		}
		select {
		case <-ctx.Done():
			t.Errorf("%s: pixel %v: got %v, want %v", what, at, got, c)
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	if dir := os.Getenv("TANDEM_PICTURES"); dir != "" {
		if err := vm.Screendump(filepath.Join(dir, "kms-"+strings.ReplaceAll(what, " ", "-")+".png")); err != nil {
			t.Fatal(err)
		}
	}
}

func ground(x, y int) color.RGBA {
	return color.RGBA{uint8(x * 255 / 1280), uint8(y * 255 / 720), 0x40, 255}
}

var white = color.RGBA{255, 255, 255, 255}

// TestPanelInQEMU shows a picture on a virtual panel, touches it and looks.
func TestPanelInQEMU(t *testing.T) {
	for _, mode := range []string{"atomic", "legacy"} {
		t.Run(mode, func(t *testing.T) {
			ctx, vm := boot(t, mode)
			m := serial(t, ctx, vm, `msg=panel .*mode=(\S+) atomic=(\S+)`)
			if !strings.HasPrefix(m[1], "1280x720@") || m[2] != strconv.FormatBool(mode == "atomic") {
				t.Errorf("mode %s, atomic %s", m[1], m[2])
			}
			serial(t, ctx, vm, `SQUARE shown 1280x720`)
			m = serial(t, ctx, vm, `SQUARE frames (\d+) in ([\d.]+) s`)
			n, _ := strconv.Atoi(m[1])
			if took, _ := strconv.ParseFloat(m[2], 64); float64(n) > 60*took+2 {
				t.Errorf("half a second of animation, which took %s s: got %d frames, want 60 a second", m[2], n)
			}
			serial(t, ctx, vm, `input device.*Tablet`)
			want(t, ctx, vm, mode+" picture", image.Pt(320, 180), ground(320, 180))
			if err := vm.Tap(0.25, 0.25); err != nil {
				t.Fatal(err)
			}
			m = serial(t, ctx, vm, `SQUARE touched (3\d+) (\d+) after ([\d.]+) ms`)
			if x, _ := strconv.Atoi(m[1]); x < 319 || x > 321 {
				t.Errorf("touched at %s, want 320", m[1])
			}
			t.Logf("touch, by the kernel's time, to presented: %s ms", m[3])
			want(t, ctx, vm, mode+" touched", image.Pt(320, 180), white)
			want(t, ctx, vm, mode+" beside", image.Pt(345, 180), ground(345, 180))
			if err := vm.Tap(0.75, 0.5); err != nil {
				t.Fatal(err)
			}
			serial(t, ctx, vm, `SQUARE touched 9\d+`)
			want(t, ctx, vm, mode+" touched again", image.Pt(960, 360), white)
			want(t, ctx, vm, mode+" where it was", image.Pt(320, 180), ground(320, 180))
			end(t, ctx, vm)
		})
	}
}

// TestPanelUnpluggedInQEMU takes the panel away and gives it back.
func TestPanelUnpluggedInQEMU(t *testing.T) {
	ctx, vm := boot(t, "unplug")
	serial(t, ctx, vm, `msg="panel lost"`)
	serial(t, ctx, vm, `SQUARE unplugged`)
	serial(t, ctx, vm, `msg="panel back"`)
	serial(t, ctx, vm, `SQUARE plugged`)
	want(t, ctx, vm, "plugged in again", image.Pt(200, 200), white)
	want(t, ctx, vm, "beside", image.Pt(300, 300), ground(300, 300))
	end(t, ctx, vm)
}

// end ends the program by a key and looks at how it went.
func end(t *testing.T, ctx context.Context, vm *rig.VM) {
	t.Helper()
	t.Logf("the emulator used %v of processor time", vm.CPU())
	if err := vm.Key("esc"); err != nil {
		t.Fatal(err)
	}
	serial(t, ctx, vm, `SQUARE key Escape`)
	code, err := vm.Wait(ctx)
	if err != nil || code != 0 {
		t.Errorf("the program ended with %d, %v; want 0", code, err)
	}
	if strings.Contains(vm.Console(), "SQUARE error") || strings.Contains(vm.Console(), "level=ERROR") {
		t.Error("the program had errors")
	}
}
