package link

import "time"

// clock estimates the round trip time and what the peer's clock shows beyond
// ours, from the four times of two beats (RFC 5905, section 8).
//
//	ours    t1 ------.            .-----> t4
//	peer              `--> t2   t3
//
// The true offset lies within half a round trip of each sample's, so the sample
// with the least round trip of the last sixteen says most. Two samples whose
// ranges have nothing in common mean that a clock was set: all older ones are
// forgotten.
type clock struct {
	sent    [8]sentBeat
	n       int // beats sent
	samples [16]clockSample
	m       int // samples taken
	rtt     time.Duration
	offset  time.Duration

	echo   uint64    // Clock of the last beat received
	echoAt time.Time // when
}

type sentBeat struct {
	clock uint64
	at    time.Time // with the monotonic clock
}

type clockSample struct{ rtt, offset time.Duration }

// clockSlack is what two honest samples may differ beyond their ranges: drift
// within sixteen beats, and the microsecond that each time is rounded to.
const clockSlack = time.Millisecond

// send makes the beat to be sent now.
func (c *clock) send(now time.Time) beat {
	b := beat{Clock: uint64(now.UnixMicro()), Echo: c.echo}
	if c.echo != 0 {
		b.Held = uint64(max(0, now.Sub(c.echoAt).Microseconds()))
	}
	c.sent[c.n%len(c.sent)] = sentBeat{b.Clock, now}
	c.n++
	return b
}

// receive takes the peer's beat.
func (c *clock) receive(now time.Time, b beat) {
	c.echo, c.echoAt = b.Clock, now
	if b.Echo == 0 || b.Held > uint64(time.Hour/time.Microsecond) || b.Clock > 1<<62 {
		return
	}
	i := -1
	for j := range min(c.n, len(c.sent)) {
		if c.sent[j].clock == b.Echo {
			i = j
		}
	}
	if i < 0 {
		return // an old one, or made up
	}
	held := time.Duration(b.Held) * time.Microsecond
	took := now.Sub(c.sent[i].at) // monotonic
	if took < held {
		return
	}
	t1, t3, t4 := int64(b.Echo), int64(b.Clock), now.UnixMicro()
	if d := time.Duration(t4-t1)*time.Microsecond - took; d > clockSlack || d < -clockSlack {
		c.m = 0 // our own clock was set in between
		return
	}
	t2 := t3 - int64(b.Held)
	c.add(clockSample{rtt: took - held, offset: time.Duration((t2-t1)+(t3-t4)) * time.Microsecond / 2})
}

func (c *clock) add(s clockSample) {
	if c.m > 0 {
		if d := s.offset - c.offset; d > s.rtt/2+c.best().rtt/2+clockSlack || d < -(s.rtt/2+c.best().rtt/2+clockSlack) {
			c.m = 0
		}
	}
	c.samples[c.m%len(c.samples)] = s
	c.m++
	if c.m == 1 {
		c.rtt = s.rtt
	} else {
		c.rtt += (s.rtt - c.rtt) / 8
	}
	c.offset = c.best().offset
}

// best is the sample of the least round trip.
func (c *clock) best() clockSample {
	out := c.samples[0]
	for _, s := range c.samples[1:min(c.m, len(c.samples))] {
		if s.rtt < out.rtt {
			out = s
		}
	}
	return out
}
