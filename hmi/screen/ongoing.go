package screen

import (
	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
)

// ongoingPart is all that is under way on either side, page by page, each with
// what one tap does with it.
func (s *base) ongoingPart(height float32) phonePart {
	p, w := s.panel(), &s.words().Phones
	n := int((height - 1.5*p.Pad + theme.TargetGap) / (p.Button.Height + theme.TargetGap))
	var rows []*thingRow
	var objects []fyne.CanvasObject
	for range n {
		r := s.newThing()
		rows, objects = append(rows, r), append(objects, r.root)
	}
	up := widget.NewButton(s.Theme, widget.IconUp, "", w.Earlier, func() { s.Send(hmi.Turn{By: -1}) })
	down := widget.NewButton(s.Theme, widget.IconDown, "", w.Later, func() { s.Send(hmi.Turn{By: 1}) })
	none := widget.NewEmpty(s.Theme)
	none.Set(widget.Note{Glyph: widget.IconQueue, Color: s.Theme.TextSecond, Title: w.NoOngoing, Advice: w.NoOngoingAdvice}, "")
	card := widget.NewCard(s.Theme, "", "", func(b widget.Box) {
		b.Place(none)
		for i, r := range rows {
			line := widget.Box{X: b.X, Y: b.Y + float32(i)*(p.Button.Height+theme.TargetGap), W: b.W, H: p.Button.Height}
			line.Place(r.root)
			if i == n-1 {
				line.Column(0, 2, theme.TargetGap).Place(up)
				line.Column(1, 2, theme.TargetGap).Place(down)
			}
		}
	}, append(objects, up, down, none)...)
	return phonePart{card, func(m *hmi.Phones, v *View) {
		per := n
		if len(m.Work) > n {
			per--
		}
		last := max(0, (len(m.Work)-1)/per)
		page := min(max(0, v.State.Pick.Page), last)
		for i, r := range rows {
			at := page*per + i
			on := i < per && at < len(m.Work)
			if on {
				s.setThing(r, &m.Work[at].Thing)
			}
			show(r.root, on)
		}
		show(none, len(m.Work) == 0)
		show(up, last > 0)
		show(down, last > 0)
		up.Usable(page > 0)
		down.Usable(page < last)
	}}
}
