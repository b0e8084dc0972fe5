package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"tandem/phonelink"
)

// prompt is a question with one line of an answer.
type prompt struct {
	label, hint string
	text        []rune
	cursor      int
	then        func(text string) tea.Cmd
}

func newPrompt(label, hint string, then func(string) tea.Cmd) *prompt {
	return &prompt{label: label, hint: hint, then: then}
}

// promptKey edits the answer, takes it with enter, drops it with escape.
func (m *ui) promptKey(k tea.KeyMsg) tea.Cmd {
	p := m.prompt
	switch k.Type {
	case tea.KeyEsc:
		m.prompt = nil
	case tea.KeyEnter:
		m.prompt = nil
		if text := strings.TrimSpace(string(p.text)); text != "" {
			return p.then(text)
		}
	default:
		p.text, p.cursor = typed(p.text, p.cursor, k)
	}
	return nil
}

// typed is a text after a key that edits; enter is the editor's.
func typed(text []rune, at int, k tea.KeyMsg) ([]rune, int) {
	switch k.Type {
	case tea.KeyRunes, tea.KeySpace:
		var in []rune
		for _, r := range k.Runes {
			if r == '\r' {
				r = '\n'
			}
			if r == '\n' || r >= ' ' && r != 0x7f {
				in = append(in, r)
			}
		}
		out := append(append(append([]rune{}, text[:at]...), in...), text[at:]...)
		return out, at + len(in)
	case tea.KeyBackspace:
		if at > 0 {
			return append(append([]rune{}, text[:at-1]...), text[at:]...), at - 1
		}
	case tea.KeyDelete, tea.KeyCtrlD:
		if at < len(text) {
			return append(append([]rune{}, text[:at]...), text[at+1:]...), at
		}
	case tea.KeyLeft:
		return text, max(0, at-1)
	case tea.KeyRight:
		return text, min(len(text), at+1)
	case tea.KeyHome, tea.KeyCtrlA:
		for at > 0 && text[at-1] != '\n' {
			at--
		}
		return text, at
	case tea.KeyEnd, tea.KeyCtrlE:
		for at < len(text) && text[at] != '\n' {
			at++
		}
		return text, at
	case tea.KeyCtrlU:
		return append([]rune{}, text[at:]...), 0
	}
	return text, at
}

// editor is a message being written. What is typed goes to the session after a
// short pause; what the other side types comes from there.
type editor struct {
	id      phonelink.SessionID
	text    []rune
	cursor  int
	saved   string    // what the session was last told, or told us
	changed time.Time // when the text was last typed at; zero: it is saved
	gone    bool      // the session has ended
}

func newEditor(s *phonelink.SessionView) *editor {
	d := s.Doc.(*phonelink.DraftDoc)
	e := &editor{id: s.ID, saved: d.Text, text: []rune(d.Text)}
	e.cursor = len(e.text)
	if d.Cursor >= 0 && d.Cursor <= len(d.Text) {
		e.cursor = utf8.RuneCountInString(d.Text[:d.Cursor])
	}
	return e
}

// merge takes what the session says now, unless something typed waits.
func (e *editor) merge(v *phonelink.View) {
	s := sessionOf(v, e.id)
	if s == nil {
		e.gone = true
		return
	}
	d, ok := s.Doc.(*phonelink.DraftDoc)
	if !ok || !e.changed.IsZero() || d.Text == e.saved {
		return
	}
	e.saved, e.text = d.Text, []rune(d.Text)
	e.cursor = min(e.cursor, len(e.text))
}

// pause is how long nothing is typed before the text goes to the session.
const pause = 400 * time.Millisecond

// saveDraft gives what was typed to the session, at once if it is the end.
func (m *ui) saveDraft(end bool) tea.Cmd {
	e := m.edit
	if e.changed.IsZero() || !end && m.now.Sub(e.changed) < pause {
		return nil
	}
	e.changed = time.Time{}
	text := string(e.text)
	if text == e.saved {
		return nil
	}
	e.saved = text
	return m.do("", phonelink.Edit{Session: e.id, Op: phonelink.Op{Act: phonelink.SetText{Text: text, Cursor: len(string(e.text[:e.cursor]))}}})
}

// editKey is a key while a message is written.
func (m *ui) editKey(k tea.KeyMsg) tea.Cmd {
	e := m.edit
	switch k.Type {
	case tea.KeyEsc:
		cmd := m.saveDraft(true)
		m.edit = nil
		return cmd
	case tea.KeyCtrlS:
		m.edit = nil
		return m.beside("sent", func(ctx context.Context) error {
			if text := string(e.text); text != e.saved {
				if err := m.c.edit(ctx, e.id, phonelink.SetText{Text: text, Cursor: len(text)}); err != nil {
					return err
				}
			}
			return m.c.edit(ctx, e.id, phonelink.Dispatch{})
		})
	case tea.KeyUp, tea.KeyDown:
		e.vertical(k.Type == tea.KeyDown)
		return nil
	case tea.KeyEnter:
		k = tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{'\n'}}
	}
	before := string(e.text)
	e.text, e.cursor = typed(e.text, e.cursor, k)
	if string(e.text) != before {
		e.changed = time.Now()
	}
	return nil
}

// vertical moves the cursor a line, keeping the column.
func (e *editor) vertical(down bool) {
	start := e.cursor
	for start > 0 && e.text[start-1] != '\n' {
		start--
	}
	column := e.cursor - start
	if !down {
		if start == 0 {
			e.cursor = 0
			return
		}
		end := start - 1
		start = end
		for start > 0 && e.text[start-1] != '\n' {
			start--
		}
		e.cursor = min(start+column, end)
		return
	}
	end := e.cursor
	for end < len(e.text) && e.text[end] != '\n' {
		end++
	}
	if end == len(e.text) {
		e.cursor = end
		return
	}
	next := end + 1
	for end = next; end < len(e.text) && e.text[end] != '\n'; end++ {
	}
	e.cursor = min(next+column, end)
}

// What the questions do with their answers.

func (m *ui) openMedia(text string) tea.Cmd {
	return m.beside("playing here; s sends it to the car", func(ctx context.Context) error {
		if rest, ok := strings.CutPrefix(text, "~/"); ok {
			if home, err := os.UserHomeDir(); err == nil {
				text = home + "/" + rest
			}
		}
		t, err := m.c.p.track(text)
		if err != nil {
			return err
		}
		_, err = m.c.openMedia(ctx, &phonelink.MediaDoc{Queue: []phonelink.Track{t}, Rate: 1, Volume: 1, Playing: true, At: stampOf(time.Now())})
		return err
	})
}

func (m *ui) openPlace(text string) tea.Cmd {
	place, uri, err := placeArg([]string{text})
	if err != nil {
		m.say(err.Error(), true)
		return nil
	}
	m.tab = tabPlaces
	return m.open("s sends it to the car", phonelink.Session{
		Kind: phonelink.Navigation, Title: place.Name, URI: uri, Doc: &phonelink.NavigationDoc{Destination: place, Preference: "fast"},
	})
}

func (m *ui) openDraft(text string) tea.Cmd {
	m.tab = tabMessages
	return m.open("enter writes it", phonelink.Session{
		Kind: phonelink.Draft, Title: "to " + clean(text), Needs: phonelink.NeedsKeyboard, Doc: &phonelink.DraftDoc{To: []string{text}},
	})
}

func (m *ui) openPage(text string) tea.Cmd {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		m.say(fmt.Sprintf("%q is no page; expected an address, as https://example.org/", text), true)
		return nil
	}
	return m.open("s sends it to the car", phonelink.Session{
		Kind: phonelink.Page, Title: u.Host + u.Path, Web: text, Needs: phonelink.NeedsDisplay | phonelink.NeedsParked, Doc: &phonelink.PageDoc{URL: text},
	})
}

// open begins a session here.
func (m *ui) open(good string, s phonelink.Session) tea.Cmd {
	s.Profile, s.App = m.view.Profile, "Tandem"
	return m.do(good, phonelink.Open{Session: s})
}

func (m *ui) sendClip(text string) tea.Cmd {
	to, err := car(m.view, "")
	if err != nil {
		m.say(err.Error(), true)
		return nil
	}
	return m.do("the car can paste it", phonelink.SendClipboard{Device: to.Device, Text: text})
}

func (m *ui) sendFile(text string) tea.Cmd {
	m.tab = tabFiles
	to, err := car(m.view, "")
	if err != nil {
		m.say(err.Error(), true)
		return nil
	}
	path := m.c.p.path(text)
	return m.beside("on its way", func(ctx context.Context) error {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("send: %w", err)
		}
		if !info.Mode().IsRegular() {
			return errors.New("that is no file; pack a folder first")
		}
		return m.c.do(ctx, phonelink.SendFile{Device: to.Device, Path: path})
	})
}

// pair takes the text of a code, or an address and a comparison.
func (m *ui) pair(text string) tea.Cmd {
	return m.beside("paired", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		if host, port, ok := strings.Cut(text, ":"); ok && port != "" && !strings.ContainsAny(port, ":/?") && host != "tandem" {
			return explain(m.c.node.PairCode(ctx, text, m.ask))
		}
		return explain(m.c.node.PairWith(ctx, text))
	})
}
