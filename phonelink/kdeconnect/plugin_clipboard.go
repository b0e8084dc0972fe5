package kdeconnect

import (
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// clip is a text on a clipboard. It is kept for a short while and in RAM only;
// its stamp stays, so that an older text does not come back.
type clip struct {
	text  string
	stamp int64 // milliseconds since 1970; 0: nothing was copied
	until time.Time
}

// copied takes what the phone has copied. A stamp of 0 never wins (protocol
// reference, kdeconnect.clipboard.connect); one older than what is known on
// either side does not either. A stamp from the future counts as now: else it
// would win for ever.
func (p *phone) copied(now time.Time, stamp int64, text string) {
	stamp = min(stamp, now.UnixMilli())
	if stamp == 0 || stamp < max(p.clipboard.stamp, p.given.stamp) {
		return
	}
	p.clipboard = clip{text: clean(text, packet.MaxText), stamp: stamp, until: now.Add(clipboardFor)}
}

// sendClipboard gives the phone a text to paste.
func (s *state) sendClipboard(now time.Time, p *phone, text string) error {
	if err := s.tell(now, p, &packet.Clipboard{Content: text}); err != nil {
		return err
	}
	p.given = clip{text: text, stamp: now.UnixMilli(), until: now.Add(clipboardFor)}
	return nil
}

// greetClipboard repeats what was given last, in case it was lost with the
// link; the phone compares stamps.
func (s *state) greetClipboard(now time.Time, p *phone) {
	if now.Before(p.given.until) {
		s.hint(now, p, &packet.ClipboardConnect{Content: p.given.text, Timestamp: float64(p.given.stamp)})
	}
}

// clipboardSession is a text as a session that a person may take.
func clipboardSession(now time.Time, p *phone, title, text string) phonelink.Session {
	return phonelink.Session{Kind: phonelink.Clipboard, Title: title, App: p.name, Privacy: phonelink.Ephemeral, Expires: now.Add(clipboardFor),
		Doc: &phonelink.ClipboardDoc{MIME: "text/plain", Data: []byte(text)}}
}
