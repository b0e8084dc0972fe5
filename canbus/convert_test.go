package canbus_test

import (
	"encoding/binary"
	"errors"
	"testing"

	brutella "github.com/brutella/can"
	einride "go.einride.tech/can"

	"tandem/canbus"
)

func TestEinrideRoundTrip(t *testing.T) {
	for _, f := range classic(everyKind()) {
		e, err := canbus.ToEinride(f)
		if err != nil {
			t.Errorf("%+v: %v", f, err)
			continue
		}
		if err := e.Validate(); err != nil {
			t.Errorf("einride finds %+v not valid: %v", e, err)
		}
		if got, err := canbus.FromEinride(e); err != nil || got != f {
			t.Errorf("got %+v, %v; want %+v", got, err, f)
		}
	}
}

func TestBrutellaRoundTrip(t *testing.T) {
	for _, f := range everyKind() {
		b, err := canbus.ToBrutella(f)
		if f.Flags&canbus.FD != 0 {
			if !errors.Is(err, canbus.ErrNotClassic) {
				t.Errorf("%+v: got %v, want %v", f, err, canbus.ErrNotClassic)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", f, err)
			continue
		}
		if got, err := canbus.FromBrutella(b); err != nil || got != f {
			t.Errorf("got %+v, %v; want %+v", got, err, f)
		}
	}
}

func TestConvertErrors(t *testing.T) {
	for _, f := range []canbus.Frame{
		{ID: 1, Flags: canbus.FD, Len: 8},
		{ID: 1, Flags: canbus.FD, Len: 64},
	} {
		if _, err := canbus.ToEinride(f); !errors.Is(err, canbus.ErrNotClassic) {
			t.Errorf("einride: got %v, want %v", err, canbus.ErrNotClassic)
		}
	}
	if _, err := canbus.ToEinride(canbus.Frame{ID: 4, Flags: canbus.Error}); err == nil {
		t.Error("got no error for an error frame, which einride does not have")
	}
	if _, err := canbus.ToEinride(canbus.Frame{ID: 0x800}); err == nil {
		t.Error("got no error for an id that does not fit")
	}
	if _, err := canbus.ToBrutella(canbus.Frame{ID: 0x800}); err == nil {
		t.Error("got no error for an id that does not fit")
	}
	for _, e := range []einride.Frame{{ID: 0x800}, {ID: 1, Length: 9}, {ID: 1 << 29, IsExtended: true}} {
		if _, err := canbus.FromEinride(e); err == nil {
			t.Errorf("got no error for %+v", e)
		}
	}
	for _, b := range []brutella.Frame{{ID: 0x800}, {ID: 1, Length: 9}, {ID: 1, Length: 8, Flags: 4}} {
		if _, err := canbus.FromBrutella(b); err == nil {
			t.Errorf("got no error for %+v", b)
		}
	}
	if _, err := canbus.FromBrutella(brutella.Frame{ID: 1, Length: 64, Flags: 4}); !errors.Is(err, canbus.ErrNotClassic) {
		t.Errorf("got %v for a cut FD frame, want %v", err, canbus.ErrNotClassic)
	}
}

// FuzzConvert takes any brutella and einride frame: what converts must come
// back as it was, but for bytes behind the length.
func FuzzConvert(f *testing.F) {
	for _, v := range everyKind() {
		f.Add(v.ID, v.Len, uint8(v.Flags), binary.LittleEndian.Uint64(v.Data[:]))
	}
	f.Fuzz(func(t *testing.T, id uint32, length, flags uint8, data uint64) {
		b := brutella.Frame{ID: id, Length: length, Flags: flags}
		binary.LittleEndian.PutUint64(b.Data[:], data)
		if v, err := canbus.FromBrutella(b); err == nil {
			if err := v.Validate(); err != nil {
				t.Fatalf("from %+v: %v", b, err)
			}
			again, err := canbus.ToBrutella(v)
			if err != nil || again.ID != b.ID || again.Length != b.Length {
				t.Fatalf("got %+v, %v; want %+v", again, err, b)
			}
			if w, err := canbus.FromBrutella(again); err != nil || w != v {
				t.Fatalf("got %+v, %v; want %+v", w, err, v)
			}
		}
		e := einride.Frame{ID: id, Length: length, IsRemote: flags&1 != 0, IsExtended: flags&2 != 0}
		binary.LittleEndian.PutUint64(e.Data[:], data)
		v, err := canbus.FromEinride(e)
		if (err == nil) != (e.Validate() == nil) {
			t.Fatalf("%+v: got %v, einride says %v", e, err, e.Validate())
		}
		if err != nil {
			return
		}
		again, err := canbus.ToEinride(v)
		if err != nil || again.String() != e.String() {
			t.Fatalf("got %v, %v; want %v", again, err, e)
		}
	})
}
