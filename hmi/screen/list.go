package screen

import (
	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

// entry is one row of a list.
type entry struct {
	key            string
	glyph          widget.IconName
	title, caption string
	fresh          bool
}

// lister is a list of rows that is turned page by page: nothing scrolls while
// a car moves. With more entries than rows the last place turns the pages.
//
//	[row][row][row]           [row][row][up|down]
type lister struct {
	rows     []*widget.Row
	up, down *widget.Button
	keys     []string
	foot     bool // the pages are turned below the rows, not in the place of the last
	root     fyne.CanvasObject
}

// list is a list that has so much height.
func (b *base) list(height float32, pick func(key string)) *lister {
	w, p := &b.words().Phones, b.panel()
	l := &lister{}
	n := max(1, int((height+theme.TargetGap)/(p.Button.Height+theme.TargetGap)))
	l.keys = make([]string, n)
	var objects []fyne.CanvasObject
	for i := range n {
		r := widget.NewRow(b.Theme, func() { pick(l.keys[i]) }).OnGround()
		r.Hide()
		l.rows = append(l.rows, r)
		objects = append(objects, r)
	}
	l.up = widget.NewButton(b.Theme, widget.IconUp, "", w.Earlier, func() { b.Send(hmi.Turn{By: -1}) }).OnGround()
	l.down = widget.NewButton(b.Theme, widget.IconDown, "", w.Later, func() { b.Send(hmi.Turn{By: 1}) }).OnGround()
	l.up.Hide()
	l.down.Hide()
	l.root = widget.Free(func(area widget.Box) {
		for i, r := range l.rows {
			line := widget.Box{X: area.X, Y: area.Y + float32(i)*(p.Button.Height+theme.TargetGap), W: area.W, H: p.Button.Height}
			r.Resize(line.Size())
			line.Place(r)
			if i == n-1 && !l.foot {
				line.Column(0, 2, theme.TargetGap).Place(l.up)
				line.Column(1, 2, theme.TargetGap).Place(l.down)
			}
		}
	}, append(objects, l.up, l.down)...)
	return l
}

// set shows a page of entries; the chosen one is marked.
func (l *lister) set(entries []entry, chosen string, page int) {
	per, turns := len(l.rows), false
	if len(entries) > per {
		turns = true
		if !l.foot {
			per--
		}
	}
	per = max(1, per)
	last := max(0, (len(entries)-1)/per)
	page = min(max(0, page), last)
	entries = entries[min(len(entries), page*per):]
	for i, r := range l.rows {
		on := i < per && i < len(entries)
		show(r, on)
		if !on {
			continue
		}
		e := entries[i]
		l.keys[i] = e.key
		r.Set(e.glyph, e.title, e.caption, e.fresh)
		r.SetState(widget.State{On: e.key == chosen})
	}
	show(l.up, turns)
	show(l.down, turns)
	l.up.Usable(page > 0)
	l.down.Usable(page < last)
}

// split is a list beside the details of what is chosen; while there is nothing
// in the list, a note over both.
type split struct {
	list   *lister
	detail fyne.CanvasObject
	empty  fyne.CanvasObject
	foot   *foot
	root   fyne.CanvasObject
}

// foot is what lies under a list: a button, or a small one beside those that
// turn the pages.
type foot struct{ whole, small *widget.Button }

// splitList arranges a list and details; below may be nil.
func (b *base) splitList(l *lister, detail fyne.CanvasObject, below *foot, empty widget.Note) *split {
	p := b.panel()
	s := &split{list: l, detail: detail, foot: below}
	none := widget.NewEmpty(b.Theme)
	none.Set(empty, "")
	s.empty = widget.NewCard(b.Theme, "", "", func(in widget.Box) { in.Place(none) }, none)
	objects := []fyne.CanvasObject{l.root, detail, s.empty}
	if below != nil {
		l.foot = true
		objects = append(objects, below.whole, below.small)
	}
	s.root = widget.Free(func(area widget.Box) {
		left, right := area.Left(area.W*0.42, p.Gap)
		right.Place(detail)
		if below != nil {
			foot, _ := left.Bottom(p.Button.Height, 0)
			foot.Place(below.whole)
			foot.Column(2, 3, theme.TargetGap).Place(below.small)
			left.Place(l.root)
			turn := widget.Box{Y: foot.Y - left.Y, W: foot.W, H: foot.H} // within the list
			turn.Column(0, 3, theme.TargetGap).Place(l.up)
			turn.Column(1, 3, theme.TargetGap).Place(l.down)
			right.Place(s.empty)
			return
		}
		left.Place(l.root)
		area.Place(s.empty)
	}, objects...)
	return s
}

// set shows entries and reports whether there are any.
func (s *split) set(entries []entry, chosen string, page int) bool {
	show(s.empty, len(entries) == 0)
	show(s.detail, len(entries) > 0)
	s.list.set(entries, chosen, page)
	if s.foot != nil {
		show(s.foot.whole, !s.list.up.Visible())
		show(s.foot.small, s.list.up.Visible())
	}
	return len(entries) > 0
}

// chosenOf is the index of the entry with a key; 0 when it is not there.
func chosenOf(entries []entry, key string) int {
	for i, e := range entries {
		if e.key == key {
			return i
		}
	}
	return 0
}
