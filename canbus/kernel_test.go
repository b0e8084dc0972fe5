package canbus_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	brutella "github.com/brutella/can"
	einridesocket "go.einride.tech/can/pkg/socketcan"

	"tandem/canbus"
)

// everyKind is one frame of each kind that a bus carries.
func everyKind() []canbus.Frame {
	full := canbus.Frame{ID: 0x7ff, Flags: canbus.FD | canbus.BitRateSwitch | canbus.ErrorState, Len: 64}
	for i := range full.Data {
		full.Data[i] = byte(255 - i)
	}
	fs := []canbus.Frame{
		frame(0x123, 0xDE, 0xAD, 0xBE, 0xEF),
		frame(0),
		frame(0x7ff, 1, 2, 3, 4, 5, 6, 7, 8),
		{ID: 0x18DAF110, Flags: canbus.Extended, Len: 2, Data: [64]byte{0x11, 0x22}},
		{ID: 5, Flags: canbus.Extended},
		{ID: 0x123, Flags: canbus.Remote},
		{ID: 0x1fffffff, Flags: canbus.Remote | canbus.Extended, Len: 8},
		{ID: 4, Flags: canbus.Error, Len: 8, Data: [64]byte{0, 4, 0, 0, 0, 0, 9, 8}},
		{ID: 0x200000, Flags: canbus.Error, Len: 8},
		{ID: 0x55, Flags: canbus.FD},
		{ID: 0x55, Flags: canbus.FD | canbus.BitRateSwitch, Len: 3, Data: [64]byte{1, 2, 3}},
		{ID: 0x1abcdef0, Flags: canbus.FD | canbus.Extended | canbus.ErrorState, Len: 12, Data: [64]byte{11: 0xCC}},
		full,
	}
	return fs
}

func classic(fs []canbus.Frame) []canbus.Frame {
	return slices.DeleteFunc(fs, func(f canbus.Frame) bool { return f.Flags&(canbus.FD|canbus.Error) != 0 })
}

func TestMarshalRoundTrip(t *testing.T) {
	for _, f := range everyKind() {
		var b [canbus.KernelLenFD]byte
		n, err := canbus.Marshal(b[:], &f)
		if err != nil {
			t.Errorf("%+v: %v", f, err)
			continue
		}
		want := canbus.KernelLen
		if f.Flags&canbus.FD != 0 {
			want = canbus.KernelLenFD
		}
		if n != want {
			t.Errorf("%+v: got %d bytes, want %d", f, n, want)
		}
		got := canbus.Frame{Data: [64]byte{63: 1}} // what was there before must go
		if err := canbus.Unmarshal(b[:n], &got); err != nil || got != f {
			t.Errorf("got %+v, %v; want %+v", got, err, f)
		}
	}
}

// TestMarshalBytes holds the layout against linux/can.h, written out by hand
// for a little-endian machine.
func TestMarshalBytes(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the vectors are those of a little-endian machine")
	}
	for _, c := range []struct {
		f    canbus.Frame
		want string
	}{
		{frame(0x123, 1, 2), "23010000 02 00 00 00 0102000000000000"},
		{canbus.Frame{ID: 0x18DAF110, Flags: canbus.Extended | canbus.Remote, Len: 8}, "10f1dad8 08 00 00 00 0000000000000000"},
		{canbus.Frame{ID: 0x40, Flags: canbus.Error, Len: 8}, "40000020 08 00 00 00 0000000000000000"},
		{canbus.Frame{ID: 0x7ff, Flags: canbus.FD | canbus.BitRateSwitch, Len: 12, Data: [64]byte{0xAA, 11: 0xBB}},
			"ff070000 0c 05 00 00 aa00000000000000000000bb" + strings.Repeat("00", 52)},
	} {
		b := bytes.Repeat([]byte{0xEE}, canbus.KernelLenFD) // no old byte may stay
		n, err := canbus.Marshal(b, &c.f)
		want, herr := hex.DecodeString(strings.ReplaceAll(c.want, " ", ""))
		if herr != nil {
			t.Fatal(herr)
		}
		if err != nil || !bytes.Equal(b[:n], want) {
			t.Errorf("got % x, %v; want % x", b[:n], err, want)
		}
	}
}

// TestMarshalAsOthers holds classic frames against the codecs of brutella and
// einride, which were written without ours.
func TestMarshalAsOthers(t *testing.T) {
	for _, f := range everyKind() {
		if f.Flags&canbus.FD != 0 {
			continue
		}
		var b [canbus.KernelLenFD]byte
		n, err := canbus.Marshal(b[:], &f)
		if err != nil {
			t.Fatal(err)
		}
		bf, err := canbus.ToBrutella(f)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := brutella.Marshal(bf); err != nil || !bytes.Equal(b[:n], want) {
			t.Errorf("got % x, brutella has % x, %v", b[:n], want, err)
		}
		if f.Flags&canbus.Error != 0 {
			continue
		}
		var ef einridesocket.Frame
		ef.UnmarshalBinary(b[:n])
		want, err := canbus.ToEinride(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := ef.DecodeFrame(); got != want {
			t.Errorf("einride reads %+v, want %+v", got, want)
		}
	}
}

func TestMarshalErrors(t *testing.T) {
	var b [canbus.KernelLenFD]byte
	for _, f := range []canbus.Frame{
		{ID: 0x800},
		{ID: 1, Len: 9},
		{ID: 1, Flags: canbus.FD, Len: 9},
		{ID: 1, Flags: canbus.FD | canbus.Remote},
		{ID: 1, Flags: canbus.BitRateSwitch},
		{ID: 1 << 29, Flags: canbus.Extended},
	} {
		if n, err := canbus.Marshal(b[:], &f); err == nil {
			t.Errorf("%+v: got %d bytes, want an error", f, n)
		}
	}
	f := frame(1)
	if _, err := canbus.Marshal(b[:15], &f); err == nil {
		t.Error("got no error for a buffer that is too short")
	}
	fd := canbus.Frame{ID: 1, Flags: canbus.FD}
	if _, err := canbus.Marshal(b[:71], &fd); err == nil {
		t.Error("got no error for a buffer that is too short for FD")
	}
}

func TestUnmarshalTolerates(t *testing.T) {
	b := make([]byte, canbus.KernelLen)
	var f canbus.Frame
	binary.NativeEndian.PutUint32(b, 0x12345)
	if err := canbus.Unmarshal(b, &f); err != nil || f.ID != 0x345 || f.Flags != 0 {
		t.Errorf("got %+v, %v; want the 11 bits that a standard frame has", f, err)
	}
	fd := make([]byte, canbus.KernelLenFD)
	fd[4] = 9
	if err := canbus.Unmarshal(fd, &f); err != nil || f.Len != 12 || f.Flags != canbus.FD {
		t.Errorf("got %+v, %v; want the length rounded up to 12", f, err)
	}
}

func TestUnmarshalErrors(t *testing.T) {
	var f canbus.Frame
	for _, n := range []int{0, 1, 15, 17, 71, 73, 2060} {
		if err := canbus.Unmarshal(make([]byte, n), &f); err == nil {
			t.Errorf("got no error for %d bytes", n)
		}
	}
	long := make([]byte, canbus.KernelLen)
	long[4] = 9
	if err := canbus.Unmarshal(long, &f); err == nil {
		t.Error("got no error for 9 bytes in a classic frame")
	}
	long = make([]byte, canbus.KernelLenFD)
	long[4] = 65
	if err := canbus.Unmarshal(long, &f); err == nil {
		t.Error("got no error for 65 bytes in an FD frame")
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, v := range everyKind() {
		var b [canbus.KernelLenFD]byte
		n, err := canbus.Marshal(b[:], &v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:n])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v canbus.Frame
		if canbus.Unmarshal(b, &v) != nil {
			return
		}
		if err := v.Validate(); err != nil {
			t.Fatalf("unmarshalled a frame that is not valid: %v", err)
		}
		var again [canbus.KernelLenFD]byte
		n, err := canbus.Marshal(again[:], &v)
		if err != nil || n != len(b) {
			t.Fatalf("marshalled %d bytes, %v; want %d", n, err, len(b))
		}
		var w canbus.Frame
		if err := canbus.Unmarshal(again[:n], &w); err != nil || v != w {
			t.Fatalf("got %+v, %v; want %+v", w, err, v)
		}
	})
}

// BenchmarkMarshal is ours and brutella's for the same classic frame.
// Measured: 7 ns and none against 216 ns and 9 allocations, a ratio of 30.
func BenchmarkMarshal(b *testing.B) {
	f := frame(0x123, 1, 2, 3, 4, 5, 6, 7, 8)
	bf, err := canbus.ToBrutella(f)
	if err != nil {
		b.Fatal(err)
	}
	var buf [canbus.KernelLenFD]byte
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			canbus.Marshal(buf[:], &f)
		}
	})
	b.Run("brutella", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			brutella.Marshal(bf)
		}
	})
}

// BenchmarkUnmarshal is the other way. Measured: 7 ns against 194 ns and 7
// allocations, a ratio of 27; einride, which has only classic frames, needs 1.2.
func BenchmarkUnmarshal(b *testing.B) {
	f := frame(0x123, 1, 2, 3, 4, 5, 6, 7, 8)
	var buf [canbus.KernelLen]byte
	if _, err := canbus.Marshal(buf[:], &f); err != nil {
		b.Fatal(err)
	}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			canbus.Unmarshal(buf[:], &f)
		}
	})
	b.Run("brutella", func(b *testing.B) {
		var bf brutella.Frame
		b.ReportAllocs()
		for b.Loop() {
			brutella.Unmarshal(buf[:], &bf)
		}
	})
}
