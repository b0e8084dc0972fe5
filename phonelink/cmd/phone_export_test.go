package cmd

import (
	"context"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/spf13/cobra"

	"tandem/phonelink"
)

// PhoneNode is phoneNode, for tests.
type PhoneNode = phoneNode

// PhoneCommand is the command on a node of the test's.
func PhoneCommand(open func(data, name string) (PhoneNode, error)) *cobra.Command {
	return (&phone{open: func(c phoneConfig) (phoneNode, error) { return open(c.data, c.name) }}).command()
}

// OpenPhoneNode is the node that the command has.
func OpenPhoneNode(data, name, listen string) (PhoneNode, error) {
	return openPhoneNode(phoneConfig{data: data, name: name, listen: listen})
}

// Screen is the terminal's screen without a terminal.
type Screen struct{ m *ui }

// NewScreen makes a screen of so many cells on a node.
func NewScreen(ctx context.Context, n PhoneNode, w, h int) *Screen {
	c := &companion{p: &phone{}, node: n}
	s := &Screen{m: newUI(ctx, c, lipgloss.NewRenderer(new(strings.Builder)))}
	s.m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	return s
}

// Attach is the node of the companion that is running with its socket in dir.
func Attach(dir string) (PhoneNode, error) {
	c, err := (&phone{run: dir, data: dir}).attach()
	if err != nil {
		return nil, err
	}
	return c.node, nil
}

// Show is the text of the screen at a moment.
func (s *Screen) Show(v *phonelink.View, now time.Time) string {
	s.m.Update(viewMsg{v})
	s.m.now = now
	return s.m.View()
}

// Keys types, and waits for what the keys started.
func (s *Screen) Keys(keys ...string) {
	for _, k := range keys {
		msg, ok := map[string]tea.KeyMsg{
			"enter": {Type: tea.KeyEnter}, "esc": {Type: tea.KeyEsc}, "tab": {Type: tea.KeyTab}, "up": {Type: tea.KeyUp}, "down": {Type: tea.KeyDown},
			"left": {Type: tea.KeyLeft}, "right": {Type: tea.KeyRight}, "backspace": {Type: tea.KeyBackspace}, "home": {Type: tea.KeyHome}, "end": {Type: tea.KeyEnd},
			"ctrl+s": {Type: tea.KeyCtrlS}, "space": {Type: tea.KeySpace, Runes: []rune{' '}},
		}[k]
		if !ok {
			msg = tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		}
		_, cmd := s.m.Update(msg)
		s.run(cmd)
		s.m.Update(viewMsg{s.m.c.view()})
	}
}

func (s *Screen) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			s.run(c)
		}
	case nil:
	default:
		s.m.Update(msg)
	}
}

// Exported for tests.
var (
	PlaceArg = placeArg
	SeekTo   = seekTo
	Clean    = clean
	Fit      = fit
)
