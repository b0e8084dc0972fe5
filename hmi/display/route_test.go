package display_test

import (
	"fmt"
	"image"
	"math/rand/v2"
	"strings"
	"testing"

	"tandem/hmi/display"
	"tandem/hmi/input"
)

// drain lists the events of the layers as "layer: kind contact x y".
func drain(b bench) string {
	var got []string
	for k := display.UI; k <= display.Telltales; k++ {
		for n := len(b.Layer(k).Events()); n > 0; n-- {
			ev := <-b.Layer(k).Events()
			switch ev.Kind {
			case input.KeyDown, input.KeyUp:
				got = append(got, fmt.Sprint(k, ": ", ev.Kind, " ", ev.Key))
			case input.Rotate, input.Rune:
				got = append(got, fmt.Sprint(k, ": ", ev.Kind))
			default:
				got = append(got, fmt.Sprintf("%v: %v %d %.2f %.2f", k, ev.Kind, ev.Contact, ev.X, ev.Y))
			}
		}
	}
	return strings.Join(got, "; ")
}

func touch(k input.Kind, contact int, x, y float32) input.Event {
	return input.Event{Kind: k, Contact: contact, X: x, Y: y}
}

func TestInputRouting(t *testing.T) {
	const down, move, up, cancel = input.TouchDown, input.TouchMove, input.TouchUp, input.TouchCancel
	cases := []struct {
		name string
		do   func(b bench)
		want string
	}{
		{"the ui takes what nothing covers", func(b bench) {
			b.Input(touch(down, 0, 0.9, 0.9))
			b.Input(touch(up, 0, 0.9, 0.9))
		}, "ui: down 0 0.90 0.90; ui: up 0 0.90 0.90"},
		{"the camera takes what it covers", func(b bench) {
			b.Input(touch(down, 0, 0.25, 0.25))
			b.Input(touch(up, 0, 0.25, 0.25))
		}, "camera: down 0 0.50 0.50; camera: up 0 0.50 0.50"},
		{"telltales let touches through", func(b bench) { b.Input(touch(down, 0, 0.75, 0.01)) }, "ui: down 0 0.75 0.01"},
		{"a touch stays where it began", func(b bench) {
			b.Input(touch(down, 1, 0.25, 0.25))
			b.Input(touch(down, 2, 0.75, 0.75))
			b.Input(touch(move, 1, 0.75, 0.25))
			b.Input(touch(move, 2, 0.25, 0.25))
			b.Input(touch(up, 1, 0.75, 0.75))
			b.Input(touch(up, 2, 0.25, 0.25))
		}, "ui: down 2 0.75 0.75; ui: move 2 0.25 0.25; ui: up 2 0.25 0.25; camera: down 1 0.50 0.50; camera: move 1 1.50 0.50; camera: up 1 1.50 1.50"},
		{"moves and ends of unknown fingers", func(b bench) {
			b.Input(touch(move, 0, 0.9, 0.9))
			b.Input(touch(up, 0, 0.9, 0.9))
			b.Input(touch(cancel, 0, 0.9, 0.9))
		}, ""},
		{"a lost end is made up", func(b bench) {
			b.Input(touch(down, 0, 0.25, 0.25))
			b.Input(touch(down, 0, 0.9, 0.9))
		}, "ui: down 0 0.90 0.90; camera: down 0 0.50 0.50; camera: cancel 0 0.50 0.50"},
		{"a layer that is hidden loses its fingers", func(b bench) {
			b.Input(touch(down, 0, 0.25, 0.25))
			b.Layer(display.Camera).Show(false)
			b.Input(touch(move, 0, 0.3, 0.3))
			b.Input(touch(down, 1, 0.25, 0.25))
		}, "ui: down 1 0.25 0.25; camera: down 0 0.50 0.50; camera: cancel 0 0.50 0.50"},
		{"so does one whose producer is gone", func(b bench) {
			b.Input(touch(down, 0, 0.25, 0.25))
			b.Layer(display.Camera).Gone(true)
		}, "camera: down 0 0.50 0.50; camera: cancel 0 0.50 0.50"},
		{"keys go to the layer touched last", func(b bench) {
			b.Input(input.Event{Kind: input.Rotate, Steps: 1})
			b.Input(touch(down, 0, 0.25, 0.25))
			b.Input(touch(up, 0, 0.25, 0.25))
			b.Input(input.Event{Kind: input.KeyDown, Key: "A"})
			b.Input(touch(down, 0, 0.9, 0.9))
			b.Input(input.Event{Kind: input.KeyUp, Key: "A"}) // where it went down
			b.Input(input.Event{Kind: input.Rune, Rune: 'a'})
		}, "ui: rotate; ui: down 0 0.90 0.90; ui: rune; camera: down 0 0.50 0.50; camera: up 0 0.50 0.50; camera: keydown A; camera: keyup A"},
		{"the wheel goes by place", func(b bench) {
			b.Input(input.Event{Kind: input.Scroll, X: 0.25, Y: 0.25})
			b.Input(input.Event{Kind: input.Scroll, X: 0.75, Y: 0.75})
		}, "ui: scroll 0 0.75 0.75; camera: scroll 0 0.50 0.50"},
		{"the edges are inside", func(b bench) {
			b.Input(touch(down, 0, 1, 1))
			b.Input(touch(down, 1, 0, 0))
		}, "ui: down 0 1.00 1.00; camera: down 1 0.00 0.00"},
		{"more fingers than there may be", func(b bench) {
			for i := range 40 {
				b.Input(touch(down, i, 0.9, 0.9))
			}
			drain(b)
			b.Input(touch(up, 31, 0.9, 0.9))
			b.Input(touch(up, 32, 0.9, 0.9))
		}, "ui: up 31 0.90 0.90"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(t *testing.T, b bench) {
				present(t, b.Layer(display.UI), plain(size, red))
				b.Layer(display.Camera).Place(image.Rect(0, 0, 160, 90))
				present(t, b.Layer(display.Camera), plain(image.Pt(160, 90), green))
				b.Layer(display.Telltales).Place(image.Rect(200, 0, 320, 10))
				present(t, b.Layer(display.Telltales), plain(image.Pt(120, 10), blue))
				c.do(b)
				if got := drain(b); got != c.want {
					t.Errorf("\n got %s\nwant %s", got, c.want)
				}
			})
		})
	}
}

// TestReaderFallsBehind sends 10^5 random events that nobody reads: it must not
// block, and what is read later is paired.
func TestReaderFallsBehind(t *testing.T) {
	run(t, func(t *testing.T, b bench) {
		present(t, b.Layer(display.UI), plain(size, red))
		rng := rand.New(rand.NewPCG(1, 1))
		down := map[int]bool{}
		check := func() {
			for n := len(b.Layer(display.UI).Events()); n > 0; n-- {
				switch ev := <-b.Layer(display.UI).Events(); ev.Kind {
				case input.TouchDown:
					if down[ev.Contact] {
						t.Fatalf("finger %d is down twice", ev.Contact)
					}
					down[ev.Contact] = true
				case input.TouchUp, input.TouchCancel:
					if !down[ev.Contact] {
						t.Fatalf("%v of finger %d, which is not down", ev.Kind, ev.Contact)
					}
					down[ev.Contact] = false
				}
			}
		}
		for range 100_000 {
			b.Input(touch(input.Kind(rng.IntN(4)), rng.IntN(10), rng.Float32(), rng.Float32()))
			if rng.IntN(100) == 0 {
				check()
			}
		}
		for i := range 10 {
			b.Input(touch(input.TouchUp, i, 0, 0))
		}
		check()
		for i, on := range down {
			if on {
				t.Errorf("finger %d stays", i)
			}
		}
	})
}
