package canbus

import (
	"errors"
	"fmt"

	brutella "github.com/brutella/can"
	einride "go.einride.tech/can"
)

// ErrNotClassic is what a conversion to a classic-only frame type gives for an
// FD frame.
var ErrNotClassic = errors.New("canbus: CAN FD does not fit a classic frame")

// ToEinride is f as go.einride.tech/can knows it. Time, bus and direction do
// not come along. FD frames (ErrNotClassic), error frames and frames that are
// not valid cannot be carried.
func ToEinride(f Frame) (einride.Frame, error) {
	if err := carries(&f, Error, "einride"); err != nil {
		return einride.Frame{}, err
	}
	e := einride.Frame{
		ID:         f.ID,
		Length:     f.Len,
		IsRemote:   f.Flags&Remote != 0,
		IsExtended: f.Flags&Extended != 0,
	}
	copy(e.Data[:], f.Payload())
	return e, nil
}

// FromEinride is e as a Frame, without a time. A frame that cannot stand on a
// bus is an error.
func FromEinride(e einride.Frame) (Frame, error) {
	f := Frame{ID: e.ID, Len: e.Length}
	if e.IsExtended {
		f.Flags |= Extended
	}
	if e.IsRemote {
		f.Flags |= Remote
	}
	if err := f.Validate(); err != nil {
		return Frame{}, fmt.Errorf("convert from einride: %w", err)
	}
	copy(f.Data[:], e.Data[:len(f.Payload())])
	return f, nil
}

// ToBrutella is f as github.com/brutella/can knows it, flags in the top bits of
// the id. Time, bus and direction do not come along. FD frames (ErrNotClassic)
// and frames that are not valid cannot be carried.
func ToBrutella(f Frame) (brutella.Frame, error) {
	if err := carries(&f, 0, "brutella"); err != nil {
		return brutella.Frame{}, err
	}
	b := brutella.Frame{ID: f.ID, Length: f.Len}
	if f.Flags&Extended != 0 {
		b.ID |= kernelEFF
	}
	if f.Flags&Remote != 0 {
		b.ID |= kernelRTR
	}
	if f.Flags&Error != 0 {
		b.ID |= kernelERR
	}
	copy(b.Data[:], f.Payload())
	return b, nil
}

// FromBrutella is b as a Frame, without a time. brutella reads an FD frame as a
// classic one with most of its payload gone; that (ErrNotClassic) and a frame
// that cannot stand on a bus are errors.
func FromBrutella(b brutella.Frame) (Frame, error) {
	if b.Flags&kernelFDF != 0 || b.Length > MaxLen {
		return Frame{}, fmt.Errorf("convert from brutella: frame %#x of %d bytes: %w", b.ID&MaxExtendedID, b.Length, ErrNotClassic)
	}
	if err := checkKernelID(b.ID); err != nil {
		return Frame{}, fmt.Errorf("convert from brutella: %w", err)
	}
	var f Frame
	f.Flags, f.ID = kernelFlags(b.ID)
	f.Len = b.Length
	copy(f.Data[:], b.Data[:len(f.Payload())])
	return f, nil
}

// carries says why a classic-only frame type cannot hold f.
func carries(f *Frame, without Flags, to string) error {
	if f.Flags&FD != 0 {
		return fmt.Errorf("convert frame %#x to %s: %w", f.ID, to, ErrNotClassic)
	}
	if f.Flags&without != 0 {
		return fmt.Errorf("convert frame %#x to %s: it has no error frames", f.ID, to)
	}
	if err := f.Validate(); err != nil {
		return fmt.Errorf("convert to %s: %w", to, err)
	}
	return nil
}
