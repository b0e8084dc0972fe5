package canbus

import (
	"encoding/binary"
	"fmt"
)

// Sizes of the kernel's frame structures (linux/can.h): CAN_MTU and CANFD_MTU.
const (
	KernelLen   = 16 // struct can_frame
	KernelLenFD = 72 // struct canfd_frame
)

// Bits of linux/can.h.
const (
	kernelEFF = 1 << 31
	kernelRTR = 1 << 30
	kernelERR = 1 << 29

	kernelBRS = 0x01
	kernelESI = 0x02
	kernelFDF = 0x04 // marks an FD frame in structures that carry both kinds
)

// Marshal writes f into b in the layout that the kernel's CAN sockets use, in
// the byte order of the machine, and says how many bytes that took: KernelLen,
// or KernelLenFD for an FD frame, which also gets the flag CANFD_FDF.
//
//	 0       3   4     5      6     7     8 ............ 15 ....... 71
//	+---------+-----+-------+-----+-----+-------------------+--------+
//	| id+flags| len | flags |  0  |  0  | data 8            | FD: 64 |
//	+---------+-----+-------+-----+-----+-------------------+--------+
//
// Time, Bus and Sent have no place in it. A frame that is not valid is an
// error, and so is a b that is too short.
func Marshal(b []byte, f *Frame) (int, error) {
	if err := f.Validate(); err != nil {
		return 0, err
	}
	n, data := KernelLen, MaxLen
	if f.Flags&FD != 0 {
		n, data = KernelLenFD, MaxLenFD
	}
	if len(b) < n {
		return 0, fmt.Errorf("frame %#x needs %d bytes, got room for %d", f.ID, n, len(b))
	}
	id := f.ID
	if f.Flags&Extended != 0 {
		id |= kernelEFF
	}
	if f.Flags&Remote != 0 {
		id |= kernelRTR
	}
	if f.Flags&Error != 0 {
		id |= kernelERR
	}
	binary.NativeEndian.PutUint32(b, id)
	b[4], b[5], b[6], b[7] = f.Len, 0, 0, 0
	if f.Flags&FD != 0 {
		b[5] = kernelFDF
		if f.Flags&BitRateSwitch != 0 {
			b[5] |= kernelBRS
		}
		if f.Flags&ErrorState != 0 {
			b[5] |= kernelESI
		}
	}
	used := copy(b[8:8+data], f.Payload())
	clear(b[8+used : 8+data])
	return n, nil
}

// Unmarshal reads one kernel frame; its length says which kind it is, as on a
// socket. It sets everything of f but Time and Bus. It takes what a kernel may
// hand out: identifier bits beyond the 11 of a standard frame are ignored, and
// an FD length that ISO 11898-1 does not have is rounded up, as a controller
// does. Any other length of b, or a payload longer than the frame, is an error.
func Unmarshal(b []byte, f *Frame) error {
	switch len(b) {
	case KernelLen:
		if b[4] > MaxLen {
			return fmt.Errorf("classic kernel frame of %d bytes, at most %d", b[4], MaxLen)
		}
	case KernelLenFD:
		if b[4] > MaxLenFD {
			return fmt.Errorf("FD kernel frame of %d bytes, at most %d", b[4], MaxLenFD)
		}
	default:
		return fmt.Errorf("kernel frame of %d bytes, want %d or %d", len(b), KernelLen, KernelLenFD)
	}
	word := binary.NativeEndian.Uint32(b)
	f.Flags, f.ID = kernelFlags(word)
	if len(b) == KernelLenFD {
		f.Flags = fdFlags(f.Flags, b[5])
	}
	f.Len = b[4]
	n := 0
	if f.Flags&FD != 0 {
		f.Len = uint8(FDLen(int(b[4])))
	}
	if f.Flags&Remote == 0 {
		n = copy(f.Data[:b[4]], b[8:])
	}
	clear(f.Data[n:])
	return nil
}

// kernelFlags takes the flags off the id of a classic frame.
func kernelFlags(word uint32) (Flags, uint32) {
	var flags Flags
	id := word & MaxStandardID
	if word&kernelEFF != 0 {
		flags |= Extended
	}
	if word&kernelERR != 0 {
		flags |= Error
	}
	if flags != 0 {
		id = word & MaxExtendedID
	}
	if word&kernelRTR != 0 {
		flags |= Remote
	}
	return flags, id
}

// fdFlags makes the flags of an FD frame, which is never remote, of those of
// its id and of its own.
func fdFlags(flags Flags, bits byte) Flags {
	flags = flags&^Remote | FD
	if bits&kernelBRS != 0 {
		flags |= BitRateSwitch
	}
	if bits&kernelESI != 0 {
		flags |= ErrorState
	}
	return flags
}
