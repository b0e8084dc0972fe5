package kdeconnect

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"tandem/phonelink/trust"
)

func sprint(v any) string { return fmt.Sprint(v) }

// TestStoreKeeper keeps a pin in a real store and reads it after a restart.
func TestStoreKeeper(t *testing.T) {
	dir := t.TempDir()
	open := func(profile string) storeKeeper {
		t.Helper()
		s, err := trust.Open(trust.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return storeKeeper{s, "ana"}
	}
	k := open("ana")
	self, err := k.certificate()
	if err != nil {
		t.Fatal(err)
	}
	other, err := storeKeeper{k.store, "ben"}.certificate()
	if err != nil || other.ID == self.ID {
		t.Errorf("another profile has the id %s, %v; want one of its own", other.ID, err)
	}
	phone, err := newCertificate(newID(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	want := pin{ID: phone.ID, Name: "Anas phone", Kind: "phone", Certificate: phone.DER, Version: 8, Addresses: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.7:1716")},
		Paired: time.Unix(1_800_000_000, 0).UTC(), Seen: time.Unix(1_800_000_100, 0).UTC()}
	if err := k.put(want); err != nil {
		t.Fatal(err)
	}
	k = open("ana")
	if again, err := k.certificate(); err != nil || again.ID != self.ID || !bytes.Equal(again.DER, self.DER) || !again.Key.Equal(self.Key) {
		t.Errorf("own certificate after a restart: got %s, %v; want %s", again.ID, err, self.ID)
	}
	pins, err := k.pins()
	if err != nil || len(pins) != 1 {
		t.Fatalf("got %v, %v; want one", pins, err)
	}
	got := pins[0]
	if !got.Paired.Equal(want.Paired) || !got.Seen.Equal(want.Seen) {
		t.Errorf("times: got %v and %v", got.Paired, got.Seen)
	}
	got.Paired, got.Seen, want.Paired, want.Seen = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	if sprint(got) != sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := k.remove(want.ID); err != nil {
		t.Fatal(err)
	}
	if err := k.remove(want.ID); err != nil {
		t.Errorf("removed twice: %v", err)
	}
	if pins, _ := open("ana").pins(); len(pins) != 0 {
		t.Errorf("after it was removed: got %v", pins)
	}
}
