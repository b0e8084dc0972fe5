package canbus_test

import (
	"testing"

	"tandem/canbus"
)

func TestFrameValidate(t *testing.T) {
	for _, f := range everyKind() {
		if err := f.Validate(); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for name, f := range map[string]canbus.Frame{
		"standard id":    {ID: 0x800},
		"extended id":    {ID: 1 << 29, Flags: canbus.Extended},
		"error class":    {ID: 1 << 29, Flags: canbus.Error},
		"BRS without FD": {Flags: canbus.BitRateSwitch},
		"ESI without FD": {Flags: canbus.ErrorState},
		"remote FD":      {Flags: canbus.FD | canbus.Remote},
		"classic length": {Len: 9},
		"remote length":  {Len: 9, Flags: canbus.Remote},
		"FD length":      {Len: 13, Flags: canbus.FD},
		"FD too long":    {Len: 65, Flags: canbus.FD},
	} {
		if f.Validate() == nil {
			t.Errorf("%s: got no error for %+v", name, f)
		}
	}
}

func TestFramePayload(t *testing.T) {
	f := frame(1, 2, 3)
	if got := f.Payload(); len(got) != 2 || got[1] != 3 {
		t.Errorf("got %v, want 2 3", got)
	}
	f.Flags = canbus.Remote
	if got := f.Payload(); len(got) != 0 {
		t.Errorf("got %v of a remote frame, want nothing", got)
	}
	f = canbus.Frame{Len: 255}
	if got := f.Payload(); len(got) != canbus.MaxLenFD {
		t.Errorf("got %d bytes of a broken frame, want no more than there are", len(got))
	}
}

func TestFDLen(t *testing.T) {
	lengths := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64}
	next := 0
	for n := range 65 {
		if n > lengths[next] {
			next++
		}
		if got := canbus.FDLen(n); got != lengths[next] {
			t.Errorf("got %d for %d bytes, want %d", got, n, lengths[next])
		}
	}
	if canbus.FDLen(-1) != -1 || canbus.FDLen(65) != -1 {
		t.Error("got a length for what no frame holds")
	}
}
