package kdeconnect

import (
	"math"
	"slices"
	"strings"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// Media is one of this device's own players, as phones see and control it.
type Media struct {
	Session phonelink.SessionID
	Name    string // unique; "" is "Tandem"
	Doc     phonelink.MediaDoc
}

// player is one on a phone, as far as it has been reported.
type player struct {
	phonelink.Player
	asked bool // its state was asked for
	art   art
}

// players takes the list of a phone's players, or the state of one, of which
// what did not change may be missing, or the album art of one.
func (s *state) players(now time.Time, p *phone, b *packet.MPRIS, load payload) {
	if b.HasPlayers() {
		p.listPlayers(b.Players)
		p.sendsArt = b.SupportsArt
	}
	switch {
	case b.TransferringArt:
		s.artComes(p, b, load)
	case b.Player != "":
		s.updatePlayer(now, p, b)
	}
	for _, pl := range p.players {
		if !pl.asked {
			pl.asked = true
			s.hint(now, p, &packet.MPRISRequest{Player: pl.Name, RequestNowPlaying: true, RequestVolume: true})
		}
	}
}

func (p *phone) listPlayers(names []string) {
	p.players = without(p.players, func(pl *player) bool { return !slices.Contains(names, pl.Name) })
	for _, name := range names {
		p.player(name)
	}
}

// player is the one with this name, made if there is room; or nil.
func (p *phone) player(name string) *player {
	if pl := p.playerNamed(name); pl != nil {
		return pl
	}
	if name == "" || len(p.players) == maxPlayers {
		return nil
	}
	pl := &player{Player: phonelink.Player{Name: name, Volume: -1}}
	p.players = append(p.players, pl)
	return pl
}

func (s *state) updatePlayer(now time.Time, p *phone, b *packet.MPRIS) {
	pl := p.player(b.Player)
	if pl == nil {
		return
	}
	titled := func(to *string, from *string, most int) {
		if from != nil {
			*to = line(*from, most)
		}
	}
	said := func(to *bool, from *bool) {
		if from != nil {
			*to = *from
		}
	}
	// Where it is by now, before what has changed is written over it.
	if pl.Playing && !pl.At.IsZero() {
		pl.Position += now.Sub(pl.At)
	}
	pl.At = now
	titled(&pl.Title, b.Title, maxTitle)
	titled(&pl.Artist, b.Artist, maxTitle)
	titled(&pl.Album, b.Album, maxTitle)
	said(&pl.Playing, b.Playing)
	said(&pl.CanPause, b.CanPause)
	said(&pl.CanPlay, b.CanPlay)
	said(&pl.CanNext, b.CanNext)
	said(&pl.CanPrevious, b.CanPrevious)
	said(&pl.CanSeek, b.CanSeek)
	if b.ArtURL != nil {
		s.artNamed(now, p, pl, *b.ArtURL)
	}
	if b.URL != nil {
		pl.URL = playable(*b.URL)
	}
	if b.Position != nil {
		pl.Position = milliseconds(*b.Position)
	}
	if b.Length != nil {
		pl.Length = milliseconds(*b.Length)
	}
	if b.Volume != nil {
		pl.Volume = int(math.Round(*b.Volume))
	}
}

// milliseconds is a time of MPRIS; what is not known is 0.
func milliseconds(ms float64) time.Duration {
	const most = float64(1000 * time.Hour / time.Millisecond)
	return time.Duration(max(0, min(ms, most)) * float64(time.Millisecond))
}

// playable is the URL if another device can open it, and "" if not: a file of
// the phone's is no use here.
func playable(url string) string {
	if l := strings.ToLower(url); strings.HasPrefix(l, "https://") || strings.HasPrefix(l, "http://") {
		return line(url, 4096)
	}
	return ""
}

// controls are the actions of phonelink.Control in MPRIS's words.
var controls = map[string]string{"play": "Play", "pause": "Pause", "next": "Next", "previous": "Previous", "stop": "Stop"}

// controlPlayer carries a Control out. With Player "" volume is that of the
// device's output.
func (s *state) controlPlayer(now time.Time, p *phone, r phonelink.Control) error {
	if r.Player == "" && r.Action == "volume" {
		return s.setVolume(now, p, "", r.Volume)
	}
	i := slices.IndexFunc(p.players, func(pl *player) bool { return pl.Name == r.Player })
	if i < 0 {
		return refuse(phonelink.RefusedUnknown, "%s has no player %q.", p.name, r.Player)
	}
	body := &packet.MPRISRequest{Player: r.Player}
	switch {
	case controls[r.Action] != "":
		body.Action = controls[r.Action]
	case r.Action == "seek":
		ms := float64(max(0, r.Seek.Milliseconds()))
		body.SetPosition = &ms
	case r.Action == "volume":
		v := float64(max(0, min(r.Volume, 100)))
		body.SetVolume = &v
	default:
		return refuse(phonelink.RefusedUnsupported, "A player cannot %q.", r.Action)
	}
	return s.tell(now, p, body)
}

// name is how phones know the player.
func (m *Media) name() string {
	if m.Name == "" {
		return "Tandem"
	}
	return line(m.Name, maxTitle)
}

// setMedia takes over the state of this device's players and tells the phones
// what has changed.
func (s *state) setMedia(now time.Time, media []Media) {
	names := playerNames(s.media)
	s.media = media
	for _, p := range s.phones {
		if !p.linked() || !may(p.takes, "kdeconnect.mpris") {
			continue
		}
		if !slices.Equal(names, playerNames(media)) {
			s.sendPlayers(now, p)
		}
		for i := range media {
			s.hint(now, p, media[i].packet(now))
		}
	}
}

func playerNames(media []Media) []string {
	out := []string{}
	for i := range media {
		out = append(out, media[i].name())
	}
	return out
}

// sendPlayers tells a phone which players are here; the list may be empty.
func (s *state) sendPlayers(now time.Time, p *phone) {
	body := &packet.MPRIS{Players: playerNames(s.media)}
	if len(body.Players) == 0 {
		body.Rest = packet.Rest{"playerList": []byte("[]")}
	}
	p.told = p.told || len(body.Players) > 0
	s.hint(now, p, body)
}

// greetMedia tells a phone whose link is new what is here. A phone that has been
// told of players does not ask anew over a fresh link in place of the last, with
// which the end of a player may have been lost.
func (s *state) greetMedia(now time.Time, p *phone) {
	if len(s.media) == 0 && !p.told {
		return
	}
	s.sendPlayers(now, p)
	for i := range s.media {
		s.hint(now, p, s.media[i].packet(now))
	}
}

// packet is the state of the player as a phone is told.
func (m *Media) packet(now time.Time) *packet.MPRIS {
	yes, d := true, m.Doc
	var t phonelink.Track
	if d.Index >= 0 && d.Index < len(d.Queue) {
		t = d.Queue[d.Index]
	}
	next, previous := d.Index+1 < len(d.Queue), d.Index > 0
	pos, length := float64(m.position(now).Milliseconds()), float64(t.Length.Milliseconds())
	volume := math.Round(d.Volume * 100)
	loop := [...]string{packet.LoopNone, packet.LoopTrack, packet.LoopPlaylist}[min(d.Loop, phonelink.LoopQueue)]
	out := &packet.MPRIS{Player: m.name(), CanPause: &yes, CanPlay: &yes, CanSeek: &yes, CanNext: &next, CanPrevious: &previous,
		Playing: &d.Playing, Loop: &loop, Shuffle: &d.Shuffle, Position: &pos, Length: &length, Volume: &volume}
	title, artist, album := clean(t.Title, maxTitle), clean(t.Artist, maxTitle), clean(t.Album, maxTitle)
	out.Title, out.Artist, out.Album = &title, &artist, &album
	if url := playable(t.URL); url != "" {
		out.URL = &url
	}
	return out
}

// position is where the player is now: Position and, while it plays, the time
// since At.
func (m *Media) position(now time.Time) time.Duration {
	pos := m.Doc.Position
	if m.Doc.Playing && m.Doc.At != 0 {
		at := time.UnixMilli(int64(m.Doc.At >> 16))
		if d := now.Sub(at); d > 0 {
			pos += time.Duration(float64(d) * m.Doc.Rate)
		}
	}
	return max(0, pos)
}

// control takes what a phone asks of a player here, and asks the node.
func (s *state) control(now time.Time, p *phone, b *packet.MPRISRequest) {
	if b.RequestPlayerList {
		s.sendPlayers(now, p)
	}
	i := slices.IndexFunc(s.media, func(m Media) bool { return m.name() == b.Player })
	if i < 0 {
		return
	}
	m := &s.media[i]
	if b.RequestNowPlaying || b.RequestVolume {
		s.hint(now, p, m.packet(now))
	}
	for _, act := range m.asked(now, b) {
		s.out = append(s.out, askEffect{phonelink.Edit{Session: m.Session, Op: phonelink.Op{Act: act}}})
	}
}

// asked is what the packet wants done, as operations of the session.
func (m *Media) asked(now time.Time, b *packet.MPRISRequest) (out []phonelink.Action) {
	skip := func(by int) {
		if i := m.Doc.Index + by; i >= 0 && i < len(m.Doc.Queue) {
			out = append(out, phonelink.Skip{To: m.Doc.Queue[i].ID})
		}
	}
	switch b.Action {
	case "Play":
		out = append(out, phonelink.Play{Playing: true})
	case "Pause", "Stop":
		out = append(out, phonelink.Play{})
	case "PlayPause":
		out = append(out, phonelink.Play{Playing: !m.Doc.Playing})
	case "Next":
		skip(1)
	case "Previous":
		skip(-1)
	}
	if b.Seek != 0 {
		to := m.position(now) + time.Duration(max(-1e15, min(b.Seek, 1e15)))*time.Microsecond
		out = append(out, phonelink.Seek{To: max(0, to)})
	}
	if b.SetPosition != nil {
		out = append(out, phonelink.Seek{To: milliseconds(*b.SetPosition)})
	}
	if b.SetVolume != nil {
		out = append(out, phonelink.SetLevel{Volume: *b.SetVolume / 100})
	}
	if b.SetShuffle != nil || b.SetLoop != "" {
		mode := phonelink.SetMode{Shuffle: m.Doc.Shuffle, Loop: m.Doc.Loop}
		if b.SetShuffle != nil {
			mode.Shuffle = *b.SetShuffle
		}
		switch b.SetLoop {
		case packet.LoopNone:
			mode.Loop = phonelink.LoopNone
		case packet.LoopTrack:
			mode.Loop = phonelink.LoopTrack
		case packet.LoopPlaylist:
			mode.Loop = phonelink.LoopQueue
		}
		out = append(out, mode)
	}
	return out
}
