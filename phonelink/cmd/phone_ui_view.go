package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"tandem/phonelink"
	"tandem/phonelink/player"
)

// styles are the colours of the screen: by the terminal's own palette, so that
// light and dark ones both can be read, and without any under NO_COLOR.
type styles struct {
	title, dim, tab, tabOn, row, rowOn, here, there, good, warn, bad, key, bar, barRest, frame lipgloss.Style
}

func newStyles(r *lipgloss.Renderer) styles {
	color := func(light, dark string) lipgloss.TerminalColor {
		return lipgloss.AdaptiveColor{Light: light, Dark: dark}
	}
	accent, grey := color("25", "75"), color("243", "245")
	base := r.NewStyle()
	return styles{
		title: base.Bold(true).Foreground(accent), dim: base.Foreground(grey),
		tab: base.Foreground(grey), tabOn: base.Bold(true).Underline(true).Foreground(accent),
		row: base, rowOn: base.Bold(true).Background(color("254", "237")),
		here: base.Foreground(color("28", "114")), there: base.Foreground(color("130", "215")),
		good: base.Foreground(color("28", "114")), warn: base.Foreground(color("130", "215")), bad: base.Foreground(color("160", "210")),
		key: base.Bold(true).Foreground(accent), bar: base.Foreground(accent), barRest: base.Foreground(color("250", "240")),
		frame: base.Foreground(color("250", "240")),
	}
}

// fit makes a plain text exactly n cells wide.
func fit(s string, n int) string {
	if n <= 0 {
		return ""
	}
	w := lipgloss.Width(s)
	if w <= n {
		return s + strings.Repeat(" ", n-w)
	}
	var b strings.Builder
	at := 0
	for _, r := range s {
		rw := lipgloss.Width(string(r))
		if at+rw > n-1 {
			break
		}
		b.WriteRune(r)
		at += rw
	}
	b.WriteString("…")
	return b.String() + strings.Repeat(" ", n-1-at)
}

// View is part of tea.Model.
func (m *ui) View() string {
	if m.w < 40 || m.h < 10 {
		return "The window is too small: 40 columns and 10 lines are needed."
	}
	head := []string{m.header(), m.tabLine(), m.s.frame.Render(strings.Repeat("─", m.w))}
	foot := m.footer()
	room := m.h - len(head) - len(foot)
	body := m.body(room)
	if len(body) > room {
		body = body[:room]
	}
	for len(body) < room {
		body = append(body, "")
	}
	return strings.Join(append(append(head, body...), foot...), "\n")
}

// header says who this is and how the car is reached.
func (m *ui) header() string {
	left := " Tandem  " + clean(m.view.Name)
	text, style := "not paired", m.s.dim
	for i := range m.view.Phones {
		ph := &m.view.Phones[i]
		mark := "○ "
		switch ph.Presence {
		case phonelink.Linked:
			mark, style = "● ", m.s.good
		case phonelink.Quiet, phonelink.Connecting:
			mark, style = "◐ ", m.s.warn
		default:
			style = m.s.dim
		}
		text = mark + clean(ph.Name) + "  " + presenceText(ph, m.now)
		if ph.Presence == phonelink.Linked {
			break
		}
	}
	if m.view.Trouble != "" {
		text, style = "✗ "+clean(m.view.Trouble), m.s.bad
	}
	width := lipgloss.Width(text)
	if width > m.w/2 {
		width = m.w / 2
	}
	return m.s.title.Render(fit(left, m.w-width-1)) + style.Render(fit(text, width)) + " "
}

func (m *ui) tabLine() string {
	line := " "
	for i, name := range tabNames {
		style, gap := m.s.tab, "   "
		if tab(i) == m.tab {
			style = m.s.tabOn
		} else if m.w < 72 {
			name = "" // no room but for the page that is open
		}
		if name != "" {
			name = " " + style.Render(name)
		}
		line += m.s.dim.Render(fmt.Sprint(i+1)) + name + gap
	}
	return strings.TrimRight(line, " ")
}

// para is a text in lines of the window's width, indented; words between
// asterisks are keys.
func (m *ui) para(indent int, text string) (lines []string) {
	line, width := strings.Repeat(" ", indent), indent
	for i, word := range strings.Fields(text) {
		plain := strings.ReplaceAll(word, "*", "")
		w := lipgloss.Width(plain)
		if i > 0 && width+1+w >= m.w {
			lines = append(lines, line)
			line, width = strings.Repeat(" ", indent), indent
		} else if i > 0 {
			line, width = line+" ", width+1
		}
		if before, rest, ok := strings.Cut(word, "*"); ok {
			key, after, _ := strings.Cut(rest, "*")
			word = before + m.s.key.Render(key) + after
		}
		line, width = line+word, width+w
	}
	return append(lines, line)
}

// body is the page, of at most room lines.
func (m *ui) body(room int) []string {
	switch {
	case m.same != nil:
		return m.compareBody()
	case m.help:
		return m.helpBody()
	case m.edit != nil:
		return m.editBody(room)
	case len(m.view.Phones) == 0 && (m.tab == tabSessions && len(m.view.Sessions) == 0 || m.tab == tabCar):
		return m.welcome()
	}
	lines := m.offers()
	switch m.tab {
	case tabFiles:
		return append(lines, m.files()...)
	case tabCar:
		return append(lines, m.cars()...)
	}
	return append(lines, m.sessions(room-len(lines))...)
}

func (m *ui) welcome() []string {
	lines := []string{"", m.s.title.Render("  Pair with your car"), ""}
	lines = append(lines, m.para(2, "1 Park, and open Phones, Add phone on the car's screen.")...)
	lines = append(lines, m.para(2, "2 Press *a* here and paste the text of the code that it shows. No way to copy it? Give the car's HOST:PORT in place of the text, and compare six digits on both screens.")...)
	lines = append(lines, "")
	return append(lines, m.para(2, "Until then music (*o*), places (*g*) and messages (*m*) wait here.")...)
}

func (m *ui) compareBody() []string {
	return []string{
		"", m.s.title.Render("  Compare with the car's screen"), "",
		"      " + m.s.key.Render(grouped(m.same.digits)), "",
		"  Does the car show exactly these?", "",
		"  " + m.s.key.Render("y") + " yes, pair", "  " + m.s.key.Render("n") + " no: somebody may be between",
	}
}

// offers are what waits for a yes, above every page.
func (m *ui) offers() (lines []string) {
	for i := range m.view.Offers {
		o := &m.view.Offers[i]
		why := map[phonelink.OfferWhy]string{
			phonelink.OfferSent: "sends you", phonelink.OfferGetIn: "as you get in:", phonelink.OfferGetOut: "as you leave:",
			phonelink.OfferReturned: "is back, with", phonelink.OfferCollision: "was changed on both sides:",
		}[o.Why]
		text := fmt.Sprintf(" %s %s %s", peerName(m.view, o.From), why, titleOf(&o.Session))
		keys := ""
		if i == 0 {
			keys = "y take  N decline "
		}
		lines = append(lines, m.s.warn.Render(fit(text, m.w-len(keys)))+m.s.key.Render(keys))
	}
	if lines != nil {
		lines = append(lines, "")
	}
	return lines
}

var kindMarks = map[phonelink.Kind]string{
	phonelink.Media: "♪", phonelink.Navigation: "◎", phonelink.Call: "☏", phonelink.Draft: "✎", phonelink.Page: "▤",
	phonelink.Clipboard: "▣", phonelink.File: "▦", phonelink.Scene: "⌂",
}

// sessions is the list of the page, scrolled to the chosen one.
func (m *ui) sessions(room int) []string {
	list := m.listed()
	if len(list) == 0 {
		return append([]string{""}, m.para(2, map[tab]string{
			tabSessions: "Nothing is under way. *o* plays music, *g* picks a place, *m* begins a message.",
			tabPlaces:   "No destination yet. *g* picks one, by coordinates, a geo: address or a name.",
			tabMessages: "No message is being written. *m* begins one; it is kept whatever happens.",
		}[m.tab])...)
	}
	at := min(m.sel[m.tab], len(list)-1)
	first := max(0, min(at-room/2, len(list)-room))
	var lines []string
	for i := first; i < len(list) && len(lines) < room; i++ {
		lines = append(lines, m.row(list[i], i == at))
	}
	return lines
}

func (m *ui) row(s *phonelink.SessionView, on bool) string {
	side, style := where(m.view, s), m.s.there
	if s.Local {
		style = m.s.here
	}
	sideW := 14
	doingW := min(34, m.w/3+4)
	titleW := m.w - 4 - sideW - doingW - 2
	text := fit(titleOf(s), titleW)
	mark, base := "  ", m.s.row
	if on {
		mark, base = "▸ ", m.s.rowOn
		style = style.Inherit(m.s.rowOn)
	}
	return base.Render(" "+mark) + base.Render(kindMarks[s.Kind]+" ") + base.Render(text+" ") + style.Render(fit(side, sideW)) +
		base.Inherit(m.s.dim).Render(fit(doing(m.view, s, m.now), doingW))
}

func (m *ui) files() []string {
	lines := []string{m.s.title.Render(" Clipboard")}
	if text, ok := clipboard(m.view); ok {
		lines = append(lines, "   "+fit(clean(text), m.w-4))
	} else {
		lines = append(lines, m.s.dim.Render(fit("   nothing was copied in ten minutes", m.w)))
	}
	lines = append(lines, "", m.s.title.Render(" Files"))
	if len(m.view.Transfers) == 0 {
		lines = append(lines, m.s.dim.Render("   none on their way"))
	}
	for i, t := range m.view.Transfers {
		mark, base := "   ", m.s.row
		if i == min(m.sel[tabFiles], len(m.view.Transfers)-1) {
			mark, base = " ▸ ", m.s.rowOn
		}
		lines = append(lines, base.Render(mark+fit(clean(t.Name), m.w/2-4)+" "+fit(transferText(t), m.w-m.w/2-1)))
	}
	return lines
}

func (m *ui) cars() (lines []string) {
	for i := range m.view.Phones {
		ph := &m.view.Phones[i]
		values := m.values
		if to, err := car(m.view, ""); err != nil || to.Device != ph.Device {
			values = nil // they are another car's
		}
		for j, line := range carLines(ph, values, m.now) {
			switch {
			case j > 0:
				lines = append(lines, "     "+fit(line, m.w-6))
			case i == min(m.sel[tabCar], len(m.view.Phones)-1):
				lines = append(lines, m.s.rowOn.Render(fit(" ▸ "+line, m.w)))
			default:
				lines = append(lines, fit("   "+line, m.w))
			}
		}
		lines = append(lines, "")
	}
	return append(lines, m.s.dim.Render(fit("   "+string(m.view.Self), m.w-1)))
}

// editBody is the message with its cursor, in lines as wide as the window.
func (m *ui) editBody(room int) []string {
	e, width := m.edit, max(10, m.w-4)
	var lines []string
	line, cells, cursorAt := "  ", 0, 0
	flush := func() { lines, line, cells = append(lines, line), "  ", 0 }
	for i := 0; i <= len(e.text); i++ {
		r := ' '
		if i < len(e.text) {
			r = e.text[i]
		}
		shown := string(r)
		if r == '\n' {
			shown = " "
		}
		w := lipgloss.Width(shown)
		if cells+w > width {
			flush()
		}
		if i == e.cursor {
			cursorAt = len(lines)
			shown = m.s.rowOn.Reverse(true).Render(shown)
		} else if i == len(e.text) || r == '\n' {
			shown = ""
		}
		line, cells = line+shown, cells+w
		if r == '\n' {
			flush()
		}
	}
	flush()
	title := " Message"
	if s := sessionOf(m.view, e.id); s != nil {
		title = " " + titleOf(s) + "  (" + where(m.view, s) + ")"
	}
	state := "saved"
	if !e.changed.IsZero() {
		state = "typing"
	}
	if e.gone {
		state = "the message has ended; its text is only here"
	}
	top := m.s.title.Render(fit(title, m.w-lipgloss.Width(state)-2)) + m.s.dim.Render(state+" ")
	room -= 2
	first := max(0, min(cursorAt-room/2, len(lines)-room))
	return append([]string{top, ""}, lines[first:min(len(lines), first+room)]...)
}

// footer is what plays, a question or a message, and the keys.
func (m *ui) footer() []string {
	lines := []string{m.s.frame.Render(strings.Repeat("─", m.w))}
	lines = append(lines, m.playing()...)
	switch {
	case m.prompt != nil:
		return append(lines, m.promptLines()...)
	case m.now.Before(m.until):
		style := m.s.good
		if m.bad {
			style = m.s.bad
		}
		lines = append(lines, style.Render(fit(" "+m.toast, m.w)))
	default:
		lines = append(lines, "")
	}
	return append(lines, m.keys())
}

func (m *ui) promptLines() []string {
	p := m.prompt
	label := " " + p.label + ": "
	width := max(8, m.w-lipgloss.Width(label)-1)
	from := max(0, p.cursor-width+1)
	before, after := string(p.text[from:p.cursor]), string(p.text[p.cursor:])
	under := " "
	if p.cursor < len(p.text) {
		under, after = string(p.text[p.cursor]), string(p.text[p.cursor+1:])
	}
	hint := p.hint + "  ·  enter takes it, esc leaves"
	room := max(0, width-lipgloss.Width(before)-1)
	return []string{
		m.s.key.Render(label) + before + m.s.rowOn.Reverse(true).Render(under) + strings.TrimRight(fit(after, room), " "),
		m.s.dim.Render(fit(" "+hint, m.w)),
	}
}

// playing is the player: two lines.
func (m *ui) playing() []string {
	s, doc, err := current(m.view)
	if err != nil {
		return []string{m.s.dim.Render(" ♪ nothing plays"), ""}
	}
	side := where(m.view, s)
	t := trackOf(doc)
	title, length := titleOf(s), time.Duration(0)
	if t != nil {
		length = t.Length
		if t.Title != "" {
			title = clean(t.Title)
		}
		if t.Artist != "" {
			title += " · " + clean(t.Artist)
		}
	}
	mark := "❚❚"
	if doc.Playing {
		mark = "▶ "
	}
	pos := player.Where(doc, m.now)
	times := fmt.Sprintf(" %s ", clock(pos))
	rest := fmt.Sprintf(" %s  vol %3.0f %% ", "--:--", 100*doc.Volume)
	share := 0.0
	if length > 0 {
		rest = fmt.Sprintf(" %s  vol %3.0f %% ", clock(length), 100*doc.Volume)
		share = min(1, pos.Seconds()/length.Seconds())
	}
	width := max(4, m.w-len(times)-len(rest)-1)
	done := int(share * float64(width))
	style := m.s.there
	if s.Local {
		style = m.s.here
	}
	sideW := min(24, lipgloss.Width(side)+4)
	return []string{
		m.s.title.Render(" "+mark+" "+fit(title, m.w-sideW-5)) + style.Render(fit(" "+side, sideW)),
		times + m.s.bar.Render(strings.Repeat("━", done)) + m.s.barRest.Render(strings.Repeat("─", width-done)) + m.s.dim.Render(rest),
	}
}

// keys are the keys that do something now, as many as there is room for.
func (m *ui) keys() string {
	var list [][2]string
	switch {
	case m.same != nil:
		list = [][2]string{{"y", "same"}, {"n", "different"}}
	case m.edit != nil:
		list = [][2]string{{"esc", "keep"}, {"ctrl+s", "send it"}, {"ctrl+u", "erase to the start"}}
	default:
		list = m.pageKeys()
	}
	line, width := " ", 1
	for _, k := range list {
		w := lipgloss.Width(k[0]) + lipgloss.Width(k[1]) + 3
		if width+w > m.w {
			break
		}
		line, width = line+m.s.key.Render(k[0])+" "+m.s.dim.Render(k[1])+"  ", width+w
	}
	return line
}

func (m *ui) pageKeys() (list [][2]string) {
	if s := m.selected(); s != nil {
		if s.Local {
			list = append(list, [2]string{"s", "send"})
		} else {
			list = append(list, [2]string{"t", "take"})
		}
		if s.TakeBack.After(m.now) {
			list = append(list, [2]string{"b", "take back"})
		}
		if s.Kind == phonelink.Draft {
			list = append(list, [2]string{"enter", "write"}, [2]string{"d", "send it"})
		}
		list = append(list, [2]string{"x", "end"})
	}
	if _, _, err := current(m.view); err == nil {
		list = append(list, [2]string{"space", "play/pause"})
	}
	switch m.tab {
	case tabSessions:
		list = append(list, [2]string{"o", "play"}, [2]string{"g", "go"}, [2]string{"m", "message"})
	case tabPlaces:
		list = append(list, [2]string{"g", "go"})
	case tabMessages:
		list = append(list, [2]string{"m", "message"})
	case tabFiles:
		list = append(list, [2]string{"c", "copy there"}, [2]string{"f", "send file"})
	case tabCar:
		list = append(list, [2]string{"e", "ask it"}, [2]string{"a", "pair"}, [2]string{"u", "forget"})
	}
	return append(list, [2]string{"?", "help"}, [2]string{"q", "quit"})
}

func (m *ui) helpBody() []string {
	rows := [][2]string{
		{"1-5, tab", "page"}, {"↑ ↓", "choose"}, {"", ""},
		{"t", "take: go on here"}, {"s", "send: go on in the car"}, {"b", "take back, for ten minutes"}, {"x", "end for good"}, {"enter", "send, take, or write"}, {"y  N", "say yes or no to an offer"}, {"", ""},
		{"space", "play or pause"}, {"n  p", "next, previous"}, {",  .", "10 s back, on"}, {"+  -", "louder, quieter"}, {"", ""},
		{"o", "play a file or address"}, {"g", "go to a place"}, {"m", "write a message"}, {"w", "web page"}, {"c", "text for the car's clipboard"}, {"f", "send a file"}, {"a", "pair with a car"}, {"e", "ask the car for something"}, {"q", "quit"},
	}
	half := (len(rows) + 1) / 2
	if m.h > 32 {
		half = len(rows)
	}
	var lines []string
	for i := range half {
		line := " "
		for j := i; j < len(rows); j += half {
			line += m.s.key.Render(fit(rows[j][0], 9)) + " " + fit(rows[j][1], max(8, (m.w-2)/2-12)) + " "
		}
		lines = append(lines, line)
	}
	return lines
}
