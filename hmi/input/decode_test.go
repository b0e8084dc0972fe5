package input_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/hmi/input"
)

// Codes of the kernel's input-event-codes.h, written down a second time.
const (
	syn, key, rel, abs                      = 0, 1, 2, 3
	relX, relY, relHWheel, relDial          = 0, 1, 6, 7
	relWheel                                = 8
	absX, absY                              = 0, 1
	mtSlot, mtX, mtY, mtTool, mtTracking    = 0x2f, 0x35, 0x36, 0x37, 0x39
	btnLeft, btnTouch                       = 0x110, 0x14a
	keyA, key1, keyShift, keyCaps, keyEnter = 30, 2, 42, 58, 28
	keyCtrl                                 = 29
)

var (
	touchscreen = input.Caps{
		Abs: map[uint16]input.Axis{
			mtSlot: {Max: 9}, mtX: {Max: 1000}, mtY: {Min: -100, Max: 100}, mtTracking: {Max: 65535},
			absX: {Max: 1000}, absY: {Min: -100, Max: 100},
		},
		Keys: map[uint16]bool{btnTouch: true},
	}
	tablet = input.Caps{
		Abs:  map[uint16]input.Axis{absX: {Max: 32767}, absY: {Max: 32767}},
		Rel:  map[uint16]bool{relWheel: true},
		Keys: map[uint16]bool{btnLeft: true},
	}
	mouse = input.Caps{
		Rel:  map[uint16]bool{relX: true, relY: true, relWheel: true, relHWheel: true},
		Keys: map[uint16]bool{btnLeft: true},
	}
	knob  = input.Caps{Rel: map[uint16]bool{relDial: true}, Keys: map[uint16]bool{keyEnter: true}}
	board = input.Caps{Keys: map[uint16]bool{keyA: true, key1: true, keyShift: true, keyCaps: true, keyCtrl: true}}
)

type raw [3]int

var report = raw{syn, 0, 0}

func TestDecode(t *testing.T) {
	calibrated := tablet
	calibrated.Adjust = input.Affine{0, 1, 0, -1, 0, 1} // a panel mounted on its side
	cases := []struct {
		name string
		caps input.Caps
		in   []raw
		want string
	}{
		{"one finger", touchscreen, []raw{
			{abs, mtTracking, 7}, {abs, mtX, 500}, {abs, mtY, 0}, {key, btnTouch, 1}, {abs, absX, 500}, {abs, absY, 0}, report,
			{abs, mtX, 750}, report,
			{abs, mtTracking, -1}, {key, btnTouch, 0}, report,
		}, "down 0 0.500 0.500; move 0 0.750 0.500; up 0 0.750 0.500"},
		{"two fingers in one report", touchscreen, []raw{
			{abs, mtSlot, 0}, {abs, mtTracking, 1}, {abs, mtX, 0}, {abs, mtY, -100},
			{abs, mtSlot, 1}, {abs, mtTracking, 2}, {abs, mtX, 1000}, {abs, mtY, 100}, report,
			{abs, mtX, 900}, {abs, mtSlot, 0}, {abs, mtX, 100}, report,
			{abs, mtTracking, -1}, report,
			{abs, mtSlot, 1}, {abs, mtTracking, -1}, report,
		}, "down 0 0.000 0.000; down 1 1.000 1.000; move 0 0.100 0.000; move 1 0.900 1.000; up 0 0.100 0.000; up 1 0.900 1.000"},
		{"another finger in the same slot at once", touchscreen, []raw{
			{abs, mtTracking, 1}, {abs, mtX, 100}, {abs, mtY, 0}, report,
			{abs, mtTracking, 2}, {abs, mtX, 200}, report,
		}, "down 0 0.100 0.500; up 0 0.200 0.500; down 0 0.200 0.500"},
		{"a palm is withdrawn", touchscreen, []raw{
			{abs, mtTracking, 1}, {abs, mtX, 100}, {abs, mtY, 0}, report,
			{abs, mtTool, 2}, report, {abs, mtX, 300}, report, {abs, mtTracking, -1}, report,
			{abs, mtTracking, 2}, report,
		}, "down 0 0.100 0.500; cancel 0 0.100 0.500; down 0 0.300 0.500"},
		{"nothing new", touchscreen, []raw{
			{abs, mtTracking, 1}, {abs, mtX, 100}, {abs, mtY, 0}, report, report, {abs, mtSlot, 3}, report,
		}, "down 0 0.100 0.500"},
		{"slots beyond ours", touchscreen, []raw{
			{abs, mtSlot, 40}, {abs, mtTracking, 1}, {abs, mtX, 5}, report, {abs, mtSlot, -1}, {abs, mtTracking, 1}, report,
		}, ""},
		{"events lost", touchscreen, []raw{
			{abs, mtTracking, 1}, {abs, mtX, 100}, {abs, mtY, 0}, report,
			{syn, 3, 0}, {abs, mtX, 900}, {abs, mtTracking, 9}, report,
			{abs, mtX, 910}, report, // a finger that we do not know of
			{abs, mtTracking, -1}, report, {abs, mtTracking, 10}, report,
		}, "down 0 0.100 0.500; cancel 0 0.100 0.500; down 0 0.910 0.500"},
		{"tablet", tablet, []raw{
			{abs, absX, 16384}, {abs, absY, 32767}, report, // hovering
			{key, btnLeft, 1}, report, {abs, absX, 0}, report, {key, btnLeft, 0}, report,
			{rel, relWheel, 1}, report,
		}, "down 0 0.500 1.000; move 0 0.000 1.000; up 0 0.000 1.000; scroll 0.000 1.000 0 -40"},
		{"calibration", calibrated, []raw{
			{abs, absX, 32767}, {abs, absY, 0}, {key, btnLeft, 1}, report,
		}, "down 0 0.000 0.000"},
		{"mouse", mouse, []raw{
			{rel, relX, 80}, {rel, relY, -9000}, report, {key, btnLeft, 1}, report, {rel, relX, 9000}, report,
			{key, btnLeft, 0}, report, {rel, relWheel, -2}, {rel, relHWheel, 1}, report,
		}, "down 0 0.600 0.000; move 0 1.000 0.000; up 0 1.000 0.000; scroll 1.000 0.000 40 80"},
		{"knob", knob, []raw{
			{rel, relDial, 1}, {rel, relDial, 2}, report, {rel, relDial, -1}, report, {rel, relDial, 1}, {rel, relDial, -1}, report,
			{key, keyEnter, 1}, report, {key, keyEnter, 0}, report,
		}, "rotate 3; rotate -1; keydown Return; keyup Return"},
		{"typing", board, []raw{
			{key, keyA, 1}, {key, keyA, 2}, {key, keyA, 0}, {key, keyShift, 1}, {key, keyA, 1}, {key, keyA, 0}, {key, key1, 1}, {key, key1, 0},
			{key, keyShift, 0}, {key, keyCaps, 1}, {key, keyCaps, 0}, {key, keyA, 1}, {key, key1, 1},
		}, "keydown A; rune a; keydown A; rune a; keyup A; keydown LeftShift; keydown A; rune A; keyup A; keydown 1; rune !; keyup 1; " +
			"keyup LeftShift; keydown CapsLock; keyup CapsLock; keydown A; rune A; keydown 1; rune 1"},
		{"control types nothing", board, []raw{
			{key, keyCtrl, 1}, {key, keyA, 1}, {key, keyA, 0}, {key, keyCtrl, 0},
		}, "keydown LeftControl; keydown A; keyup A; keyup LeftControl"},
		{"keys that are down when events are lost", board, []raw{
			{key, keyShift, 1}, {syn, 3, 0}, report, {key, keyA, 1}, {key, keyShift, 0},
		}, "keydown LeftShift; keyup LeftShift; keydown A; rune a"},
		{"a key that nobody knows", board, []raw{{key, 0x2ff, 1}, {key, 0x151, 1}, report}, ""},
	}
	now := time.Unix(1000, 0)
	for _, c := range cases {
		d := input.NewDecoder(c.caps)
		var got []string
		for _, r := range c.in {
			for _, ev := range d.Decode(nil, input.Raw{Time: now, Type: uint16(r[0]), Code: uint16(r[1]), Value: int32(r[2])}) {
				got = append(got, describe(ev))
				if !ev.Time.Equal(now) {
					t.Errorf("%s: %v happened at %v", c.name, ev, ev.Time)
				}
			}
		}
		if g := strings.Join(got, "; "); g != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, g, c.want)
		}
	}
}

func describe(ev input.Event) string {
	switch ev.Kind {
	case input.Scroll:
		return fmt.Sprintf("scroll %.3f %.3f %.0f %.0f", ev.X, ev.Y, ev.DX, ev.DY)
	case input.KeyDown, input.KeyUp:
		return fmt.Sprint(ev.Kind, " ", ev.Key)
	case input.Rune:
		return "rune " + string(ev.Rune)
	case input.Rotate:
		return fmt.Sprint("rotate ", ev.Steps)
	default:
		return fmt.Sprintf("%v %d %.3f %.3f", ev.Kind, ev.Contact, ev.X, ev.Y)
	}
}

func TestUseful(t *testing.T) {
	pad := touchscreen
	pad.Indir = true
	cases := map[string]struct {
		caps input.Caps
		want bool
	}{
		"touchscreen": {touchscreen, true}, "tablet": {tablet, true}, "mouse": {mouse, true}, "knob": {knob, true},
		"keyboard": {board, true}, "touch pad": {pad, false}, "nothing": {input.Caps{}, false},
		"accelerometer": {input.Caps{Abs: map[uint16]input.Axis{absX: {}, absY: {}}}, false},
	}
	for name, c := range cases {
		if got := c.caps.Useful(); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// FuzzDecode feeds any events to a device that can do everything: what it says
// must be paired, and within the display. Codes stop before the keypad, whose
// keys have the same names as others.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{3, 0x39, 1, 3, 0x35, 100, 0, 0, 0, 3, 0x39, 255, 0, 0, 0})
	f.Add([]byte{1, 30, 1, 0, 3, 0, 1, 30, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		caps := touchscreen
		caps.Rel = mouse.Rel
		caps.Keys = map[uint16]bool{btnTouch: true, btnLeft: true, keyA: true}
		d := input.NewDecoder(caps)
		down, keys := map[int]bool{}, map[string]bool{}
		var evs []input.Event
		for ; len(b) >= 3; b = b[3:] {
			evs = d.Decode(evs, input.Raw{Type: uint16(b[0] & 3), Code: uint16(b[1] & 0x3f), Value: int32(int8(b[2]))})
		}
		for _, ev := range d.Release(evs, time.Time{}) {
			if ev.X < 0 || ev.X > 1 || ev.Y < 0 || ev.Y > 1 {
				t.Fatalf("off the display: %+v", ev)
			}
			switch ev.Kind {
			case input.TouchDown:
				if down[ev.Contact] {
					t.Fatalf("finger %d is down twice", ev.Contact)
				}
				down[ev.Contact] = true
			case input.TouchMove, input.TouchUp, input.TouchCancel:
				if !down[ev.Contact] {
					t.Fatalf("%v of finger %d, which is not down", ev.Kind, ev.Contact)
				}
				down[ev.Contact] = ev.Kind == input.TouchMove
			case input.KeyDown:
				keys[ev.Key] = true
			case input.KeyUp:
				if !keys[ev.Key] {
					t.Fatalf("key %s is up and was not down", ev.Key)
				}
				keys[ev.Key] = false
			}
		}
		for i, on := range down {
			if on {
				t.Fatalf("finger %d stays", i)
			}
		}
		for k, on := range keys {
			if on {
				t.Fatalf("key %s stays", k)
			}
		}
	})
}
