package paint

import (
	"bytes"
	"log/slog"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/fontscan"
)

// fontSet is the fonts that one style of text is drawn with, in the order in
// which Fyne asks them for a character: the theme's, Fyne's own, emoji, and
// then whatever the system has. The last two are opened only for a character
// that needs them, because looking through the system's fonts takes long.
type fontSet struct {
	book   *fontBook
	faces  []*font.Face
	family string
	aspect font.Aspect
	custom bool // only the named font, then the system's

	emojiTried bool
}

// fontBook opens fonts once.
type fontBook struct {
	log    *slog.Logger
	sets   map[fontKey]*fontSet
	faces  map[faceKey]*font.Face
	system *fontscan.FontMap
	tried  bool
}

type fontKey struct {
	face                       faceKey
	bold, italic, mono, symbol bool
	custom                     bool
}

// faceKey tells font files apart: by name and by where the bytes lie.
type faceKey struct {
	name string
	data *byte
}

func keyOf(r fyne.Resource) faceKey {
	k := faceKey{name: r.Name()}
	if b := r.Content(); len(b) > 0 {
		k.data = &b[0]
	}
	return k
}

func newFontBook(log *slog.Logger) *fontBook {
	return &fontBook{log: log, sets: map[fontKey]*fontSet{}, faces: map[faceKey]*font.Face{}}
}

// set is the fonts for a style; o (may be nil) may stand in a part of the
// tree with a theme of its own.
func (b *fontBook) set(style fyne.TextStyle, source fyne.Resource, o fyne.CanvasObject) *fontSet {
	main, custom := source, source != nil
	if !custom {
		if main = theme.CurrentForWidget(o).Font(style); main == nil {
			main = defaultFont(style)
		}
	}
	k := fontKey{keyOf(main), style.Bold, style.Italic, style.Monospace, style.Symbol, custom}
	if s, ok := b.sets[k]; ok {
		return s
	}
	s := &fontSet{book: b, family: fontscan.SansSerif, custom: custom, aspect: font.Aspect{Style: font.StyleNormal}}
	s.add(b.face(main))
	switch {
	case custom:
		s.family = main.Name()
		if len(s.faces) == 0 {
			s.add(b.face(theme.DefaultTextFont()))
		}
	case style.Monospace:
		s.family = fontscan.Monospace
		s.add(b.face(defaultFont(style)))
	default:
		s.add(b.face(defaultFont(style)))
	}
	if style.Italic {
		s.aspect.Style = font.StyleItalic
	}
	if style.Bold {
		s.aspect.Weight = font.WeightBold
	}
	b.sets[k] = s
	return s
}

func defaultFont(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Monospace:
		return theme.DefaultTextMonospaceFont()
	case style.Bold && style.Italic:
		return theme.DefaultTextBoldItalicFont()
	case style.Bold:
		return theme.DefaultTextBoldFont()
	case style.Italic:
		return theme.DefaultTextItalicFont()
	case style.Symbol:
		return theme.DefaultSymbolFont()
	}
	return theme.DefaultTextFont()
}

// face opens a font file, nil when it cannot be read.
func (b *fontBook) face(r fyne.Resource) *font.Face {
	if r == nil {
		return nil
	}
	k := keyOf(r)
	f, ok := b.faces[k]
	if !ok {
		var err error
		if f, err = font.ParseTTF(bytes.NewReader(r.Content())); err != nil {
			b.log.Warn("font not readable", "font", r.Name(), "error", err)
			f = nil
		}
		b.faces[k] = f
	}
	return f
}

func (s *fontSet) add(f *font.Face) {
	for _, have := range s.faces {
		if have == f {
			return
		}
	}
	if f != nil {
		s.faces = append(s.faces, f)
	}
}

// ResolveFace is the first font that has the character; the first font of all
// when none has.
func (s *fontSet) ResolveFace(r rune) *font.Face {
	if f := s.find(r); f != nil {
		return f
	}
	if unicode.IsControl(r) {
		return s.faces[0]
	}
	if !s.emojiTried && !s.custom {
		s.emojiTried = true
		if e := theme.DefaultEmojiFont(); e != nil && len(e.Content()) > 0 {
			s.add(s.book.face(e))
			if f := s.find(r); f != nil {
				return f
			}
		}
	}
	if f := s.book.lookUp(r, s.family); f != nil {
		s.add(f)
		return f
	}
	return s.faces[0]
}

func (s *fontSet) find(r rune) *font.Face {
	for _, f := range s.faces {
		if _, ok := f.NominalGlyph(r); ok {
			return f
		}
	}
	return nil
}

// lookUp asks the system's fonts.
func (b *fontBook) lookUp(r rune, family string) *font.Face {
	if !b.tried {
		b.tried = true
		m := fontscan.NewFontMap(silent{})
		if err := m.UseSystemFonts(""); err != nil {
			b.log.Debug("no system fonts", "error", err)
		} else {
			b.system = m
		}
	}
	if b.system == nil {
		return nil
	}
	b.system.SetQuery(fontscan.Query{Families: []string{family}})
	return b.system.ResolveFace(r)
}

type silent struct{}

func (silent) Printf(string, ...any) {}
