// Package kms shows the display on a panel through the kernel's mode setting
// (DRM/KMS), with dumb buffers, in pure Go: no GPU, no windows, no other
// library. It knows one panel and its buffers, and nothing of what they show.
//
// Three buffers: one is on the panel, one may wait for the panel's next beat,
// and one is free to be painted, so that Present never waits. Each buffer
// remembers what it has missed, and only that is copied.
//
//	free --Present--> queued --flip event--> front --next flip--> free
//	        ^                                  |
//	        '-- another Present before the beat takes the free one; it is
//	            queued when the flip event comes
package kms

import (
	"image"
	"log/slog"
)

// Config says which panel and which mode.
type Config struct {
	Dir       string      // device folder; "": /dev/dri
	Card      string      // device, such as /dev/dri/card1; "": the first with a connected panel
	Connector string      // such as HDMI-A-1; "": the first that is connected
	Size      image.Point // wanted mode in pixels; zero: the panel's preferred one
	Refresh   float64     // wanted refresh rate in Hz, the nearest is taken; 0: the preferred or the highest
	Legacy    bool        // do not use atomic mode setting even where it is
	Logger    *slog.Logger
}
