// Package display puts layers together and shows them. A Compositor holds the
// layers, bottom to top: the UI, projected video, the camera, telltales. Each
// layer has its own producer, in this process or in another, and keeps its
// last committed picture when the producer goes, so that the display outlives
// the shell. Outputs (KMS, web, PNG) take the composed picture. The package
// knows pixels and touches, and no room.
//
// Pixels are BGRX everywhere: bytes B, G, R, X of one pixel in memory order
// (XRGB8888 little-endian, DRM_FORMAT_XRGB8888), rows top to bottom.
package display

import (
	"image"
	"time"
)

// Frame is a picture with what changed in it since the last one. Pix belongs
// to the giver and may be read only during the call that hands it over.
type Frame struct {
	Pix    []byte // BGRX
	Stride int    // bytes from one row to the next
	Size   image.Point
	Damage []image.Rectangle // changed areas, inside Size, not overlapping; empty: nothing
}

// Output shows composed frames: one panel, one page with its viewers, one
// folder of pictures.
//
// Present takes the frame over (copies what it needs), shows it and returns
// when it may be called again; on a panel that is when the flip has been
// queued. It is called from one goroutine. NextFlip is the moment at which a
// frame presented by then would be seen; for an output without a clock of its
// own, now or one period after the last frame. Any goroutine may ask for it.
// An output that flips on its own beat is a Beater too.
type Output interface {
	Size() image.Point
	Present(f Frame) error
	NextFlip(now time.Time) time.Time
	Close() error
}

// LayerKind names a layer by its place in the stack.
type LayerKind uint8

// Layers, bottom to top. What is higher covers what is lower.
const (
	UI LayerKind = iota
	Video
	Camera
	Telltales
	layerCount
)

func (k LayerKind) String() string {
	return [...]string{"ui", "video", "camera", "telltales", "unknown"}[min(k, layerCount)]
}
