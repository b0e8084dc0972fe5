package shell

import (
	"image"
	"image/color"

	"tandem/hmi"
)

// sceneCover is a cover of the scenes: a moon over a road at night.
func sceneCover(c hmi.Cover, px int) image.Image {
	if c.SHA256 == [32]byte{} {
		return nil
	}
	img := image.NewNRGBA(image.Rect(0, 0, px, px))
	r := px * 7 / 100
	for y := range px {
		for x := range px {
			dx, dy := x-px*2/3, y-px/3
			p := color.NRGBA{uint8(20 + 60*y/px), uint8(30 + 50*y/px), uint8(70 + 40*y/px), 255}
			switch {
			case dx*dx+dy*dy < px*px/64:
				p = color.NRGBA{244, 226, 180, 255}
			case y > px*5/8 && abs(x-px/2) < (y-px*5/8)+px/40:
				p = color.NRGBA{36, 34, 44, 255}
			}
			if cx, cy := max(r-x, x-(px-1-r), 0), max(r-y, y-(px-1-r), 0); cx*cx+cy*cy > r*r {
				p.A = 0
			}
			img.SetNRGBA(x, y, p)
		}
	}
	return img
}

func abs(n int) int { return max(n, -n) }
