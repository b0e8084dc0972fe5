package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/dhowden/tag"
	"golang.org/x/image/draw"

	"tandem/phonelink"
)

// Bounds of a cover, whoever made it: a picture of a few bytes can say that it
// is as large as a field.
const (
	maxTagArea = 24 << 20 // bytes of a file in which its tags are looked for
	maxDecode  = 48 << 20 // bytes that decoding may take
	maxSide    = 8192     // pixels
	maxScans   = 100      // of a JPEG: each costs a walk over the whole picture
	maxCoverPx = 1024     // side of a cover that is shown
)

// ErrPicture is wrapped by the error of a picture that is not shown.
var ErrPicture = errors.New("media: not a JPEG or PNG picture of a reasonable size")

// tagPicture is the picture in a music file's tags: the front cover, or any.
func tagPicture(f io.ReadSeeker) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			data, err = nil, fmt.Errorf("%w: its tags are damaged: %v", ErrPicture, p)
		}
	}()
	m, err := tag.ReadFrom(f)
	if err != nil {
		return nil, fmt.Errorf("read tags: %w: %v", ErrPicture, err)
	}
	p := m.Picture()
	if p == nil || len(p.Data) == 0 {
		return nil, fmt.Errorf("read tags: %w: there is none", ErrPicture)
	}
	if len(p.Data) > phonelink.MaxPicture {
		return nil, fmt.Errorf("read tags: %w: %d bytes", ErrPicture, len(p.Data))
	}
	return p.Data, nil
}

// bounded is a file of which only the beginning is there.
func bounded(f io.ReadSeeker) io.ReadSeeker {
	at, ok := f.(io.ReaderAt)
	size, err := f.Seek(0, io.SeekEnd)
	if !ok || err != nil {
		return bytes.NewReader(nil)
	}
	return io.NewSectionReader(at, 0, min(size, maxTagArea))
}

// decodePicture decodes what its header says is affordable: nothing is decoded,
// and no memory taken, before that is known.
func decodePicture(data []byte) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, fmt.Errorf("%w: it is damaged: %v", ErrPicture, p)
		}
	}()
	read := bytes.NewReader(data)
	var cost int64 // bytes per pixel, at most
	var config image.Config
	var decode func(io.Reader) (image.Image, error)
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		if bytes.Count(data, []byte("\xff\xda")) > maxScans {
			return nil, fmt.Errorf("%w: a JPEG of too many scans", ErrPicture)
		}
		config, err = jpeg.DecodeConfig(read)
		decode, cost = jpeg.Decode, jpegCost(data, config.ColorModel)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		config, err = png.DecodeConfig(read)
		decode, cost = png.Decode, pngCost(config.ColorModel)
	default:
		return nil, ErrPicture
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrPicture, err)
	}
	w, h := int64(config.Width), int64(config.Height)
	if w < 1 || h < 1 || w > maxSide || h > maxSide || w*h*cost > maxDecode {
		return nil, fmt.Errorf("%w: %d by %d pixels", ErrPicture, w, h)
	}
	read.Reset(data)
	if img, err = decode(read); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrPicture, err)
	}
	return img, nil
}

// jpegCost is what Go's decoder keeps per pixel: up to four planes, and of a
// progressive picture the coefficients too, four bytes each.
func jpegCost(data []byte, m color.Model) int64 {
	planes := int64(3)
	switch m {
	case color.GrayModel:
		planes = 1
	case color.CMYKModel:
		planes = 4
	}
	if progressive(data) {
		return 5 * planes
	}
	return planes
}

// progressive reports whether the frame header is SOF2 (ISO/IEC 10918-1, B.2.2).
func progressive(data []byte) bool {
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		switch marker := data[at+1]; {
		case marker == 0xff: // fill byte
			at++
			continue
		case marker == 0xc2:
			return true
		case marker >= 0xc0 && marker <= 0xc3, marker == 0xda:
			return false
		case marker >= 0xd0 && marker <= 0xd9: // alone
			at += 2
			continue
		}
		at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	}
	return true // not understood: the dearer one
}

// pngCost is the same for PNG; twice, because the passes of an interlaced one
// are pictures too.
func pngCost(m color.Model) int64 {
	switch m {
	case color.GrayModel:
		return 2
	case color.Gray16Model:
		return 4
	case color.RGBA64Model, color.NRGBA64Model:
		return 16
	case color.RGBAModel, color.NRGBAModel:
		return 8
	}
	return 2 // paletted
}

// square is the middle of a picture, so many pixels wide, with its corners cut
// by a radius. It is opaque elsewhere, whatever the picture was.
func square(img image.Image, px int, radius float64) *image.NRGBA {
	b := img.Bounds()
	if d := b.Dx() - b.Dy(); d > 0 {
		b.Min.X += d / 2
		b.Max.X = b.Min.X + b.Dy()
	} else {
		b.Min.Y -= d / 2
		b.Max.Y = b.Min.Y + b.Dx()
	}
	flat := image.NewRGBA(image.Rect(0, 0, px, px))
	draw.Draw(flat, flat.Bounds(), image.NewUniform(color.Black), image.Point{}, draw.Src)
	by := draw.Scaler(draw.CatmullRom)
	if b.Dx() > 4*px { // far down, its kernel costs more than is seen
		by = draw.ApproxBiLinear
	}
	by.Scale(flat, flat.Bounds(), img, b, draw.Over, nil)
	out := &image.NRGBA{Pix: flat.Pix, Stride: flat.Stride, Rect: flat.Rect} // opaque: the same bytes
	cut(out, radius)
	return out
}

// cut takes the corners off, smoothly.
func cut(img *image.NRGBA, radius float64) {
	px := img.Rect.Dx()
	n := min(int(radius)+1, px/2)
	for y := range n {
		for x := range n {
			dx, dy := radius-float64(x)-0.5, radius-float64(y)-0.5
			d := dx*dx + dy*dy
			if dx <= 0 || dy <= 0 || d <= (radius-0.5)*(radius-0.5) {
				continue
			}
			a := uint8(0)
			if d < (radius+0.5)*(radius+0.5) {
				a = uint8(255 * ((radius+0.5)*(radius+0.5) - d) / (2 * radius))
			}
			for _, p := range [4]image.Point{{X: x, Y: y}, {X: px - 1 - x, Y: y}, {X: x, Y: px - 1 - y}, {X: px - 1 - x, Y: px - 1 - y}} {
				img.Pix[img.PixOffset(p.X, p.Y)+3] = a
			}
		}
	}
}

// fileCover is the encoded cover of a music file.
func fileCover(ctx context.Context, open Opener, u string) ([]byte, error) {
	r, err := open(ctx, u)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, ok := r.(io.ReadSeeker)
	if !ok {
		return nil, fmt.Errorf("cover of %s: %w: it is a stream", name(u), ErrPicture)
	}
	return tagPicture(bounded(f))
}
