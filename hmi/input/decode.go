package input

import "time"

// Event types and codes of the kernel's input-event-codes.h that we read.
const (
	evSyn = 0x00
	evKey = 0x01
	evRel = 0x02
	evAbs = 0x03

	synReport  = 0
	synDropped = 3

	relX      = 0x00
	relY      = 0x01
	relHWheel = 0x06
	relDial   = 0x07
	relWheel  = 0x08

	absX          = 0x00
	absY          = 0x01
	absMTSlot     = 0x2f
	absMTX        = 0x35
	absMTY        = 0x36
	absMTToolType = 0x37
	absMTTracking = 0x39

	toolPalm = 2

	btnLeft  = 0x110
	btnTouch = 0x14a
)

const (
	maxSlots   = 16        // fingers of a device
	wheelStep  = 40        // pixels of a notch of the wheel
	mouseCount = 1.0 / 800 // of the display's width, for one count of a mouse
)

// Raw is one event as the kernel reports it (struct input_event).
type Raw struct {
	Time       time.Time
	Type, Code uint16
	Value      int32
}

// Axis is the range of an absolute axis.
type Axis struct{ Min, Max int32 }

// Affine maps places: X is [0]x + [1]y + [2], Y is [3]x + [4]y + [5], all from 0 to 1.
type Affine [6]float32

// Caps is what a device can do, as far as it matters to us.
type Caps struct {
	Name   string
	Abs    map[uint16]Axis
	Rel    map[uint16]bool
	Keys   map[uint16]bool
	Indir  bool   // a touch pad: its places are not places on the display
	Adjust Affine // calibration; zero: none
}

// Useful reports whether a Decoder can make anything of the device's events.
func (c Caps) Useful() bool {
	d := NewDecoder(c)
	return d.multi || d.single || d.mouse || d.knob || d.board
}

// Decoder turns the events of one device into ours. It reads multi-touch
// protocol B, single touch and tablets, mice, keyboards with US layout, rotary
// controllers and remote-control keys. It is pure: one event in, events out.
type Decoder struct {
	caps    Caps
	multi   bool
	single  bool
	mouse   bool
	knob    bool
	board   bool
	slots   [maxSlots]slot
	cur     int // slot that is spoken of; out of range: none
	dropped bool

	dx, dy, turn int32 // wheel and knob since the last report

	held                       map[uint16]bool // keys that are down
	shift, ctrl, meta, capital bool
}

// slot is a finger.
type slot struct {
	x, y     float32 // before calibration
	down     bool    // as the device says
	told     bool    // as we have said
	fresh    bool    // another finger than the one told of
	moved    bool
	withdraw bool // a palm
}

// NewDecoder makes a decoder for a device with these abilities.
func NewDecoder(c Caps) *Decoder {
	_, mtx := c.Abs[absMTX]
	_, mty := c.Abs[absMTY]
	_, sx := c.Abs[absX]
	_, sy := c.Abs[absY]
	d := &Decoder{caps: c, held: make(map[uint16]bool)}
	d.multi = mtx && mty && !c.Indir
	d.single = sx && sy && !d.multi && !c.Indir && (c.Keys[btnTouch] || c.Keys[btnLeft])
	d.mouse = c.Rel[relX] && c.Rel[relY] && c.Keys[btnLeft] && !d.multi && !d.single
	d.knob = !d.mouse && !d.single && !d.multi && (c.Rel[relDial] || c.Rel[relWheel])
	for code := range c.Keys {
		if _, ok := keys[code]; ok {
			d.board = true
		}
	}
	if d.mouse {
		d.slots[0].x, d.slots[0].y = 0.5, 0.5
	}
	return d
}

// Decode appends the events that r completes to dst.
func (d *Decoder) Decode(dst []Event, r Raw) []Event {
	if r.Type == evSyn && r.Code == synDropped {
		d.dropped = true
		return d.Release(dst, r.Time)
	}
	if d.dropped {
		d.dropped = r.Type != evSyn || r.Code != synReport
		return dst
	}
	switch r.Type {
	case evAbs:
		d.abs(r.Code, r.Value)
	case evRel:
		d.rel(r.Code, r.Value)
	case evKey:
		return d.key(dst, r)
	case evSyn:
		if r.Code == synReport {
			return d.report(dst, r.Time)
		}
	}
	return dst
}

// Release withdraws every finger and key that is down: the device has gone,
// or its events were lost.
func (d *Decoder) Release(dst []Event, now time.Time) []Event {
	for i := range d.slots {
		s := &d.slots[i]
		if s.told {
			dst = append(dst, d.event(TouchCancel, i, now))
		}
		*s = slot{x: s.x, y: s.y}
	}
	for code := uint16(0); len(d.held) > 0 && code < maxKey; code++ {
		if d.held[code] {
			dst = append(dst, Event{Kind: KeyUp, Key: keys[code].name, Time: now})
			delete(d.held, code)
		}
	}
	d.shift, d.ctrl, d.meta = false, false, false
	d.dx, d.dy, d.turn = 0, 0, 0
	return dst
}

// Slot tells the decoder which slot the device speaks of, after events were
// lost or when it has just been opened.
func (d *Decoder) Slot(n int32) { d.cur = int(n) }

func (d *Decoder) abs(code uint16, v int32) {
	if code == absMTSlot {
		d.cur = int(v)
		return
	}
	if d.cur < 0 || d.cur >= maxSlots {
		return
	}
	s := &d.slots[d.cur]
	switch {
	case d.multi && code == absMTTracking:
		s.fresh = s.told && v >= 0
		s.down, s.moved, s.withdraw = v >= 0, true, false
	case d.multi && code == absMTToolType:
		s.withdraw = v == toolPalm
	case d.multi && code == absMTX, d.single && code == absX:
		s.x, s.moved = d.norm(code, v), true
	case d.multi && code == absMTY, d.single && code == absY:
		s.y, s.moved = d.norm(code, v), true
	}
}

func (d *Decoder) norm(code uint16, v int32) float32 {
	a := d.caps.Abs[code]
	if a.Max <= a.Min {
		return 0
	}
	return float32(int64(v)-int64(a.Min)) / float32(int64(a.Max)-int64(a.Min))
}

func (d *Decoder) rel(code uint16, v int32) {
	s := &d.slots[0]
	switch {
	case d.mouse && code == relX:
		s.x, s.moved = clamp(s.x+float32(v)*mouseCount), true
	case d.mouse && code == relY:
		s.y, s.moved = clamp(s.y+float32(v)*mouseCount*16/9), true
	case d.knob && (code == relDial || code == relWheel):
		d.turn += v
	case code == relWheel:
		d.dy -= v // the kernel's wheel is positive away from the user
	case code == relHWheel:
		d.dx += v
	}
}

// report ends a moment: what has changed since the last one happened at once.
func (d *Decoder) report(dst []Event, now time.Time) []Event {
	for i := range d.slots {
		s := &d.slots[i]
		down := s.down && !s.withdraw
		switch {
		case s.told && s.fresh:
			dst = append(dst, d.event(TouchUp, i, now))
			if s.told = down; down {
				dst = append(dst, d.event(TouchDown, i, now))
			}
		case s.told && s.withdraw:
			s.told = false
			dst = append(dst, d.event(TouchCancel, i, now))
		case down && !s.told:
			s.told = true
			dst = append(dst, d.event(TouchDown, i, now))
		case !down && s.told:
			s.told = false
			dst = append(dst, d.event(TouchUp, i, now))
		case down && s.moved:
			dst = append(dst, d.event(TouchMove, i, now))
		}
		s.moved, s.fresh = false, false
	}
	if d.dx != 0 || d.dy != 0 {
		ev := d.event(Scroll, 0, now)
		ev.DX, ev.DY = float32(d.dx)*wheelStep, float32(d.dy)*wheelStep
		dst = append(dst, ev)
	}
	if d.turn != 0 {
		dst = append(dst, Event{Kind: Rotate, Steps: int(d.turn), Time: now})
	}
	d.dx, d.dy, d.turn = 0, 0, 0
	return dst
}

// event is a touch or wheel at slot i's place.
func (d *Decoder) event(k Kind, i int, now time.Time) Event {
	x, y := d.slots[i].x, d.slots[i].y
	if a := d.caps.Adjust; a != (Affine{}) {
		x, y = a[0]*x+a[1]*y+a[2], a[3]*x+a[4]*y+a[5]
	}
	return Event{Kind: k, Contact: i, X: clamp(x), Y: clamp(y), Time: now}
}

func (d *Decoder) key(dst []Event, r Raw) []Event {
	if r.Code == btnTouch || r.Code == btnLeft {
		if (d.single || d.mouse) && r.Value != 2 {
			d.slots[0].down = r.Value != 0
		}
		return dst
	}
	k, ok := keys[r.Code]
	if !ok {
		return dst
	}
	down := r.Value != 0
	d.modifier(k.name, down, r.Value == 1)
	if !down {
		if !d.held[r.Code] {
			return dst
		}
		delete(d.held, r.Code)
		return append(dst, Event{Kind: KeyUp, Key: k.name, Time: r.Time})
	}
	d.held[r.Code] = true
	dst = append(dst, Event{Kind: KeyDown, Key: k.name, Time: r.Time})
	if c := d.char(k); c != 0 && !d.ctrl && !d.meta {
		dst = append(dst, Event{Kind: Rune, Rune: c, Time: r.Time})
	}
	return dst
}

func (d *Decoder) modifier(name string, down, pressed bool) {
	switch name {
	case "LeftShift", "RightShift":
		d.shift = down
	case "LeftControl", "RightControl":
		d.ctrl = down
	case "LeftAlt", "RightAlt", "LeftSuper", "RightSuper":
		d.meta = down
	case "CapsLock":
		if pressed {
			d.capital = !d.capital
		}
	}
}

// char is what the key types, 0 when nothing.
func (d *Decoder) char(k keyInfo) rune {
	shift := d.shift
	if d.capital && k.plain >= 'a' && k.plain <= 'z' {
		shift = !shift
	}
	if shift {
		return k.shifted
	}
	return k.plain
}

func clamp(v float32) float32 { return max(0, min(v, 1)) }
