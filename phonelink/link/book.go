package link

import (
	"net/netip"
	"slices"
	"time"
)

// book is where a peer may be, best first: where it was linked last, then what
// was heard of it most recently.
type book struct {
	entries []entry
	flights map[netip.AddrPort]int // attempts under way
}

type entry struct {
	addr   netip.AddrPort
	good   time.Time // when it was linked there last; zero: never
	heard  time.Time // when somebody said so
	pinned bool      // from the trust store or a hint: not pushed out by what peers tell
}

const (
	maxEntries = 16
	maxFlights = 3 // attempts under way to one address
)

// add notes an address and reports whether it was not known.
func (b *book) add(a netip.AddrPort, now time.Time, pinned bool) bool {
	a = unmap(a)
	if !usable(a) {
		return false
	}
	if i := b.index(a); i >= 0 {
		b.entries[i].heard = now
		b.entries[i].pinned = b.entries[i].pinned || pinned
		b.sort()
		return false
	}
	if len(b.entries) >= maxEntries {
		last := len(b.entries) - 1
		for last >= 0 && b.entries[last].pinned && !pinned {
			last--
		}
		if last < 0 {
			return false
		}
		b.entries = slices.Delete(b.entries, last, last+1)
	}
	b.entries = append(b.entries, entry{addr: a, heard: now, pinned: pinned})
	b.sort()
	return true
}

func (b *book) index(a netip.AddrPort) int {
	return slices.IndexFunc(b.entries, func(e entry) bool { return e.addr == a })
}

// linked notes that the peer was reached there.
func (b *book) linked(a netip.AddrPort, now time.Time) {
	b.add(a, now, false)
	if i := b.index(unmap(a)); i >= 0 {
		b.entries[i].good = now
		b.sort()
	}
}

func (b *book) sort() {
	slices.SortStableFunc(b.entries, func(x, y entry) int {
		if c := y.good.Compare(x.good); c != 0 {
			return c
		}
		return y.heard.Compare(x.heard)
	})
}

// best are the first n addresses.
func (b *book) best(n int) []netip.AddrPort {
	var out []netip.AddrPort
	for _, e := range b.entries[:min(n, len(b.entries))] {
		out = append(out, e.addr)
	}
	return out
}

// fly counts an attempt in, unless there are enough to that address.
func (b *book) fly(a netip.AddrPort) bool {
	if b.flights[a] >= maxFlights {
		return false
	}
	if b.flights == nil {
		b.flights = map[netip.AddrPort]int{}
	}
	b.flights[a]++
	return true
}

func (b *book) land(a netip.AddrPort) {
	if b.flights[a] == 0 {
		return
	}
	if b.flights[a]--; b.flights[a] <= 0 {
		delete(b.flights, a)
	}
}
