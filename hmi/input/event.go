// Package input is what a person does to the head unit: touches, keys, text
// and the rotary controller, as plain values, and the places they come from
// (evdev devices, a browser, a script). It does not know what is on the screen.
package input

import (
	"fmt"
	"time"
)

// Kind is what happened.
type Kind uint8

// Kinds of event.
const (
	TouchDown   Kind = iota // a finger came down
	TouchMove               // a finger moved
	TouchUp                 // a finger left
	TouchCancel             // the device withdrew the finger (palm, unplugged)
	Scroll                  // wheel or touch pad; DX, DY in pixels
	Rotate                  // rotary controller; Steps, positive is clockwise
	KeyDown                 // Key names it
	KeyUp                   //
	Rune                    // typed text: one character
)

func (k Kind) String() string {
	names := [...]string{"down", "move", "up", "cancel", "scroll", "rotate", "keydown", "keyup", "rune"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Event is one thing a person did. X and Y are 0 to 1 across the display, so
// that a source needs not know its size in pixels.
type Event struct {
	Kind    Kind
	Contact int       // which finger: small numbers, reused; mouse is 0
	X, Y    float32   // place, 0 to 1 from the top left
	DX, DY  float32   // Scroll: pixels, positive is right and down
	Steps   int       // Rotate: detents
	Key     string    // KeyDown, KeyUp: a Fyne key name ("Return", "Escape", "Left", "BackSpace", ...)
	Rune    rune      // Rune
	Time    time.Time // when it happened, by the device's word where it has one
}
