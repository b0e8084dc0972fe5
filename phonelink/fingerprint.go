package phonelink

import (
	"encoding/binary"
	"time"
)

// Fingerprint appends what decides the machine's future to b: two states with
// the same fingerprint behave alike from here on, but for what stamps and
// positions say. Moments count relative to now. It is for explorers.
func (s *State) Fingerprint(b []byte, now Now) []byte {
	p := printer{b, now.Mono}
	p.num(s.boot)
	p.num(s.drawn)
	for _, x := range s.peers {
		p.flag(x.up, x.met)
		p.num(x.life)
		p.num(x.sync.id)
		for _, part := range x.sync.parts {
			p.num(part.n + 1)
			for _, m := range part.marks {
				p.mark(m)
			}
		}
		p.num(0)
		p.retry(x.sync.retry)
	}
	for _, e := range s.sessions {
		p.entry(s, e)
	}
	return p.b
}

// FingerprintOf is the same of a message on its way.
func FingerprintOf(b []byte, now Now, m Msg) []byte {
	p := printer{b, now.Mono}
	switch m := m.(type) {
	case OfferMsg:
		p.num(m.Try)
		p.replica(&m.State)
	case PrepareMsg:
		p.num(m.Try)
		p.replica(&m.State)
	case CommitMsg:
		p.num(m.Try)
		p.replica(&m.State)
		p.epoch(m.Epoch)
		p.moment(m.Echo)
	case StateMsg:
		p.replica(&m.State)
	case ReadyMsg:
		p.num(m.Try)
		p.b = append(p.b, m.ID[:]...)
		p.moment(m.Sent)
	case RenewMsg:
		p.b = append(p.b, m.ID[:]...)
		p.epoch(m.Epoch)
		p.moment(m.Sent)
	case RenewedMsg:
		p.b = append(p.b, m.ID[:]...)
		p.epoch(m.Epoch)
		p.moment(m.Echo)
	case OpsMsg:
		p.b = append(p.b, m.ID[:]...)
		p.epoch(m.Epoch)
		p.ops(m.Ops)
	default:
		p.b = append(p.b, EncodeMessage(m)...)
	}
	return append(p.b, kindOfMsg(m))
}

// kindOfMsg is the type of a message on the wire.
func kindOfMsg(m Msg) uint8 {
	switch m.(type) {
	case OfferMsg:
		return msgOffer
	case PrepareMsg:
		return msgPrepare
	case CommitMsg:
		return msgCommit
	case StateMsg:
		return msgState
	case ReadyMsg:
		return msgReady
	case RenewMsg:
		return msgRenew
	case RenewedMsg:
		return msgRenewed
	case OpsMsg:
		return msgOps
	}
	return 0
}

// printer writes a fingerprint.
type printer struct {
	b   []byte
	now time.Duration
}

func (p *printer) num(n uint64) { p.b = binary.AppendUvarint(p.b, n) }

func (p *printer) text(s string) {
	p.num(uint64(len(s)))
	p.b = append(p.b, s...)
}

func (p *printer) flag(fs ...bool) {
	var x byte
	for i, f := range fs {
		if f {
			x |= 1 << i
		}
	}
	p.b = append(p.b, x)
}

// ahead is a moment to come; what is past is all the same.
func (p *printer) ahead(t time.Duration) { p.num(uint64(max(0, t-p.now))) }

// ago is a moment past; what is longer ago than any lease is all the same.
func (p *printer) ago(t time.Duration) { p.num(uint64(min(time.Minute, max(0, p.now-t)))) }

func (p *printer) retry(r retry) {
	p.ahead(r.at)
	p.b = append(p.b, r.n)
}

func (p *printer) epoch(e Epoch) {
	p.num(e.N)
	p.text(string(e.Device))
}

func (p *printer) mark(m Mark) {
	p.b = append(p.b, m.ID[:]...)
	p.epoch(m.Epoch)
	p.num(m.Seq)
}

func (p *printer) moment(m Moment) {
	p.num(m.Boot)
	p.ago(m.At)
}

func (p *printer) ops(list []Op) {
	p.num(uint64(len(list)))
	for _, o := range list {
		p.text(string(o.ID.Origin))
		p.num(o.ID.Seq)
	}
}

func (p *printer) replica(r *Replica) {
	p.mark(Mark{r.ID, r.Rev.Epoch, r.Rev.Seq})
	p.text(string(r.Lease.Heir))
	p.flag(r.Ended)
	for _, id := range r.Applied {
		p.text(string(id.Origin))
		p.num(id.Seq)
	}
	p.num(0)
	switch d := r.Doc.(type) { // the operations applied decide the rest, but for their order
	case *MediaDoc:
		for _, t := range d.Queue {
			p.text(t.ID)
		}
		p.num(0)
		for _, g := range d.Gone {
			p.text(g.ID)
		}
	case *NavigationDoc:
		for _, t := range d.Via {
			p.text(t.ID)
		}
	case *DraftDoc:
		p.text(d.Text)
		p.flag(d.Sent)
	}
}

func (p *printer) entry(s *State, e *entry) {
	p.replica(&e.Replica)
	p.flag(e.relayed, e.shown, e.loaded, e.asked, e.claim.want, e.problem != "", e.give.offer, e.give.ready)
	p.num(e.by)
	p.text(string(e.to.Device))
	p.epoch(e.to.Epoch)
	p.num(e.to.Try)
	p.moment(e.to.Echo)
	p.text(string(e.saved.heir))
	p.num(e.heirSeq)
	for _, l := range e.log {
		p.num(l.Seq)
		p.ops([]Op{l.Op})
	}
	p.num(0)
	p.ops(e.queue)
	if p.flag(e.hint.shown); e.hint.why != "" {
		p.text(string(e.hint.why))
		p.ahead(e.hint.until)
	}
	p.num(e.last)
	for _, id := range e.acked {
		p.num(id.Seq)
	}
	p.num(0)
	p.num(e.refused)
	p.text(string(e.give.to))
	if e.give.to != "" || e.to.Device != "" {
		p.num(e.give.try)
		p.moment(e.give.echo)
		p.ago(e.give.since)
		p.retry(e.give.retry)
	}
	p.b = append(p.b, byte(e.get.stage))
	if e.get.stage != getNone {
		p.text(string(e.get.from))
		p.num(e.get.try)
		p.ago(e.get.since)
		p.flag(e.get.want)
		p.ago(e.get.began)
		p.retry(e.get.retry)
	}
	if e.heirOf() != "" && s.owns(e) {
		p.ahead(e.lease)
		p.ahead(e.renewAt)
		if e.dropAt != 0 {
			p.ahead(e.dropAt)
		}
	}
	if e.Lease.Heir == s.cfg.Self || e.to.Device != "" {
		p.num(uint64(min(p.now-e.heard, s.cfg.ttl(e.Kind)+s.cfg.margin(e.Kind))))
	}
	if len(e.queue) > 0 {
		p.retry(e.out)
	}
	for i := range e.know {
		k := &e.know[i]
		p.flag(k.known, k.want)
		p.epoch(k.epoch)
		p.num(k.seq)
		p.epoch(k.said.Epoch)
		p.num(k.said.Seq)
		if s.stale(e, k) {
			p.retry(k.retry)
		}
	}
}
