package widget

import (
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tandem/hmi/theme"
)

// Damper follows a target like a critically damped pointer: fast, and never
// past it. Its zero value stands at 0 and jumps to its first target.
type Damper struct {
	x, v, target float64
	last         time.Time
	started      bool
}

// To sets the target; the first one is taken at once.
func (d *Damper) To(target float64) {
	d.target = target
	if !d.started {
		d.x, d.v, d.started = target, 0, true
	}
}

// Lose forgets where the pointer stood, so that the next target is taken at
// once: what comes after a gap is a new fact, not a movement.
func (d *Damper) Lose() { *d = Damper{} }

// At moves to a moment and says where the pointer is and whether it still
// moves. tau is the time constant; 0 jumps.
func (d *Damper) At(now time.Time, tau time.Duration) (x float64, moving bool) {
	dt := now.Sub(d.last).Seconds()
	d.last = now
	dx := d.x - d.target
	if dx == 0 && d.v == 0 {
		return d.x, false
	}
	if dt > 0.1 || dt < 0 {
		dt = 1.0 / 60 // after sleeping, the movement starts now
	}
	if tau <= 0 {
		d.x, d.v = d.target, 0
		return d.x, false
	}
	w := 1 / tau.Seconds()
	e := math.Exp(-w * dt)
	c := d.v + w*dx
	nx := (dx + c*dt) * e
	d.v = (d.v - w*c*dt) * e
	if nx*dx < 0 || math.Abs(nx) < 0.02 && math.Abs(d.v) < 0.2 {
		nx, d.v = 0, 0 // at the target; what would go past it stops there
	}
	d.x = d.target + nx
	return d.x, nx != 0
}

// sweep is half of the gauge's arc, in degrees.
const sweep = 130

// Gauge is a round speed gauge: an arc with ticks and figures, and the number
// itself in the middle. The arc is damped, the number is what was reported.
type Gauge struct {
	compound
	max          float64
	track, value *canvas.Arc
	ticks        []*canvas.Line
	figures      []*canvas.Text
	number, unit *canvas.Text
	damper       Damper
	known        bool
	angle        float32
}

// NewGauge is a gauge from 0 to max with a figure every step and the number in
// a style.
func NewGauge(th *theme.Theme, style theme.Style, max, step float64, unit string, figure func(float64) string) *Gauge {
	g := &Gauge{max: max, angle: -sweep}
	g.track = canvas.NewArc(-sweep, sweep, 0.92, th.Surface3)
	g.value = canvas.NewArc(-sweep, -sweep, 0.92, th.Accent)
	g.track.CornerRadius = 8
	g.value.CornerRadius = 8
	g.number = CentreText(style, th.Text, "–")
	g.unit = CentreText(th.Panel.Type.Second, th.TextSecond, unit)
	objects := []fyne.CanvasObject{g.track, g.value}
	for v := 0.0; v <= max; v += step / 2 {
		l := canvas.NewLine(th.TextSecond)
		l.StrokeWidth = 2
		if math.Mod(v, step) == 0 {
			l.StrokeWidth = 4
			t := CentreText(th.Panel.Type.Second, th.TextSecond, figure(v))
			g.figures = append(g.figures, t)
			objects = append(objects, t)
		}
		g.ticks = append(g.ticks, l)
		objects = append(objects, l)
	}
	objects = append(objects, g.number, g.unit)
	g.init(g, th, fyne.NewSize(280, 280), g.place, objects...)
	return g
}

func (g *Gauge) place(b Box) {
	d := min(b.W, b.H)
	c := b.Centre(d, d)
	c.Place(g.track, g.value)
	cx, cy, r := c.X+d/2, c.Y+d/2, d/2
	n := len(g.ticks) - 1
	ring := r * 0.92
	figure := 0
	for i, l := range g.ticks {
		sin, cos := math.Sincos((-sweep + float64(i)*2*sweep/float64(n)) * math.Pi / 180)
		out, in := ring-10, ring-18
		if l.StrokeWidth > 2 {
			in = ring - 24
			at := ring - 50
			w, h := float32(60), Line(g.th.Panel.Type.Second)
			Box{cx + at*float32(sin) - w/2, cy - at*float32(cos) - h/2, w, h}.Place(g.figures[figure])
			figure++
		}
		l.Position1 = fyne.NewPos(cx+out*float32(sin), cy-out*float32(cos))
		l.Position2 = fyne.NewPos(cx+in*float32(sin), cy-in*float32(cos))
		l.Refresh()
	}
	h := Line(theme.Style{Size: g.number.TextSize})
	Box{cx - r*0.55, cy - h*0.56, r * 1.1, h}.Place(g.number)
	uh := Line(g.th.Panel.Type.Second)
	Box{cx - r*0.4, cy + h*0.30, r * 0.8, uh}.Place(g.unit)
}

// Set shows a value and its number; ok is false when it is not known, which
// empties the arc.
func (g *Gauge) Set(v float64, number string, ok bool) {
	SetText(g.number, number, g.th.Text)
	g.known = ok
	if !ok {
		g.damper.Lose()
		g.turn(-sweep)
		return
	}
	g.damper.To(math.Max(0, math.Min(math.Abs(v), g.max)))
}

// Tick moves the arc to a moment and reports whether it still moves.
func (g *Gauge) Tick(now time.Time) bool {
	if !g.known {
		return false
	}
	x, moving := g.damper.At(now, g.th.Gauge)
	g.turn(float32(-sweep + x/g.max*2*sweep))
	return moving
}

func (g *Gauge) turn(angle float32) {
	if g.angle == angle {
		return
	}
	g.angle = angle
	g.value.EndAngle = angle
	canvas.Refresh(g) // not the arc: refreshing it would repaint all of it, and not only the wedge
}

// Angle is where the arc ends, in degrees from the top.
func (g *Gauge) Angle() float32 { return g.angle }

// PowerBar shows power out of the battery to the right of a mark and power
// back into it to the left.
type PowerBar struct {
	compound
	lo, hi    float64
	track     *canvas.Rectangle
	mark      *canvas.Rectangle
	out, back *canvas.Rectangle
	damper    Damper
	known     bool
	area      Box
}

// NewPowerBar is a bar from lo (negative) to hi.
func NewPowerBar(th *theme.Theme, lo, hi float64) *PowerBar {
	p := &PowerBar{lo: lo, hi: hi, track: Plate(th.Surface3, 6), mark: Plate(th.Text, 2), out: Plate(th.Accent, 4), back: Plate(th.OK, 4)}
	p.init(p, th, fyne.NewSize(160, 28), p.place, p.track, p.out, p.back, p.mark)
	return p
}

func (p *PowerBar) place(b Box) {
	p.area = b.Centre(b.W, 16)
	p.area.Place(p.track)
	Box{p.at(0) - 2, p.area.Y - 6, 4, 28}.Place(p.mark)
	p.draw(p.damper.x)
}

func (p *PowerBar) at(v float64) float32 {
	v = math.Max(p.lo, math.Min(v, p.hi))
	return p.area.X + p.area.W*float32((v-p.lo)/(p.hi-p.lo))
}

// Set shows a power; ok is false when it is not known.
func (p *PowerBar) Set(v float64, ok bool) {
	p.known = ok
	if !ok {
		p.damper.Lose()
		p.draw(0)
		return
	}
	p.damper.To(math.Max(p.lo, math.Min(v, p.hi)))
}

// Tick moves the bar to a moment and reports whether it still moves.
func (p *PowerBar) Tick(now time.Time) bool {
	if !p.known {
		return false
	}
	x, moving := p.damper.At(now, p.th.Gauge)
	p.draw(x)
	return moving
}

func (p *PowerBar) draw(x float64) {
	zero, end := p.at(0), p.at(x)
	Box{zero, p.area.Y, float32(math.Round(float64(max(0, end-zero)))), p.area.H}.Place(p.out)
	w := float32(math.Round(float64(max(0, zero-end))))
	Box{zero - w, p.area.Y, w, p.area.H}.Place(p.back)
}

// ChargeBar is how full the battery is.
type ChargeBar struct {
	compound
	track, fill *canvas.Rectangle
	limit       *canvas.Rectangle
	share       float32
	limitAt     float32
	area        Box
}

// NewChargeBar is an empty bar.
func NewChargeBar(th *theme.Theme) *ChargeBar {
	c := &ChargeBar{track: Plate(th.Surface3, 8), fill: Plate(th.OK, 8), limit: Plate(th.TextSecond, 2)}
	c.limit.Hide()
	c.fill.Hide()
	c.init(c, th, fyne.NewSize(120, 20), c.place, c.track, c.fill, c.limit)
	return c
}

func (c *ChargeBar) place(b Box) {
	c.area = b.Centre(b.W, 20)
	c.area.Place(c.track)
	c.draw()
}

func (c *ChargeBar) draw() {
	Box{c.area.X, c.area.Y, max(16, c.area.W*c.share), c.area.H}.Place(c.fill)
	Box{c.area.X + c.area.W*c.limitAt - 2, c.area.Y - 4, 4, c.area.H + 8}.Place(c.limit)
}

// Set shows a charge and, from 1 up, a limit, both in percent.
func (c *ChargeBar) Set(percent, limit float64, ok, charging bool) {
	col := c.th.OK
	switch {
	case charging:
		col = c.th.Charging
	case percent < 10:
		col = c.th.Critical
	case percent < 20:
		col = c.th.Warning
	}
	setFill(c.fill, col)
	setVisible(c.fill, ok && percent >= 0.5)
	setVisible(c.limit, limit >= 1 && limit < 100)
	share, at := float32(math.Max(0, math.Min(percent, 100))/100), float32(limit/100)
	if c.share != share || c.limitAt != at {
		c.share, c.limitAt = share, at
		c.draw()
	}
}
