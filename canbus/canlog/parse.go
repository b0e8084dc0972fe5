package canlog

import (
	"bytes"
	"math"
	"time"

	"tandem/canbus"
)

// lineParser reads one line. After a parse that went wrong, problem says what
// and i where.
type lineParser struct {
	b       []byte
	i       int
	problem string

	time  int64  // as the line has it; 0 if it has none
	iface []byte // part of b
	plain []byte // a line without its colours
}

const (
	errorFlag  = 1 << 29 // CAN_ERR_FLAG
	maxLogID   = errorFlag | canbus.MaxExtendedID
	wantFrame  = "expected INTERFACE ID#DATA or INTERFACE ID [LENGTH] DATA, as candump writes it"
	flagBRS    = 1
	flagESI    = 2
	hexInvalid = 0xff
	maxSeconds = math.MaxInt64/int64(time.Second) - 1
)

// nibbles is the value of each hexadecimal digit, hexInvalid for other bytes.
var nibbles = func() (t [256]uint8) {
	for i := range t {
		t[i] = hexInvalid
	}
	for i := range 10 {
		t['0'+i] = uint8(i)
	}
	for i := range 6 {
		t['A'+i], t['a'+i] = uint8(10+i), uint8(10+i)
	}
	return t
}()

func (p *lineParser) fail(problem string) bool {
	p.problem = problem
	return false
}

// parse reads a line of either kind into f (not its Bus and Time).
func (p *lineParser) parse(line []byte, f *canbus.Frame, zone *time.Location) bool {
	p.b, p.i, p.time, p.iface = line, 0, 0, nil
	if bytes.IndexByte(line, 0x1b) >= 0 {
		p.plain = appendPlain(p.plain[:0], line)
		p.b = p.plain
	}
	p.spaces()
	if p.at('(') && !p.stamp(zone) {
		return false
	}
	p.spaces()
	start := p.i
	word := p.word()
	if len(word) == 0 {
		return p.fail("the line ends before its frame: " + wantFrame)
	}
	hash := bytes.IndexByte(word, '#')
	if hash < 0 {
		p.spaces()
		next := p.i
		second := p.word()
		if hash = bytes.IndexByte(second, '#'); hash < 0 {
			p.i = start
			return p.console(f)
		}
		p.iface = word
		start = next
	}
	p.i = start
	return p.compact(f, start+hash)
}

func (p *lineParser) at(c byte) bool { return p.i < len(p.b) && p.b[p.i] == c }

func (p *lineParser) spaces() {
	for p.i < len(p.b) && (p.b[p.i] == ' ' || p.b[p.i] == '\t') {
		p.i++
	}
}

// word goes to the next space or the end.
func (p *lineParser) word() []byte {
	start := p.i
	for p.i < len(p.b) && p.b[p.i] != ' ' && p.b[p.i] != '\t' {
		p.i++
	}
	return p.b[start:p.i]
}

// stamp reads "(seconds.fraction)" or "(2006-01-02 15:04:05.fraction)".
func (p *lineParser) stamp(zone *time.Location) bool {
	p.i++
	p.spaces()
	sec, digits := p.number()
	if digits == 0 {
		return p.fail("expected a time in seconds, as in (1436509052.249713)")
	}
	if p.at('-') && digits == 4 {
		if sec, digits = p.date(int(sec), zone); digits == 0 {
			return p.fail("expected a date, as in (2006-01-02 15:04:05.000000)")
		}
	} else if digits > 10 {
		return p.fail("a time of more than 10 digits before the point is not in seconds")
	}
	var frac int64
	if p.at('.') || p.at(',') {
		p.i++
		start := p.i
		frac, digits = p.number()
		if digits == 0 || digits > 9 {
			p.i = start
			return p.fail("expected 1 to 9 digits of a second after the point")
		}
		for ; digits < 9; digits++ {
			frac *= 10
		}
	}
	p.spaces()
	if !p.at(')') {
		return p.fail("expected ) after the time")
	}
	if sec > maxSeconds {
		return p.fail("a time after the year 2261")
	}
	p.i++
	p.time = sec*int64(time.Second) + frac
	return true
}

// date reads the rest of "2006-01-02 15:04:05" behind the year, to seconds
// since the epoch; ok is 0 if it is none.
func (p *lineParser) date(year int, zone *time.Location) (sec int64, ok int) {
	var v [5]int
	for i, before := range [5]byte{'-', '-', ' ', ':', ':'} {
		if !p.at(before) {
			return 0, 0
		}
		p.i++
		n, digits := p.number()
		if digits != 2 {
			return 0, 0
		}
		v[i] = int(n)
	}
	if v[0] < 1 || v[0] > 12 || v[1] < 1 || v[1] > 31 || v[2] > 23 || v[3] > 59 || v[4] > 60 {
		return 0, 0
	}
	if zone == nil {
		zone = time.UTC
	}
	return time.Date(year, time.Month(v[0]), v[1], v[2], v[3], v[4], 0, zone).Unix(), 1
}

// number reads decimal digits; more than 18 count as none.
func (p *lineParser) number() (n int64, digits int) {
	start := p.i
	for p.i < len(p.b) {
		c := p.b[p.i] - '0'
		if c > 9 {
			break
		}
		n = n*10 + int64(c)
		p.i++
	}
	if digits = p.i - start; digits > 18 {
		return 0, 0
	}
	return n, digits
}

// id reads the digits of an identifier up to end, and from their number and
// value which kind of frame it begins.
func (p *lineParser) id(f *canbus.Frame, end int) bool {
	digits := end - p.i
	if digits == 0 || digits > 8 {
		return p.fail("expected an id of 3 or 8 hexadecimal digits")
	}
	var id uint32
	for ; p.i < end; p.i++ {
		n := nibbles[p.b[p.i]]
		if n == hexInvalid {
			return p.fail("expected a hexadecimal digit of the id")
		}
		id = id<<4 | uint32(n)
	}
	p.i -= digits
	f.Flags = 0
	switch {
	case digits <= 3 && id > canbus.MaxStandardID:
		return p.fail("an id of 3 digits is at most 7FF; an extended id has 8 digits")
	case digits <= 3:
	case id > maxLogID:
		return p.fail("an id of 8 digits is at most 1FFFFFFF, or 3FFFFFFF for an error frame")
	case id&errorFlag != 0:
		f.Flags = canbus.Error
		id &^= errorFlag
	default:
		f.Flags = canbus.Extended
	}
	f.ID = id
	p.i = end
	return true
}

// compact reads "ID#...", whose # stands at hash, and the direction after it.
func (p *lineParser) compact(f *canbus.Frame, hash int) bool {
	if !p.id(f, hash) {
		return false
	}
	p.i++
	ok := false
	switch {
	case p.at('#'):
		ok = p.fdData(f)
	case p.at('R') || p.at('r'):
		ok = p.remote(f)
	default:
		ok = p.hexData(f, canbus.MaxLen) && p.lengthCode(f)
	}
	return ok && p.direction(f)
}

func (p *lineParser) fdData(f *canbus.Frame) bool {
	if p.i++; p.at('#') {
		return p.fail("CAN XL frames (###) are not supported; classic is ID#DATA, FD is ID##FLAGS DATA")
	}
	if p.i == len(p.b) || nibbles[p.b[p.i]] == hexInvalid {
		return p.fail("expected one hexadecimal digit of FD flags after ##")
	}
	flags := nibbles[p.b[p.i]]
	p.i++
	p.fdFlags(f, flags&flagBRS != 0, flags&flagESI != 0)
	if p.at('.') {
		p.i++
	}
	if !p.hexData(f, canbus.MaxLenFD) {
		return false
	}
	f.Len = uint8(canbus.FDLen(int(f.Len)))
	return true
}

func (p *lineParser) fdFlags(f *canbus.Frame, brs, esi bool) {
	f.Flags |= canbus.FD
	if brs {
		f.Flags |= canbus.BitRateSwitch
	}
	if esi {
		f.Flags |= canbus.ErrorState
	}
}

func (p *lineParser) remote(f *canbus.Frame) bool {
	p.i++
	f.Flags |= canbus.Remote
	f.Len = 0
	f.Data = [canbus.MaxLenFD]byte{}
	if p.i < len(p.b) && p.b[p.i] >= '0' && p.b[p.i] <= '9' {
		f.Len = p.b[p.i] - '0'
		if f.Len > canbus.MaxLen {
			return p.fail("a remote frame asks for at most 8 bytes")
		}
		p.i++
	}
	return p.lengthCode(f)
}

// hexData reads bytes, with or without points between them, to the end of the
// word or a _.
func (p *lineParser) hexData(f *canbus.Frame, limit int) bool {
	b, i, n := p.b, p.i, 0
	for i < len(b) {
		c := b[i]
		if c == ' ' || c == '_' || c == '\t' {
			break
		}
		if c == '.' && n > 0 {
			i++
			continue
		}
		p.i = i
		hi := nibbles[c]
		if hi == hexInvalid {
			return p.fail("expected data in hexadecimal digits")
		}
		if i+1 == len(b) || nibbles[b[i+1]] == hexInvalid {
			return p.fail("expected two hexadecimal digits per byte")
		}
		if n == limit {
			if limit == canbus.MaxLen {
				return p.fail("more than 8 bytes in a classic frame; an FD frame has ## and a flags digit")
			}
			return p.fail("more than 64 bytes in an FD frame")
		}
		f.Data[n] = hi<<4 | nibbles[b[i+1]]
		n++
		i += 2
	}
	p.i = i
	clear(f.Data[n:])
	f.Len = uint8(n)
	return true
}

// lengthCode reads the _9 to _F that stands where a frame of 8 bytes had that
// length code on the wire. A Frame has no place for it.
func (p *lineParser) lengthCode(f *canbus.Frame) bool {
	if !p.at('_') {
		return true
	}
	p.i++
	if p.i == len(p.b) || nibbles[p.b[p.i]] == hexInvalid || nibbles[p.b[p.i]] <= canbus.MaxLen {
		return p.fail("expected a raw length code 9 to F after _")
	}
	if f.Len != canbus.MaxLen {
		return p.fail("a raw length code needs a frame of 8 bytes")
	}
	p.i++
	return true
}

// direction reads the R or T that candump -x puts behind a log line.
func (p *lineParser) direction(f *canbus.Frame) bool {
	if p.i < len(p.b) && p.b[p.i] != ' ' && p.b[p.i] != '\t' {
		return p.fail("unexpected text behind the frame")
	}
	p.spaces()
	start := p.i
	switch word := p.word(); {
	case len(word) == 0:
		return true
	case string(word) == "T":
		f.Flags |= canbus.Sent
	case string(word) != "R":
		p.i = start
		return p.fail("expected R, T or nothing behind the frame")
	}
	start = p.i
	p.spaces()
	if p.i < len(p.b) {
		return p.fail("unexpected text behind the direction")
	}
	p.i = start
	return true
}

// appendPlain appends the line without the escape sequences of candump -c.
func appendPlain(out, line []byte) []byte {
	for i := 0; i < len(line); i++ {
		if line[i] != 0x1b {
			out = append(out, line[i])
			continue
		}
		for i+1 < len(line) && line[i] != 'm' {
			i++
		}
	}
	return out
}
