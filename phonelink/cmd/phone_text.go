package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"tandem/phonelink"
	"tandem/phonelink/player"
)

// clean is a peer's text on one line, without what a terminal would obey.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
}

// short is the end of an id, which differs where the beginning is the time.
func short(id phonelink.SessionID) string { return id.String()[20:] }

// titleOf is what a person calls a session.
func titleOf(s *phonelink.SessionView) string {
	if t := clean(s.Title); t != "" {
		return t
	}
	switch d := s.Doc.(type) {
	case *phonelink.MediaDoc:
		if t := trackOf(d); t != nil && t.Title != "" {
			return clean(t.Title)
		} else if t != nil {
			return clean(base(t.URL))
		}
	case *phonelink.NavigationDoc:
		return placeText(d.Destination)
	case *phonelink.CallDoc:
		return clean(orElse(d.Name, d.Number))
	case *phonelink.DraftDoc:
		return cut(clean(orElse(d.Text, "empty message")), 40)
	case *phonelink.PageDoc:
		return clean(orElse(d.Title, d.URL))
	case *phonelink.ClipboardDoc:
		if strings.HasPrefix(d.MIME, "text/") {
			return cut(clean(string(d.Data)), 40)
		}
		return clean(d.MIME)
	case *phonelink.FileDoc:
		return clean(d.Name)
	case *phonelink.SceneDoc:
		return clean(d.Entity)
	}
	return s.Kind.String()
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func base(url string) string {
	url = strings.TrimRight(url, "/")
	return url[strings.LastIndexByte(url, '/')+1:]
}

func trackOf(d *phonelink.MediaDoc) *phonelink.Track {
	if d.Index < 0 || d.Index >= len(d.Queue) {
		return nil
	}
	return &d.Queue[d.Index]
}

func placeText(p phonelink.Place) string {
	if n := clean(p.Name); n != "" {
		return n
	}
	return fmt.Sprintf("%.5f, %.5f", p.Latitude, p.Longitude)
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n && n > 0 {
		return string(r[:n-1]) + "…"
	}
	return s
}

// clock is a position or length, as a player shows it.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// where is on which side a session is.
func where(v *phonelink.View, s *phonelink.SessionView) string {
	if s.Local {
		return "here"
	}
	return peerName(v, s.Owner())
}

// peerName is what a person calls a device.
func peerName(v *phonelink.View, d phonelink.Device) string {
	for i := range v.Phones {
		if v.Phones[i].Device == d {
			return clean(v.Phones[i].Name)
		}
	}
	if d == v.Self {
		return "here"
	}
	return cut(string(d), 10)
}

// doing is what a session does, in a few words.
func doing(v *phonelink.View, s *phonelink.SessionView, now time.Time) string {
	var out []string
	switch d := s.Doc.(type) {
	case *phonelink.MediaDoc:
		word := "paused"
		if d.Playing {
			word = "playing"
		}
		at := clock(player.Where(d, now))
		if t := trackOf(d); t != nil && t.Length > 0 {
			at += "/" + clock(t.Length)
		}
		out = append(out, word+" "+at)
	case *phonelink.NavigationDoc:
		if !d.Arrival.IsZero() {
			out = append(out, "arrives "+d.Arrival.Local().Format("15:04"))
		}
		if d.Active && d.Arrival.IsZero() {
			out = append(out, "guiding")
		}
		if d.Walking {
			out = append(out, "on foot")
		}
	case *phonelink.DraftDoc:
		if d.Sent {
			out = append(out, "sent")
		}
	case *phonelink.PageDoc:
		out = append(out, fmt.Sprintf("%.0f %% read", d.Scroll))
	case *phonelink.FileDoc:
		if d.Have > 0 && d.Have < d.Size {
			out = append(out, fmt.Sprintf("%d %% of", 100*d.Have/d.Size))
		}
		out = append(out, bytesText(d.Size))
	}
	switch s.Handoff {
	case phonelink.Preparing:
		out = append(out, "getting ready to move")
	case phonelink.Moving:
		out = append(out, "moving")
	}
	if s.Alone && !s.Local {
		out = append(out, "out of reach")
	}
	if s.Copy {
		out = append(out, "a copy")
	}
	if left := s.TakeBack.Sub(now); left > 0 {
		out = append(out, "back "+clock(left))
	}
	return strings.Join(out, ", ")
}

// sessionJSON is a session on a line of --json: times in seconds.
type sessionJSON struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Title    string   `json:"title"`
	Here     bool     `json:"here"`
	Owner    string   `json:"owner"`
	Name     string   `json:"owner_name"`
	Epoch    uint64   `json:"epoch"`
	Handoff  string   `json:"handoff"`
	Render   bool     `json:"render"`
	Alone    bool     `json:"alone"`
	Copy     bool     `json:"copy"`
	TakeBack float64  `json:"take_back_s"`
	Playing  *bool    `json:"playing,omitempty"`
	Position *float64 `json:"position_s,omitempty"`
	Length   *float64 `json:"length_s,omitempty"`
	URL      string   `json:"url,omitempty"`
	Lat      *float64 `json:"latitude,omitempty"`
	Lon      *float64 `json:"longitude,omitempty"`
	Text     *string  `json:"text,omitempty"`
}

var handoffNames = map[phonelink.HandoffState]string{phonelink.Settled: "settled", phonelink.Preparing: "preparing", phonelink.Moving: "moving"}

func jsonOf(v *phonelink.View, s *phonelink.SessionView, now time.Time) sessionJSON {
	j := sessionJSON{
		ID: s.ID.String(), Kind: s.Kind.String(), Title: titleOf(s), Here: s.Local, Owner: string(s.Owner()), Name: where(v, s),
		Epoch: s.Rev.Epoch.N, Handoff: handoffNames[s.Handoff], Render: s.Render, Alone: s.Alone, Copy: s.Copy,
	}
	if left := s.TakeBack.Sub(now); left > 0 {
		j.TakeBack = seconds(left)
	}
	switch d := s.Doc.(type) {
	case *phonelink.MediaDoc:
		pos := seconds(player.Where(d, now))
		j.Playing, j.Position = &d.Playing, &pos
		if t := trackOf(d); t != nil {
			length := seconds(t.Length)
			j.URL, j.Length = t.URL, &length
		}
	case *phonelink.NavigationDoc:
		j.Lat, j.Lon = &d.Destination.Latitude, &d.Destination.Longitude
	case *phonelink.DraftDoc:
		j.Text = &d.Text
	case *phonelink.PageDoc:
		j.URL = d.URL
	case *phonelink.ClipboardDoc:
		text := string(d.Data)
		j.Text = &text
	}
	return j
}

// seconds is a time for --json, to the millisecond.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

// printJSON writes one object on one line.
func printJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }

// jsonFlag gives a subcommand --json.
func (p *phone) jsonFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print objects of JSON, one per line")
	return cmd
}

// table writes rows in columns.
func table(w io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i >= len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-len([]rune(cell))+2)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// stampOf is the hybrid logical time of a moment, without a counter.
func stampOf(t time.Time) phonelink.Stamp { return phonelink.Stamp(t.UnixMilli()) << 16 }
