package remote

import (
	"bytes"
	"image"
	"time"
)

// RoundTripRequest reads a producer's message and, if it is one, writes it
// again; ok is false when that gives another message.
func RoundTripRequest(b []byte) (valid, ok bool, rects []image.Rectangle) {
	r, err := parseRequest(b, nil)
	if err != nil {
		return false, true, nil
	}
	return true, bytes.Equal(r.append(nil), b), r.rects
}

// RoundTripReply reads a display's message in every way, and writes an event again.
func RoundTripReply(b []byte) (ok bool) {
	base := moment{time.Unix(1, 0), time.Second}
	parseDone(b, base) // must not panic
	ev, err := parseEvent(b, base)
	if err != nil || len(ev.Key) > 64 || ev.X != ev.X || ev.Y != ev.Y || ev.DX != ev.DX || ev.DY != ev.DY { // not a number has many forms
		return true
	}
	return bytes.Equal(appendEvent(nil, ev, base), b)
}
