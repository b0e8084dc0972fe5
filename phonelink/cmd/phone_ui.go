package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/spf13/cobra"

	"tandem/phonelink"
	"tandem/vehicle"
)

// screen runs the companion with its screen in the terminal.
func (p *phone) screen(cmd *cobra.Command) error {
	if p.companion != nil {
		return errors.New("a companion is running here already")
	}
	if !isTerminal(cmd.OutOrStdout()) {
		return errors.New("the screen needs a terminal; 'tandem phone serve' does without, 'tandem phone --help' lists subcommands")
	}
	quiet := *p
	quiet.verbose = false
	c, err := quiet.attach()
	if errors.Is(err, errNobody) {
		c, err = quiet.newCompanion(nil)
	}
	if err != nil {
		return err
	}
	return p.aloneWith(cmd.Context(), c, func(ctx context.Context, c *companion) error {
		return runScreen(ctx, c, cmd)
	})
}

// runScreen shows the screen until q, or until ctx ends.
func runScreen(ctx context.Context, c *companion, cmd *cobra.Command) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := newUI(ctx, c, lipgloss.NewRenderer(cmd.OutOrStdout()))
	prog := tea.NewProgram(m, tea.WithContext(ctx), tea.WithAltScreen(), tea.WithInput(cmd.InOrStdin()), tea.WithOutput(cmd.OutOrStdout()), tea.WithoutSignalHandler())
	m.ask = func(digits string) bool {
		reply := make(chan bool, 1)
		prog.Send(compareMsg{digits, reply})
		select {
		case yes := <-reply:
			return yes
		case <-ctx.Done():
			return false
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w := c.node.Watch()
		defer w.Close()
		for {
			prog.Send(viewMsg{w.View()})
			select {
			case <-ctx.Done():
				return
			case <-w.C():
			}
		}
	}()
	_, err := prog.Run()
	cancel()
	<-done
	if errors.Is(err, tea.ErrProgramKilled) {
		return nil // ctx has ended
	}
	return err
}

// Messages of the screen.
type (
	viewMsg    struct{ view *phonelink.View }
	tickMsg    time.Time
	doneMsg    struct{ good, bad string }
	valuesMsg  map[vehicle.Path]vehicle.Value
	compareMsg struct {
		digits string
		reply  chan<- bool
	}
)

// tab is a page of the screen.
type tab int

const (
	tabSessions tab = iota
	tabPlaces
	tabMessages
	tabFiles
	tabCar
	tabs
)

var tabNames = [tabs]string{"Sessions", "Places", "Messages", "Clipboard & files", "Car"}

// ui is the screen's model. One goroutine, bubbletea's, uses it.
type ui struct {
	ctx   context.Context
	c     *companion
	s     styles
	ask   func(digits string) bool // of another goroutine
	view  *phonelink.View
	now   time.Time
	w, h  int
	tab   tab
	sel   [tabs]int
	help  bool
	toast string
	bad   bool // the toast is about something that went wrong
	until time.Time

	values map[vehicle.Path]vehicle.Value // what the car in reach said last
	asked  time.Time                      // when it was asked

	prompt *prompt     // a question at the bottom, nil for none
	edit   *editor     // the message being written, nil for none
	same   *compareMsg // digits to be compared, nil for none
}

func newUI(ctx context.Context, c *companion, r *lipgloss.Renderer) *ui {
	return &ui{ctx: ctx, c: c, s: newStyles(r), view: c.view(), now: time.Now(), w: 80, h: 24}
}

// tick is how often the screen moves by itself.
const tick = 250 * time.Millisecond

func ticking() tea.Cmd {
	return tea.Tick(tick, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// Init is part of tea.Model.
func (m *ui) Init() tea.Cmd { return ticking() }

// Update is part of tea.Model.
func (m *ui) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case viewMsg:
		m.view, m.now = msg.view, time.Now()
		if m.edit != nil {
			m.edit.merge(m.view)
		}
	case tickMsg:
		m.now = time.Time(msg)
		cmds := []tea.Cmd{ticking()}
		if m.edit != nil {
			cmds = append(cmds, m.saveDraft(false))
		}
		if m.tab == tabCar && m.now.Sub(m.asked) > askEvery {
			m.asked = m.now
			cmds = append(cmds, m.askCar())
		}
		return m, tea.Batch(cmds...)
	case valuesMsg:
		m.values = msg
	case doneMsg:
		m.say(msg.good, false)
		if msg.bad != "" {
			m.say(msg.bad, true)
		}
	case compareMsg:
		m.same = &msg
	case tea.KeyMsg:
		return m, m.key(msg)
	}
	return m, nil
}

// say shows a line for some seconds.
func (m *ui) say(text string, bad bool) {
	if text == "" {
		return
	}
	m.toast, m.bad, m.until = clean(text), bad, m.now.Add(4*time.Second)
	if bad {
		m.until = m.now.Add(8 * time.Second)
	}
}

// do carries a request out beside.
func (m *ui) do(good string, r phonelink.Request) tea.Cmd {
	return m.beside(good, func(ctx context.Context) error { return m.c.do(ctx, r) })
}

func (m *ui) beside(good string, f func(context.Context) error) tea.Cmd {
	return func() tea.Msg {
		if err := f(m.ctx); err != nil {
			return doneMsg{bad: err.Error()}
		}
		return doneMsg{good: good}
	}
}

// askEvery is how often the car is asked how it is while its page is open.
const askEvery = 2 * time.Second

// askCar asks the car in reach how it is.
func (m *ui) askCar() tea.Cmd {
	to, err := car(m.view, "")
	if err != nil || to.Presence != phonelink.Linked {
		return nil
	}
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(m.ctx, askEvery)
		defer cancel()
		values, err := m.c.node.CarValues(ctx, to.Device)
		if err != nil {
			return nil // what it said before is still shown, and the link's state above it
		}
		return valuesMsg(values)
	}
}

// key is what a key does: in a question, in the editor, everywhere, or on the
// page.
func (m *ui) key(k tea.KeyMsg) tea.Cmd {
	switch {
	case k.Type == tea.KeyCtrlC:
		return tea.Quit
	case m.same != nil:
		return m.compareKey(k)
	case m.prompt != nil:
		return m.promptKey(k)
	case m.edit != nil:
		return m.editKey(k)
	case m.help:
		m.help = false
		return nil
	}
	switch s := k.String(); s {
	case "q":
		return tea.Quit
	case "?", "h":
		m.help = true
	case "tab", "right", "l":
		m.tab = (m.tab + 1) % tabs
	case "shift+tab", "left":
		m.tab = (m.tab + tabs - 1) % tabs
	case "1", "2", "3", "4", "5":
		m.tab = tab(s[0] - '1')
	case "up", "k":
		m.sel[m.tab] = max(0, m.sel[m.tab]-1)
	case "down", "j":
		m.sel[m.tab] = min(max(0, m.rows()-1), m.sel[m.tab]+1)
	case " ", "n", "p", ",", ".", "+", "-":
		return m.mediaKey(s)
	case "y", "N":
		return m.offerKey(s == "y")
	default:
		return m.pageKey(s)
	}
	return nil
}

// compareKey answers the question whether both screens show the same digits.
func (m *ui) compareKey(k tea.KeyMsg) tea.Cmd {
	switch k.String() {
	case "y", "Y":
		m.same.reply <- true
	case "n", "N", "esc":
		m.same.reply <- false
	default:
		return nil
	}
	m.same = nil
	return nil
}

// offerKey answers the first offer.
func (m *ui) offerKey(yes bool) tea.Cmd {
	if len(m.view.Offers) == 0 {
		return nil
	}
	o := &m.view.Offers[0]
	if yes {
		return m.do(titleOf(&o.Session)+" goes on here", phonelink.Accept{Session: o.Session.ID})
	}
	return m.do("declined", phonelink.Decline{Session: o.Session.ID})
}

// mediaKey controls the current music from every page.
func (m *ui) mediaKey(k string) tea.Cmd {
	s, doc, err := current(m.view)
	if err != nil {
		m.say("nothing to play yet: press o and name a file", true)
		return nil
	}
	var a phonelink.Action
	switch k {
	case " ":
		a = phonelink.Play{Playing: !doc.Playing}
	case "n":
		if a, err = skip(doc, 1); err != nil {
			m.say(err.Error(), true)
			return nil
		}
	case "p":
		a, _ = skip(doc, -1)
	case ",", ".":
		to, _ := seekTo(doc, map[string]string{",": "-10s", ".": "+10s"}[k])
		a = phonelink.Seek{To: to}
	case "+":
		a = phonelink.SetLevel{Volume: min(1, doc.Volume+0.05)}
	case "-":
		a = phonelink.SetLevel{Volume: max(0, doc.Volume-0.05)}
	}
	return m.do("", phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: a}})
}

// listed are the sessions of a page.
func (m *ui) listed() []*phonelink.SessionView {
	var out []*phonelink.SessionView
	for i := range m.view.Sessions {
		s := &m.view.Sessions[i]
		if m.tab == tabSessions || m.tab == tabPlaces && s.Kind == phonelink.Navigation || m.tab == tabMessages && s.Kind == phonelink.Draft {
			out = append(out, s)
		}
	}
	return out
}

// rows is how many lines of the page can be chosen.
func (m *ui) rows() int {
	switch m.tab {
	case tabFiles:
		return len(m.view.Transfers)
	case tabCar:
		return len(m.view.Phones)
	}
	return len(m.listed())
}

// selected is the chosen session of the page; nil for none.
func (m *ui) selected() *phonelink.SessionView {
	list := m.listed()
	if m.tab == tabFiles || m.tab == tabCar || len(list) == 0 {
		return nil
	}
	return list[min(m.sel[m.tab], len(list)-1)]
}

// pageKey is a key of the page.
func (m *ui) pageKey(k string) tea.Cmd {
	if s := m.selected(); s != nil {
		if cmd, ok := m.sessionKey(k, s); ok {
			return cmd
		}
	}
	switch k {
	case "o":
		m.prompt = newPrompt("Play", "a file (MP3, FLAC, Ogg, WAV) or an https address", m.openMedia)
	case "g":
		m.prompt = newPrompt("Go to", "52.5251,13.3694, geo:..., or a name", m.openPlace)
	case "m":
		m.prompt = newPrompt("Message to", "a name or number", m.openDraft)
	case "w":
		m.prompt = newPrompt("Page", "https://...", m.openPage)
	case "c":
		m.prompt = newPrompt("To the car's clipboard", "text", m.sendClip)
	case "f":
		m.prompt = newPrompt("Send file", "path", m.sendFile)
	case "a":
		m.prompt = newPrompt("Pair", "paste the text of the code on the car's screen, or type its HOST:PORT to compare digits", m.pair)
	case "u":
		return m.unpair()
	case "e":
		m.prompt = newPrompt("Ask the car", strings.Join(slices.Sorted(maps.Keys(wishes)), ", ")+"; as in temperature 21", m.wish)
	}
	return nil
}

// wish asks the car for something.
func (m *ui) wish(text string) tea.Cmd {
	args := strings.Fields(text)
	path, v, err := wishArg(args)
	if err != nil {
		m.say(err.Error(), true)
		return nil
	}
	to, err := car(m.view, "")
	if err != nil {
		m.say(err.Error(), true)
		return nil
	}
	return m.beside(text+": done", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		o, err := m.c.node.AskCar(ctx, to.Device, path, v)
		if err == nil && o.State != vehicle.Done {
			err = fmt.Errorf("%s: %s: %s", text, o.State, o.Reason)
		}
		return explain(err)
	})
}

// sessionKey is a key about the chosen session; false if it is none.
func (m *ui) sessionKey(k string, s *phonelink.SessionView) (tea.Cmd, bool) {
	title := titleOf(s)
	switch k {
	case "enter":
		switch {
		case s.Kind == phonelink.Draft:
			m.edit = newEditor(s)
			return nil, true
		case s.Local:
			return m.send(s), true
		}
		return m.do(title+" goes on here", phonelink.Take{Session: s.ID}), true
	case "t":
		if s.Local {
			m.say(title+" is here already; s sends it", true)
			return nil, true
		}
		return m.do(title+" goes on here", phonelink.Take{Session: s.ID}), true
	case "s":
		return m.send(s), true
	case "b":
		return m.do(title+" is back", phonelink.TakeBack{Session: s.ID}), true
	case "x":
		return m.do(title+" has ended", phonelink.End{Session: s.ID}), true
	case "d":
		if s.Kind == phonelink.Draft {
			return m.do("sent", phonelink.Edit{Session: s.ID, Op: phonelink.Op{Act: phonelink.Dispatch{}}}), true
		}
	}
	return nil, false
}

func (m *ui) send(s *phonelink.SessionView) tea.Cmd {
	if !s.Local {
		m.say(titleOf(s)+" is there already; t takes it", true)
		return nil
	}
	to, err := car(m.view, "")
	if err != nil {
		m.say(err.Error(), true)
		return nil
	}
	return m.do(fmt.Sprintf("%s goes on in %s", titleOf(s), clean(to.Name)), phonelink.Send{Session: s.ID, To: to.Device})
}

// unpair asks before it forgets a car.
func (m *ui) unpair() tea.Cmd {
	if m.tab != tabCar || len(m.view.Phones) == 0 {
		return nil
	}
	ph := m.view.Phones[min(m.sel[tabCar], len(m.view.Phones)-1)]
	m.prompt = newPrompt("Forget "+clean(ph.Name)+"?", "type yes; its key is destroyed", func(text string) tea.Cmd {
		if text != "yes" {
			m.say("nothing was changed", false)
			return nil
		}
		return m.do(clean(ph.Name)+" is forgotten", phonelink.Unpair{Device: ph.Device})
	})
	return nil
}
