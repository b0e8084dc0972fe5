package fynedriver

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// layouter finds objects whose smallest size has changed and lays their
// parents out again, as Fyne's drivers do before each frame. It looks only at
// what was refreshed, and at everything when objects came or went.
type layouter struct {
	layers []layer
	nodes  []node
	before []node
	asked  []fyne.CanvasObject // refreshed since the last frame
	all    bool                // too many to keep count of
	mins   map[fyne.CanvasObject]fyne.Size
}

// node is a visible object in the order of the walk.
type node struct {
	o        fyne.CanvasObject
	parent   int
	children int
	min      fyne.Size
	known    bool // min is set
	again    bool // lay out
}

const mostAsked = 24

func (l *layouter) init() { l.mins = map[fyne.CanvasObject]fyne.Size{} }

func (l *layouter) refreshed(o fyne.CanvasObject) {
	if len(l.asked) >= mostAsked {
		l.all = true
		return
	}
	for _, a := range l.asked {
		if a == o {
			return
		}
	}
	l.asked = append(l.asked, o)
}

// arrange brings layouts up to date. Laying out may refresh again; that is for
// the next frame.
func (c *Canvas) arrange() {
	l := &c.layout
	l.before, l.nodes = l.nodes, l.before[:0]
	if c.content != nil {
		l.collect(c.content, -1)
	}
	for _, o := range c.overs.list {
		l.collect(o, -1)
	}
	switch {
	case !l.sameNodes():
		l.carry()
		l.checkAll()
	case l.all:
		l.checkAll()
	default:
		for i := range l.nodes {
			l.nodes[i].min, l.nodes[i].known = l.before[i].min, l.before[i].known
		}
		l.checkAsked()
	}
	if len(l.asked) > 0 {
		l.all = false
	}
	clear(l.asked)
	l.asked = l.asked[:0]
}

func (l *layouter) collect(o fyne.CanvasObject, parent int) {
	if o == nil || !o.Visible() {
		return
	}
	i := len(l.nodes)
	l.nodes = append(l.nodes, node{o: o, parent: parent})
	if parent >= 0 {
		l.nodes[parent].children++
	}
	switch v := o.(type) {
	case *fyne.Container:
		for _, k := range v.Objects {
			l.collect(k, i)
		}
	case fyne.Widget:
		if r := test.WidgetRenderer(v); r != nil {
			for _, k := range r.Objects() {
				l.collect(k, i)
			}
		}
	}
}

func (l *layouter) sameNodes() bool {
	if len(l.nodes) != len(l.before) {
		return false
	}
	for i := range l.nodes {
		if l.nodes[i].o != l.before[i].o || l.nodes[i].parent != l.before[i].parent {
			return false
		}
	}
	return true
}

// carry takes the known sizes over to a list of other objects. A newcomer
// under a parent that was there before, or a parent that lost a child, is laid
// out again.
func (l *layouter) carry() {
	clear(l.mins)
	for i := range l.before {
		if b := &l.before[i]; b.known {
			l.mins[b.o] = b.min
		}
	}
	for i := range l.nodes {
		n := &l.nodes[i]
		n.min, n.known = l.mins[n.o]
		if !n.known && n.parent >= 0 && l.nodes[n.parent].known {
			l.nodes[n.parent].again = true
		}
	}
	for i := range l.before {
		l.mins[l.before[i].o] = fyne.NewSize(float32(l.before[i].children), -1)
	}
	for i := range l.nodes {
		n := &l.nodes[i]
		if s, ok := l.mins[n.o]; ok && s.Height == -1 && int(s.Width) != n.children {
			n.again = true
		}
	}
	clear(l.mins)
}

// checkAll goes from the last node to the first: children before parents.
func (l *layouter) checkAll() {
	for i := len(l.nodes) - 1; i >= 0; i-- {
		l.check(i)
	}
}

// check lays a node out if it must be, and looks whether its smallest size has
// changed; true: its parent must be laid out.
func (l *layouter) check(i int) bool {
	n := &l.nodes[i]
	if n.again {
		layOut(n.o)
		n.again = false
	}
	m := n.o.MinSize()
	changed := n.known && m != n.min
	n.min, n.known = m, true
	if !changed {
		return false
	}
	if n.parent >= 0 {
		l.nodes[n.parent].again = true
	} else if s := n.o.Size(); s.Max(m) == s {
		layOut(n.o)
	} else {
		n.o.Resize(s.Max(m))
	}
	return true
}

// checkAsked looks at refreshed objects and, where one has changed, at its
// parents.
func (l *layouter) checkAsked() {
	for _, o := range l.asked {
		for i := range l.nodes {
			if l.nodes[i].o != o {
				continue
			}
			for i >= 0 && l.check(i) {
				i = l.nodes[i].parent
			}
			break
		}
	}
	for i := len(l.nodes) - 1; i >= 0; i-- {
		if l.nodes[i].again {
			l.check(i)
		}
	}
}

func layOut(o fyne.CanvasObject) {
	switch v := o.(type) {
	case *fyne.Container:
		if v.Layout != nil {
			v.Layout.Layout(v.Objects, v.Size())
		}
	case fyne.Widget:
		if r := test.WidgetRenderer(v); r != nil {
			r.Layout(v.Size())
		}
	}
}
