package media

import (
	"context"
	"io"
	"time"
)

// buffered is how many blocks a voice decodes ahead: half a second.
const buffered = 50

// voice is one track being decoded, ahead of when it is heard. One goroutine
// decodes, one consumer takes blocks.
type voice struct {
	url    string
	from   time.Duration // of the first frame
	blocks chan []Frame  // closed at the end
	ready  chan struct{} // closed when there is something to hear, or never will be
	free   chan []Frame  // used blocks, to be filled again
	failed error         // why nothing will come; valid when ready
	err    error         // why it ended early; valid when blocks is closed
	length time.Duration // valid when ready; 0: not known
	cancel context.CancelFunc
}

func newVoice(ctx context.Context, u string, from time.Duration) (*voice, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	return &voice{
		url: u, from: max(0, from), cancel: cancel,
		blocks: make(chan []Frame, buffered), free: make(chan []Frame, buffered), ready: make(chan struct{}),
	}, ctx
}

// run opens and decodes until the track or ctx ends.
func (v *voice) run(ctx context.Context, open Opener) {
	isReady := false
	setReady := func() {
		if !isReady {
			isReady = true
			close(v.ready)
		}
	}
	defer setReady()
	defer close(v.blocks)
	r, err := open(ctx, v.url)
	if err != nil {
		v.failed = err
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = r.Close() }) // a read that hangs ends with ctx
	defer stop()
	d, err := decode(name(v.url), r, v.from)
	if err != nil {
		v.failed = err
		return
	}
	defer d.source.Close()
	v.length = d.length
	for n := 0; ; n++ {
		b := v.block()
		k, err := d.read(b)
		if err != nil && err != io.EOF && ctx.Err() == nil {
			v.err = err
			if n == 0 && k == 0 {
				v.failed = err
			}
		}
		if k == 0 {
			return
		}
		clear(b[k:])
		select {
		case v.blocks <- b:
		case <-ctx.Done():
			return
		}
		if n == 4 || k < len(b) {
			setReady()
		}
		if k < len(b) {
			return
		}
	}
}

func (v *voice) block() []Frame {
	select {
	case b := <-v.free:
		return b
	default:
		return make([]Frame, block)
	}
}

// recycle gives a used block back.
func (v *voice) recycle(b []Frame) {
	select {
	case v.free <- b:
	default:
	}
}
