// Package canbus carries CAN frames: classic and FD, to 64 bytes, over any bus
// (a real interface, an in-memory pipe, a recording). It knows bytes, ids and
// time, and nothing of signals or of what a frame means.
//
// Standards: ISO 11898-1:2015 (classic and FD data link layer); flag names as
// in the Linux kernel's linux/can.h.
package canbus

import "fmt"

// Limits of ISO 11898-1.
const (
	MaxStandardID = 1<<11 - 1 // 11-bit identifier
	MaxExtendedID = 1<<29 - 1 // 29-bit identifier
	MaxLen        = 8         // payload bytes of a classic frame
	MaxLenFD      = 64        // payload bytes of an FD frame
)

// Flags qualify a Frame.
type Flags uint16

// Frame flags. Remote excludes FD; BitRateSwitch and ErrorState need FD.
const (
	Extended      Flags = 1 << iota // 29-bit identifier (IDE, EFF)
	Remote                          // remote transmission request (RTR)
	Error                           // error report from the controller; ID holds the kernel's error class
	FD                              // FD frame format (FDF)
	BitRateSwitch                   // data phase at the higher rate (BRS)
	ErrorState                      // sender is error-passive (ESI)
	Sent                            // direction: went out from here, rather than came in
)

// Frame is one CAN frame as it was on the wire, with when and where. It is
// plain memory: copying it is all there is to owning it.
type Frame struct {
	Time  int64  // nanoseconds since the Unix epoch, of the receiver's clock; 0 if unknown
	ID    uint32 // 11 or 29 bits, without flag bits
	Flags Flags
	Bus   uint8 // index of the bus in the car's list
	Len   uint8 // payload bytes: 0 to 8, or an FD length to 64; a Remote frame's requested length
	Data  [MaxLenFD]byte
}

// Payload is the part of Data that the frame carries; empty for Remote frames.
func (f *Frame) Payload() []byte {
	if f.Flags&Remote != 0 {
		return nil
	}
	return f.Data[:min(int(f.Len), MaxLenFD)]
}

// Validate says why the frame could not stand on a bus, or nil.
func (f *Frame) Validate() error {
	maxID, kind := uint32(MaxStandardID), "standard"
	if f.Flags&(Extended|Error) != 0 {
		maxID, kind = MaxExtendedID, "extended"
	}
	switch {
	case f.ID > maxID:
		return fmt.Errorf("%s id %#x is above %#x", kind, f.ID, maxID)
	case f.Flags&FD == 0 && f.Flags&(BitRateSwitch|ErrorState) != 0:
		return fmt.Errorf("frame %#x: bit-rate switch and error-state flags need the FD format", f.ID)
	case f.Flags&FD != 0 && f.Flags&Remote != 0:
		return fmt.Errorf("frame %#x: FD has no remote frames", f.ID)
	case f.Flags&FD == 0 && f.Len > MaxLen:
		return fmt.Errorf("frame %#x: %d bytes in a classic frame, at most %d", f.ID, f.Len, MaxLen)
	case f.Flags&FD != 0 && FDLen(int(f.Len)) != int(f.Len):
		return fmt.Errorf("frame %#x: FD has no length of %d bytes", f.ID, f.Len)
	}
	return nil
}

// FDLen is the smallest FD payload length that holds n bytes (0 to 64), or -1.
func FDLen(n int) int {
	switch {
	case n < 0 || n > MaxLenFD:
		return -1
	case n <= 8:
		return n
	case n <= 24:
		return (n + 3) &^ 3
	case n <= 32:
		return 32
	case n <= 48:
		return 48
	}
	return 64
}
