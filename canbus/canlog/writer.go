package canlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"

	"tandem/canbus"
)

// WriterConfig says how a Writer writes; the zero value is what `candump -l`
// does.
type WriterConfig struct {
	// Interface stands in lines of frames that come without one; "" means can0.
	Interface string
	// Directions puts T behind frames that were sent from here and R behind the
	// others, as `candump -l -x` does.
	Directions bool
	// Nanoseconds writes nine digits of the second instead of six, as
	// `candump -l -N` does. canplayer reads only six.
	Nanoseconds bool
}

// Writer writes the log format of can-utils, byte for byte what candump -l
// would write. It allocates nothing per frame.
type Writer struct {
	cfg WriterConfig
	w   *bufio.Writer
	b   []byte // one line
}

// NewWriter makes a Writer on w. It buffers: end with Flush.
func NewWriter(w io.Writer, cfg WriterConfig) *Writer {
	if cfg.Interface == "" {
		cfg.Interface = "can0"
	}
	return &Writer{cfg: cfg, w: bufio.NewWriterSize(w, bufferSize), b: make([]byte, 0, 256)}
}

// Write writes one frame as seen on iface ("" for the configured name). A
// frame that is not valid, a time before 1970 and an interface name that would
// break the line are errors, and leave the log as it was.
func (w *Writer) Write(iface string, f *canbus.Frame) error {
	if err := f.Validate(); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	if f.Time < 0 {
		return fmt.Errorf("write log: frame %#x has a time before 1970", f.ID)
	}
	if iface == "" {
		iface = w.cfg.Interface
	}
	if !cleanName(iface) {
		return fmt.Errorf("write log: interface %q: a name without space and # is needed", iface)
	}
	b := appendStamp(w.b[:0], f.Time, w.cfg.Nanoseconds)
	b = append(b, iface...)
	b = append(b, ' ')
	b = AppendFrame(b, f)
	if w.cfg.Directions {
		if f.Flags&canbus.Sent != 0 {
			b = append(b, " T"...)
		} else {
			b = append(b, " R"...)
		}
	}
	b = append(b, '\n')
	w.b = b[:0]
	if _, err := w.w.Write(b); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

// Flush hands everything written to the io.Writer.
func (w *Writer) Flush() error {
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

// AppendFrame appends a valid frame as can-utils writes it in logs and cansend
// reads it: 123#1122, 18DAF110#R8, 123##11122.
func AppendFrame(b []byte, f *canbus.Frame) []byte {
	switch {
	case f.Flags&canbus.Error != 0:
		b = appendHex(b, f.ID|errorFlag, 8)
	case f.Flags&canbus.Extended != 0:
		b = appendHex(b, f.ID, 8)
	default:
		b = appendHex(b, f.ID, 3)
	}
	b = append(b, '#')
	if f.Flags&canbus.Remote != 0 {
		b = append(b, 'R')
		if f.Len > 0 {
			b = append(b, '0'+f.Len)
		}
		return b
	}
	if f.Flags&canbus.FD != 0 {
		flags := byte('0')
		if f.Flags&canbus.BitRateSwitch != 0 {
			flags |= flagBRS
		}
		if f.Flags&canbus.ErrorState != 0 {
			flags |= flagESI
		}
		b = append(b, '#', flags)
	}
	for _, v := range f.Payload() {
		b = append(b, digits[v>>4], digits[v&0xf])
	}
	return b
}

// ParseFrame reads what AppendFrame writes, and cansend takes.
func ParseFrame(s string) (canbus.Frame, error) {
	var f canbus.Frame
	var p lineParser
	p.b = []byte(s)
	for hash := range p.b {
		if p.b[hash] != '#' {
			continue
		}
		if !p.compact(&f, hash) {
			return canbus.Frame{}, fmt.Errorf("frame %q: character %d: %s", s, p.i+1, p.problem)
		}
		return f, nil
	}
	return canbus.Frame{}, errors.New("frame " + strconv.Quote(s) + ": expected ID#DATA, as in 123#1122")
}

const digits = "0123456789ABCDEF"

func appendHex(b []byte, v uint32, n int) []byte {
	for n--; n >= 0; n-- {
		b = append(b, digits[v>>(4*n)&0xf])
	}
	return b
}

// appendStamp appends "(1436509052.249713) "; can-utils pads to ten digits.
func appendStamp(b []byte, t int64, nano bool) []byte {
	sec, frac, width := t/1e9, t%1e9/1e3, 6
	if nano {
		frac, width = t%1e9, 9
	}
	b = append(b, '(')
	b = appendPadded(b, sec, 10)
	b = append(b, '.')
	b = appendPadded(b, frac, width)
	return append(b, ") "...)
}

func appendPadded(b []byte, v int64, width int) []byte {
	var tmp [20]byte
	i := len(tmp)
	for ; v > 0 || len(tmp)-i < width; v /= 10 {
		i--
		tmp[i] = byte('0' + v%10)
	}
	return append(b, tmp[i:]...)
}

func cleanName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '#' || c == 0x7f {
			return false
		}
	}
	return true
}
