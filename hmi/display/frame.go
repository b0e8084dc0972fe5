package display

import (
	"fmt"
	"image"
)

// Bounds is the frame's whole area.
func (f Frame) Bounds() image.Rectangle { return image.Rectangle{Max: f.Size} }

// Check reports a frame whose pixels do not hold what its size promises.
func (f Frame) Check() error {
	switch {
	case f.Size.X <= 0 || f.Size.Y <= 0:
		return fmt.Errorf("frame of %dx%d pixels", f.Size.X, f.Size.Y)
	case f.Stride < f.Size.X*4:
		return fmt.Errorf("frame of width %d has a stride of %d bytes", f.Size.X, f.Stride)
	case len(f.Pix) < f.Stride*(f.Size.Y-1)+f.Size.X*4:
		return fmt.Errorf("frame of %dx%d pixels, stride %d, has only %d bytes", f.Size.X, f.Size.Y, f.Stride, len(f.Pix))
	}
	return nil
}

// CopyRect copies the area r of src to dst with its upper left corner at p.
// Both are BGRX with their own stride, and both must hold the area.
func CopyRect(dst []byte, dstStride int, p image.Point, src []byte, srcStride int, r image.Rectangle) {
	n := r.Dx() * 4
	d, s := p.Y*dstStride+p.X*4, r.Min.Y*srcStride+r.Min.X*4
	if n == dstStride && n == srcStride {
		n *= r.Dy()
		copy(dst[d:d+n], src[s:s+n])
		return
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		copy(dst[d:d+n], src[s:s+n])
		d, s = d+dstStride, s+srcStride
	}
}

// fillRect paints the area r of dst black.
func fillRect(dst []byte, stride int, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		clear(dst[y*stride+r.Min.X*4 : y*stride+r.Max.X*4])
	}
}
