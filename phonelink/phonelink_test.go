package phonelink_test

import (
	"strings"
	"testing"
	"time"

	"tandem/phonelink"
)

func TestSessionIDText(t *testing.T) {
	// The example of the ULID specification's README: 01ARZ3NDEKTSV4RRFFQ69G5FAV.
	const text = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
	id, err := phonelink.ParseSessionID(text)
	if err != nil || id.String() != text {
		t.Errorf("got %s, %v; want %s", id, err, text)
	}
	made := phonelink.NewSessionID(time.UnixMilli(1469922850259), [10]byte{})
	if got := made.String(); !strings.HasPrefix(got, "01ARZ3NDEK") || !strings.HasSuffix(got, strings.Repeat("0", 16)) {
		t.Errorf("time: got %s, want 01ARZ3NDEK0000000000000000", got)
	}
	for _, bad := range []string{"", "01ARZ3NDEKTSV4RRFFQ69G5FA", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAU"} {
		if id, err := phonelink.ParseSessionID(bad); err == nil {
			t.Errorf("%q: got %s, want an error", bad, id)
		}
	}
}

func TestEpochsAreTotallyOrdered(t *testing.T) {
	es := []phonelink.Epoch{{N: 1, Device: "b"}, {N: 2, Device: "a"}, {N: 2, Device: "b"}, {N: 3, Device: "a"}}
	for i, e := range es {
		for j, f := range es {
			if got := e.After(f); got != (i > j) {
				t.Errorf("%v after %v: got %v, want %v", e, f, got, i > j)
			}
		}
	}
}

func TestProfileCheck(t *testing.T) {
	for p, ok := range map[phonelink.Profile]bool{"ana": true, "a-1": true, phonelink.Guest: true, "": false, "-a": false, "Ana": false, "../x": false, phonelink.Profile(strings.Repeat("a", 33)): false} {
		if err := p.Check(); (err == nil) != ok {
			t.Errorf("%q: got %v, want ok %v", p, err, ok)
		}
	}
}
