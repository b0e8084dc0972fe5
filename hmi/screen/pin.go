package screen

import (
	"strings"

	"fyne.io/fyne/v2"

	"tandem/hmi"
	"tandem/hmi/restrict"
	"tandem/hmi/theme"
	"tandem/hmi/widget"
	"tandem/phonelink"
)

// maxPIN is how many digits are taken.
const maxPIN = 12

// lockedPart is the keys for the PIN of a locked profile. The digits stay in
// this part; they are neither shown nor logged, and are gone after each try.
func (s *base) lockedPart() phonePart {
	p, w := s.panel(), &s.words().Phones
	note := widget.NewMessages(s.Theme, s.more)
	note.Set([]widget.Note{{Glyph: widget.IconLock, Color: s.Theme.Text, Title: w.LockedTitle, Advice: w.LockedAdvice}})
	typed := widget.CentreText(p.Type.Display, s.Theme.Text, "")
	digits := ""
	set := func(d string) {
		digits = d
		widget.SetText(typed, strings.Repeat("•", len(d)), s.Theme.Text)
	}
	var keys []fyne.CanvasObject
	key := func(glyph widget.IconName, label, name string, tap func()) {
		b := widget.NewButton(s.Theme, glyph, label, name, tap).OnGround().Large()
		b.Denied = s.explain
		s.needs = append(s.needs, Need{restrict.NoSetup | restrict.NoDialpad, b.Forbid})
		keys = append(keys, b)
	}
	for _, d := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		key("", d, d, func() { set((digits + d)[:min(maxPIN, len(digits)+1)]) })
	}
	key(widget.IconClose, "", w.Cancel, func() { set("") })
	key("", "0", "0", func() { set((digits + "0")[:min(maxPIN, len(digits)+1)]) })
	key(widget.IconCheck, "", w.Unlock, func() {
		pin := digits
		set("")
		if pin != "" {
			s.tell(phonelink.Unlock{PIN: pin})
		}
	})
	root := widget.Free(func(b widget.Box) {
		left, right := b.Left(b.W*0.46, p.Gap)
		top, bottom := left.Top(left.H*0.6, 0)
		top.Place(note)
		bottom.Place(typed)
		for i, k := range keys {
			right.Row(i/3, 4, theme.TargetGap).Column(i%3, 3, theme.TargetGap).Place(k)
		}
	}, append([]fyne.CanvasObject{note, typed}, keys...)...)
	return phonePart{root, func(*hmi.Phones, *View) {}}
}
