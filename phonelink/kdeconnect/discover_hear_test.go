package kdeconnect

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

// deafHub has an open window and starts nothing: who it would call is in calls.
func deafHub(t *testing.T) *hub {
	t.Helper()
	h, err := newHub(hubConfig{Keeper: newMemoryKeeper(t), Bind: netip.MustParseAddr("127.0.0.9")})
	if err != nil {
		t.Fatal(err)
	}
	h.window = time.Now().Add(time.Hour)
	return h
}

// from is the nth address, each in a network of its own.
func from(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), 1}), firstPort)
}

func announcement(change func(*identity)) (id string, line []byte) {
	i := identity{ID: newID(), Name: "phone", Kind: "phone", Version: ownVersion, Port: firstPort}
	if change != nil {
		change(&i)
	}
	return i.ID, i.line()
}

// TestHear goes through the datagrams that lead to a call and those that do not.
func TestHear(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*identity)
		hub    func(*hub)
		from   netip.AddrPort
		want   bool
	}{
		"a phone":                       {nil, nil, from(1), true},
		"the first port":                {func(i *identity) { i.Port = 1716 }, nil, from(1), true},
		"the last port":                 {func(i *identity) { i.Port = 1764 }, nil, from(1), true},
		"a port below":                  {func(i *identity) { i.Port = 1715 }, nil, from(1), false},
		"a port above":                  {func(i *identity) { i.Port = 1765 }, nil, from(1), false},
		"no port":                       {func(i *identity) { i.Port = 0 }, nil, from(1), false},
		"an old version":                {func(i *identity) { i.Version = 7 }, nil, from(1), false},
		"an old version that may":       {func(i *identity) { i.Version = 7 }, func(h *hub) { h.c.AllowV7 = true }, from(1), true},
		"a stranger, the window closed": {nil, func(h *hub) { h.window = time.Time{} }, from(1), false},
		"this machine":                  {nil, func(h *hub) { h.c.Bind = netip.Addr{} }, netip.MustParseAddrPort("127.0.0.1:1716"), false},
		"we have just announced":        {nil, func(h *hub) { h.announced = time.Now() }, from(1), false}, // it calls
		"somebody is called already":    {func(i *identity) { i.ID = goodID }, func(h *hub) { h.calls[goodID] = 1 }, from(1), false},
	} {
		h := deafHub(t)
		if c.hub != nil {
			c.hub(h)
		}
		id, line := announcement(c.change)
		before := h.calls[id]
		h.hear(time.Now(), line, c.from)
		if got := h.calls[id] > before; got != c.want {
			t.Errorf("%s: called %v, want %v", name, got, c.want)
		}
	}
	h := deafHub(t)
	_, line := announcement(func(i *identity) { i.ID = h.self.ID })
	h.hear(time.Now(), line, from(1))
	h.hear(time.Now(), []byte("{}"), from(2))
	h.hear(time.Now(), nil, from(3))
	if len(h.calls) > 0 {
		t.Errorf("this device's own id, or none: calls %v", h.calls)
	}
}

// TestHearingIsBounded: from one address, from all, to one device and to all.
func TestHearingIsBounded(t *testing.T) {
	now := time.Now()
	count := func(h *hub, n int, line func() (string, []byte), at func(n int) netip.AddrPort) (called int) {
		for k := range n {
			id, data := line()
			h.hear(now, data, at(k))
			if h.calls[id] > 0 {
				called++
			}
			clear(h.calls)
		}
		return called
	}
	anybody := func() (string, []byte) { return announcement(nil) }
	if got := count(deafHub(t), 3*heardBurst, anybody, func(int) netip.AddrPort { return from(1) }); got != heardBurst {
		t.Errorf("one address: %d calls, want %d", got, heardBurst)
	}
	h := deafHub(t)
	if got := count(h, 2*allBurst, anybody, from); got != allBurst {
		t.Errorf("many addresses: %d calls, want %d", got, allBurst)
	}
	known := from(60000)
	h.pinned[goodID] = pin{ID: goodID, Certificate: []byte("key"), Addresses: []netip.AddrPort{known}}
	one := func() (string, []byte) { return announcement(func(i *identity) { i.ID = goodID }) }
	if got := count(h, 5, one, func(int) netip.AddrPort { return known }); got != 2 {
		t.Errorf("a paired phone in the flood that says it five times: %d calls, want 2", got)
	}

	h = deafHub(t)
	for n := range 3 * maxCalls {
		_, line := announcement(nil)
		h.hear(now, line, from(n))
	}
	if len(h.calls) != maxCalls {
		t.Errorf("%d calls at once, want %d", len(h.calls), maxCalls)
	}
	h.pinned[goodID] = pin{ID: goodID, Certificate: []byte("key")}
	_, line := one()
	h.hear(now, line, from(1000))
	if h.calls[goodID] != 1 {
		t.Error("all places are taken: the paired phone is not called")
	}
}

// TestVet is who may begin a handshake.
func TestVet(t *testing.T) {
	stranger := identity{ID: newID(), Version: ownVersion}
	for name, c := range map[string]struct {
		peer identity
		hub  func(*hub)
		want error
	}{
		"a stranger":              {stranger, nil, nil},
		"window closed":           {stranger, func(h *hub) { h.window = time.Time{} }, errWindow},
		"window just over":        {stranger, func(h *hub) { h.window = time.Now().Add(-time.Millisecond) }, errWindow},
		"version 7":               {identity{ID: newID(), Version: 7}, nil, errVersion},
		"version 7, allowed":      {identity{ID: newID(), Version: 7}, func(h *hub) { h.c.AllowV7 = true }, nil},
		"version 6, 7 is allowed": {identity{ID: newID(), Version: 6}, func(h *hub) { h.c.AllowV7 = true }, errVersion},
		"paired, as before":       {identity{ID: goodID, Version: 8}, nil, nil},
		"paired, newer":           {identity{ID: goodID, Version: 9}, nil, nil},
		"paired, older":           {identity{ID: goodID, Version: 7}, func(h *hub) { h.c.AllowV7 = true }, errDowngrade},
		"paired, window closed":   {identity{ID: goodID, Version: 8}, func(h *hub) { h.window = time.Time{} }, nil},
		"places are taken": {stranger, func(h *hub) {
			for range maxStrangers {
				h.links[newID()] = &link{}
			}
		}, errLockedOut},
		"one place is left": {stranger, func(h *hub) {
			for range maxStrangers - 1 {
				h.links[newID()] = &link{}
			}
			paired := &link{}
			paired.trusted.Store(true)
			h.links[goodID] = paired
		}, nil},
	} {
		h := deafHub(t)
		h.pinned[goodID] = pin{ID: goodID, Certificate: []byte("key"), Version: 8}
		if c.hub != nil {
			c.hub(h)
		}
		got, err := h.vet(c.peer)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if want := map[bool]string{true: "key"}[c.peer.ID == goodID && c.want == nil]; string(got) != want {
			t.Errorf("%s: must show %q, want %q", name, got, want)
		}
	}
	h := deafHub(t)
	if _, err := h.vet(identity{ID: h.self.ID, Version: 8}); !errors.Is(err, errUnexpected) {
		t.Errorf("this device's own id: got %v", err)
	}
}

// TestProvenAt: only where a paired device has been is more said than was heard.
func TestProvenAt(t *testing.T) {
	h := deafHub(t)
	h.pinned[goodID] = pin{ID: goodID, Certificate: []byte("key"), Addresses: []netip.AddrPort{from(1)}}
	for name, c := range map[string]struct {
		id   string
		at   netip.AddrPort
		want bool
	}{
		"where it was": {goodID, from(1), true}, "elsewhere": {goodID, from(2), false}, "a stranger there": {newID(), from(1), false},
	} {
		if got := h.provenAt(c.id, c.at.Addr()); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
