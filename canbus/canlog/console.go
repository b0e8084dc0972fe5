package canlog

import (
	"bytes"

	"tandem/canbus"
)

// console reads "[INTERFACE] [RX|TX B E] ID [LENGTH] DATA ['ascii'|ERRORFRAME]",
// what candump prints when it does not log.
func (p *lineParser) console(f *canbus.Frame) bool {
	start := p.i
	open := p.bracket()
	if open < 0 {
		p.i = start
		return p.fail(wantFrame)
	}
	head, ok := p.consoleHead(open)
	if !ok {
		return false
	}
	if !p.id(f, p.i+len(head.id)) {
		return false
	}
	p.i = open
	length, wide, ok := p.length()
	if !ok {
		return false
	}
	if wide {
		p.fdFlags(f, head.brs, head.esi)
	}
	if head.sent {
		f.Flags |= canbus.Sent
	}
	f.Len = uint8(length)
	p.spaces()
	if !wide && bytes.HasPrefix(p.b[p.i:], []byte("remote request")) {
		f.Flags |= canbus.Remote
		f.Data = [canbus.MaxLenFD]byte{}
		p.i += len("remote request")
		return p.nothingMore()
	}
	if !p.bytes(f, length) {
		return false
	}
	if wide {
		f.Len = uint8(canbus.FDLen(length))
	}
	return p.tail()
}

// bracket is where the length begins: the first [ or { that is a word's start.
func (p *lineParser) bracket() int {
	for i := p.i; i < len(p.b); i++ {
		if (p.b[i] == '[' || p.b[i] == '{') && (i == 0 || p.b[i-1] == ' ' || p.b[i-1] == '\t') {
			return i
		}
	}
	return -1
}

type consoleHead struct {
	id             []byte
	sent, brs, esi bool
}

// consoleHead reads what stands before the length, and leaves i at the id.
func (p *lineParser) consoleHead(open int) (h consoleHead, ok bool) {
	var words [6][]byte
	var at [6]int
	n := 0
	for p.spaces(); p.i < open; p.spaces() {
		if n == len(words) {
			return h, p.fail("too many words before the length: " + wantFrame)
		}
		at[n] = p.i
		words[n] = p.word()
		n++
	}
	if n == 0 {
		p.i = open
		return h, p.fail("no id before the length: " + wantFrame)
	}
	n--
	h.id, p.i = words[n], at[n]
	if n >= 3 && (string(words[n-3]) == "RX" || string(words[n-3]) == "TX") {
		h.sent = words[n-3][0] == 'T'
		h.brs = string(words[n-2]) == "B"
		h.esi = string(words[n-1]) == "E"
		n -= 3
	}
	switch n {
	case 0:
	case 1:
		p.iface = words[0]
	default:
		p.i = at[1]
		return h, p.fail("unexpected word between interface and id: " + wantFrame)
	}
	return h, true
}

// length reads "[8]", "[08]" (FD, wide) or "{E}" (a raw length code: 8 bytes).
func (p *lineParser) length() (n int, wide, ok bool) {
	if p.b[p.i] == '{' {
		p.i++
		if p.i+1 >= len(p.b) || p.b[p.i+1] != '}' || nibbles[p.b[p.i]] == hexInvalid || nibbles[p.b[p.i]] <= canbus.MaxLen {
			return 0, false, p.fail("expected a raw length code, as in {E}")
		}
		p.i += 2
		return canbus.MaxLen, false, true
	}
	p.i++
	start := p.i
	v, digits := p.number()
	if digits == 0 || digits > 2 || !p.at(']') {
		return 0, false, p.fail("expected a length, as in [8] or, for FD, [08]")
	}
	p.i++
	wide = digits == 2
	if v > canbus.MaxLenFD || !wide && v > canbus.MaxLen {
		p.i = start
		return 0, false, p.fail("a classic frame has at most 8 bytes, an FD frame 64")
	}
	return int(v), wide, true
}

// bytes reads n bytes as candump prints them: "1A", 00011010 with -i, and with
// -S the last first and ` between them.
func (p *lineParser) bytes(f *canbus.Frame, n int) bool {
	swapped := false
	for k := range n {
		if swapped = swapped || k > 0 && p.at('`'); swapped && p.at('`') {
			p.i++
		} else {
			p.spaces()
		}
		v, ok := p.byte()
		if !ok {
			return p.fail("expected as many bytes as the length says, two hexadecimal digits each")
		}
		f.Data[k] = v
	}
	if swapped {
		for i, j := 0, n-1; i < j; i, j = i+1, j-1 {
			f.Data[i], f.Data[j] = f.Data[j], f.Data[i]
		}
	}
	clear(f.Data[n:])
	return true
}

func (p *lineParser) byte() (v uint8, ok bool) {
	end := p.i
	for end < len(p.b) && p.b[end] != ' ' && p.b[end] != '\t' && p.b[end] != '`' {
		end++
	}
	switch end - p.i {
	case 2:
		hi, lo := nibbles[p.b[p.i]], nibbles[p.b[p.i+1]]
		if hi == hexInvalid || lo == hexInvalid {
			return 0, false
		}
		v = hi<<4 | lo
	case 8:
		for _, c := range p.b[p.i:end] {
			if c != '0' && c != '1' {
				return 0, false
			}
			v = v<<1 | (c - '0')
		}
	default:
		return 0, false
	}
	p.i = end
	return v, true
}

// tail passes over what candump prints behind the data, and over a note that a
// person put there.
func (p *lineParser) tail() bool {
	p.spaces()
	switch {
	case p.at('\''), p.at('`'), p.at('<'), p.at('#'), p.at('/'), p.at(';'):
		return true
	case bytes.HasPrefix(p.b[p.i:], []byte("ERRORFRAME")):
		p.i += len("ERRORFRAME")
	}
	return p.nothingMore()
}

func (p *lineParser) nothingMore() bool {
	p.spaces()
	if p.i < len(p.b) {
		return p.fail("unexpected text behind the data")
	}
	return true
}
