package kdeconnect

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// Limits of files.
const (
	maxWaiting  = 256 // transfers of one phone that are not finished
	maxFinished = 50  // finished ones that stay listed
)

// transfer is a file on its way. The loop's goroutine reports its progress.
type transfer struct{ phonelink.Transfer }

// share takes a file, a text or a link.
func (s *state) share(now time.Time, p *phone, pk packet.Packet, b *packet.Share, load payload) {
	switch {
	case load != nil && s.profile == phonelink.Guest:
	case load != nil:
		s.receive(p, pk, b, load)
	case b.URL != "":
		s.shared(now, p, b.URL)
	case b.Text != "":
		s.shared(now, p, b.Text)
	}
}

// receive lists the file and lets it be fetched. A payload that is not fetched
// costs nothing: the phone gives up waiting.
func (s *state) receive(p *phone, pk packet.Packet, b *packet.Share, load payload) {
	waiting := 0
	for _, t := range s.transfers {
		if t.Device == p.device && !t.Finished && t.Problem == "" {
			waiting++
		}
	}
	t := s.transfer(p, fileName(b.Filename), *pk.PayloadSize, true)
	if waiting >= maxWaiting {
		t.Problem = "too many files at once"
		return
	}
	s.out = append(s.out, fetchEffect{t, load})
}

// transfer lists a file. The oldest that are over make room.
func (s *state) transfer(p *phone, name string, size int64, incoming bool) *transfer {
	s.counter++
	t := &transfer{Transfer: phonelink.Transfer{ID: fmt.Sprintf("kde-%d", s.counter), Device: p.device, Name: name, Size: size, Incoming: incoming}}
	over := 0
	for i := len(s.transfers) - 1; i >= 0; i-- {
		if o := s.transfers[i]; o.Finished || o.Problem != "" {
			if over++; over >= maxFinished {
				s.transfers = slices.Delete(s.transfers, i, i+1)
			}
		}
	}
	s.transfers = append(s.transfers, t)
	return t
}

// progress is what the fetching or sending goroutine reports.
type progress struct {
	transfer *transfer
	done     int64
	path     string // of a received file
	err      error
	finished bool
}

func (s *state) progress(now time.Time, g progress) {
	t := g.transfer
	if !slices.Contains(s.transfers, t) {
		return
	}
	t.Done = max(t.Done, g.done)
	switch {
	case g.err != nil && t.Problem == "":
		t.Problem = problem(g.err)
	case g.finished && g.err == nil:
		t.Finished, t.Path, t.Size = true, g.path, t.Done
		if t.Incoming {
			s.deliver(t.Device, phonelink.Session{Kind: phonelink.File, Title: t.Name, App: s.nameOf(t.Device),
				Doc: &phonelink.FileDoc{Name: t.Name, Size: t.Size, Have: t.Done}}, g.path)
		}
	}
}

func (s *state) deliver(from phonelink.Device, session phonelink.Session, path string) {
	session.Profile = s.profile
	s.out = append(s.out, deliverEffect{phonelink.Incoming{From: from, Session: session, Path: path}})
}

// shared turns a text or a link into what a person may take: a destination, a
// page, or a text to paste. Nothing is opened here.
func (s *state) shared(now time.Time, p *phone, text string) {
	text = clean(strings.TrimSpace(text), packet.MaxText)
	if text == "" {
		return
	}
	for _, word := range append([]string{text}, strings.Fields(text)...) {
		if to, ok := placeOf(word); ok {
			s.destination(p, to, word, text)
			return
		}
	}
	if s.profile == phonelink.Guest {
		return
	}
	if u, ok := pageURL(text); ok {
		s.deliver(p.device, phonelink.Session{Kind: phonelink.Page, Title: line(u.Hostname()+u.Path, maxTitle), App: p.name, URI: text, Web: web(u, text),
			Doc: &phonelink.PageDoc{URL: text}}, "")
		return
	}
	title, _, _ := strings.Cut(text, "\n")
	s.deliver(p.device, clipboardSession(now, p, line(title, maxTitle), text), "")
}

// destination offers a way to a place. Its name is the link's, or the first
// line of the text that the link stood in.
func (s *state) destination(p *phone, to phonelink.Place, link, text string) {
	if to.Name == "" && text != link {
		first, _, _ := strings.Cut(text, "\n")
		to.Name = line(strings.ReplaceAll(first, link, ""), maxTitle)
	}
	title := to.Name
	if title == "" {
		title = fmt.Sprintf("%.5f, %.5f", to.Latitude, to.Longitude)
	}
	out := phonelink.Session{Kind: phonelink.Navigation, Title: title, App: p.name, URI: link, Doc: &phonelink.NavigationDoc{Destination: to}}
	if u, ok := pageURL(link); ok {
		out.Web = web(u, link)
	}
	s.deliver(p.device, out, "")
}

// pageURL reads a link to a page. Only http and https are opened by anybody:
// file:, intent: and javascript: are texts here.
func pageURL(text string) (*url.URL, bool) {
	if strings.ContainsAny(text, " \n\t") {
		return nil, false
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, false
	}
	return u, true
}

// web is the link where it is https, as a session's Web must be.
func web(u *url.URL, text string) string {
	if u.Scheme != "https" {
		return ""
	}
	return text
}

// sendText shares a text or a link with the phone.
func (s *state) sendText(now time.Time, p *phone, text string) error {
	body := &packet.Share{Text: text}
	if _, ok := pageURL(text); ok || len(text) > 4 && strings.EqualFold(text[:4], "geo:") && !strings.ContainsAny(text, " \n\t") {
		body = &packet.Share{URL: text}
	}
	if strings.TrimSpace(text) == "" {
		return refuse(phonelink.RefusedMismatch, "There is nothing to send.")
	}
	return s.tell(now, p, body)
}

// sendFile offers a file to the phone.
func (s *state) sendFile(now time.Time, p *phone, file *os.File, info os.FileInfo) error {
	body := &packet.Share{Filename: fileName(filepath.Base(file.Name())), Modified: info.ModTime().UnixMilli(), Files: 1, TotalBytes: info.Size()}
	pk, err := s.pack(now, p, body)
	if err != nil {
		return err
	}
	s.out = append(s.out, offerEffect{s.transfer(p, body.Filename, info.Size(), false), file, pk})
	return nil
}

// cancel stops a transfer, on its way or waiting.
func (s *state) cancel(id string) error {
	for _, t := range s.transfers {
		if t.ID == id {
			if !t.Finished && t.Problem == "" {
				t.Problem = "cancelled"
				s.out = append(s.out, stopEffect{t})
			}
			return nil
		}
	}
	return refuse(phonelink.RefusedUnknown, "There is no such transfer.")
}
