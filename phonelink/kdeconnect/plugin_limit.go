package kdeconnect

import "time"

// rate is how many packets of a type are taken at once, and how many a second
// after that.
type rate struct{ burst, perSecond float64 }

// ordinary is for types that have no row below.
var ordinary = rate{20, 5}

// rates are of types that come in crowds when a link comes up, that follow a
// finger, or that disturb a driver.
var rates = map[string]rate{
	"kdeconnect.notification":             {300, 20}, // a phone sends all that it has
	"kdeconnect.sms.messages":             {300, 20},
	"kdeconnect.contacts.response_vcards": {64, 8},
	"kdeconnect.mpris":                    {100, 20},
	"kdeconnect.mpris.request":            {30, 10},
	"kdeconnect.share.request":            {100, 5}, // many files at once
	"kdeconnect.clipboard":                {10, 2},
	"kdeconnect.clipboard.connect":        {5, 0.5},
	"kdeconnect.ping":                     {5, 0.5},
	"kdeconnect.findmyphone.request":      {4, 0.2},
	"kdeconnect.systemvolume":             {50, 20},
	"kdeconnect.systemvolume.request":     {30, 20},
}

// allowance is the tokens of one type of one phone.
type allowance struct {
	tokens float64
	at     time.Time
}

// allow takes a token for a packet of the type. The time of a packet before the
// last one, after the clock was set back, adds nothing.
func (p *phone) allow(now time.Time, kind string) bool {
	r, ok := rates[kind]
	if !ok {
		r = ordinary
	}
	b := p.limits[kind]
	if b == nil {
		b = &allowance{tokens: r.burst, at: now}
		p.limits[kind] = b
	}
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.tokens = min(r.burst, b.tokens+d*r.perSecond)
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
