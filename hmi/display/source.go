package display

import (
	"context"

	"tandem/hmi/input"
)

// Source is a place that a person's touches come from: the input devices, the
// pages that show a web display, a script. Run hands each event to to, which
// never blocks (Compositor.Input is one), and returns when ctx ends.
type Source interface {
	Run(ctx context.Context, to func(input.Event)) error
}
