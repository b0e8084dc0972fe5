package widget

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi"
	"tandem/hmi/theme"
)

// CarState is what the top view of the car shows.
type CarState struct {
	Doors              [hmi.Wheels]hmi.Flag
	Hood, Frunk, Trunk hmi.Flag
	TyreLow            [hmi.Wheels]bool
	Pressure           [hmi.Wheels]string
	Unit               string
	Low, High, Hazard  bool
	Left, Right        bool
}

// Car is the car from above: doors and lids that are open stand out, and each
// tyre has its pressure beside it.
type Car struct {
	compound
	picture  *canvas.Image
	pressure [hmi.Wheels]*Figure
	alarm    [hmi.Wheels]*canvas.Image
	unit     *canvas.Text // once, where there is no room for it beside each number; nil otherwise
	state    CarState
	drawn    bool
}

// carW and carH are the field of the drawing.
const carW, carH = 260, 480

// NewCar is a car of which nothing is known.
func NewCar(th *theme.Theme) *Car {
	c := &Car{picture: canvas.NewImageFromResource(nil)}
	c.picture.FillMode = canvas.ImageFillContain
	objects := []fyne.CanvasObject{c.picture}
	for i := range c.pressure {
		align := fyne.TextAlignTrailing
		if i%2 == 1 {
			align = fyne.TextAlignLeading
		}
		c.pressure[i] = NewFigure(th, theme.Style{Size: 32}, align)
		c.alarm[i] = Icon(LampIcon(hmi.LampTyre), th.Warning)
		c.alarm[i].Hide()
		objects = append(objects, c.pressure[i], c.alarm[i])
	}
	if th.Panel.Class == theme.Compact {
		c.unit = Text(th.Panel.Type.Second, th.TextSecond, "")
		objects = append(objects, c.unit)
	}
	c.init(c, th, fyne.NewSize(240, 240), c.place, objects...)
	c.Set(CarState{})
	return c
}

func (c *Car) place(b Box) {
	h := b.H
	w := h * carW / carH
	if most := b.W * 0.66; w > most {
		w = most
		h = w * carH / carW
	}
	pic := b.Centre(w, h)
	pic.Place(c.picture)
	if c.unit != nil {
		line, _ := b.Top(Line(c.th.Panel.Type.Second), 0)
		line.Place(c.unit)
	}
	side := (b.W-w)/2 + w*40/carW // beside a wheel there is room in the picture
	for i := range c.pressure {
		x, y := b.X, pic.Y+pic.H*0.24
		if i%2 == 1 {
			x = b.X + b.W - side
		}
		if i >= 2 {
			y = pic.Y + pic.H*0.78
		}
		Box{x, y - 22, side, 44}.Place(c.pressure[i])
		ax := x + side - theme.IconSecond
		if i%2 == 1 {
			ax = x
		}
		Box{ax, y - 22 - theme.IconSecond, theme.IconSecond, theme.IconSecond}.Place(c.alarm[i])
	}
}

// Set shows a state.
func (c *Car) Set(s CarState) {
	if c.drawn && c.state == s {
		return
	}
	c.state, c.drawn = s, true
	name, svg := c.svg(s)
	if c.picture.Resource == nil || c.picture.Resource.Name() != name {
		c.picture.Resource = fyne.NewStaticResource(name, []byte(svg))
		c.picture.Refresh()
	}
	unit := s.Unit
	if c.unit != nil {
		SetText(c.unit, unit, c.th.TextSecond)
		unit = ""
	}
	for i, p := range c.pressure {
		col := c.th.Text
		if s.TyreLow[i] {
			col = c.th.Warning
		}
		number := s.Pressure[i]
		if number == "" {
			number = "–"
		}
		p.SetIn(number, unit, col)
		setVisible(c.alarm[i], s.TyreLow[i])
	}
}

// svg draws the car; its name holds everything that the drawing depends on.
func (c *Car) svg(s CarState) (name, svg string) {
	t := c.th
	hex := func(k colour) string { return fmt.Sprintf("#%02x%02x%02x", k.R, k.G, k.B) }
	line, body, glassy, warn := hex(t.TextSecond), hex(t.Surface2), hex(t.Surface3), hex(t.Warning)
	mark := hex(t.Mark)
	var b, key strings.Builder
	el := func(f string, a ...any) { fmt.Fprintf(&b, f, a...) }
	part := func(open hmi.Flag, shut, wide string) {
		fmt.Fprintf(&key, "%v", open)
		if open.Is(true) {
			el(`<path d="%s" fill="%s" stroke="%s"/>`, wide, mark, warn)
		} else if shut != "" {
			el(`<path d="%s" fill="none" stroke="%s"/>`, shut, line)
		}
	}
	el(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"><g stroke-width="3" stroke-linejoin="round" stroke-linecap="round">`, carW, carH, carW, carH)
	if s.Low || s.High {
		el(`<path d="M72 40 L48 2 H112 L100 26 Z M188 40 L212 2 H148 L160 26 Z" fill="%s" stroke="none"/>`, hex(theme.Blend(t.Surface1, t.Beam, 0.35)))
	}
	for i, p := range [][2]int{{48, 92}, {194, 92}, {48, 338}, {194, 338}} {
		col, edge := line, line
		if s.TyreLow[i] {
			col, edge = mark, warn
		}
		el(`<path d="M%d %d h18 v56 h-18 Z" fill="%s" stroke="%s"/>`, p[0], p[1], col, edge)
	}
	el(`<path d="M66 96 C66 40 82 20 130 20 C178 20 194 40 194 96 L198 180 V330 L194 410 C192 448 172 462 130 462 C88 462 68 448 66 410 L62 330 V180 Z" fill="%s" stroke="%s"/>`, body, line)
	el(`<path d="M80 164 C96 138 164 138 180 164 L172 206 H88 Z M88 376 H172 L180 412 C160 424 100 424 80 412 Z M74 184 L84 214 V288 H72 Z M186 184 L176 214 V288 H188 Z M72 298 H84 V372 L76 398 Z M188 298 H176 V372 L184 398 Z" fill="%s" stroke="none"/>`, glassy)
	part(s.Hood, "M80 132 C100 116 160 116 180 132", "M82 126 C90 48 170 48 178 126 C160 112 100 112 82 126 Z")
	part(s.Frunk, "", "M92 70 C100 40 160 40 168 70 Z")
	part(s.Trunk, "M82 434 C110 444 150 444 178 434", "M80 428 C110 440 150 440 180 428 L176 470 H84 Z")
	part(s.Doors[hmi.FrontLeft], "M64 196 H74 M62 292 H84", "M62 190 L18 258 L26 264 L64 212 Z")
	part(s.Doors[hmi.FrontRight], "M196 196 H186 M198 292 H176", "M198 190 L242 258 L234 264 L196 212 Z")
	part(s.Doors[hmi.RearLeft], "M62 386 H74", "M62 298 L26 346 L34 352 L64 322 Z")
	part(s.Doors[hmi.RearRight], "M198 386 H186", "M198 298 L234 346 L226 352 L196 322 Z")
	if s.Left || s.Hazard {
		el(`<path d="M66 70 L76 46 M68 430 L80 452" stroke="%s" stroke-width="8" fill="none"/>`, warn)
	}
	if s.Right || s.Hazard {
		el(`<path d="M194 70 L184 46 M192 430 L180 452" stroke="%s" stroke-width="8" fill="none"/>`, warn)
	}
	el(`</g></svg>`)
	name = fmt.Sprintf("car-%v-%s-%v-%v%v%v-%v%v.svg", t.IsNight, key.String(), s.TyreLow, s.Low, s.High, s.Hazard, s.Left, s.Right)
	return name, b.String()
}
