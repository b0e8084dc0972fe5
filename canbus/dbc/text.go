package dbc

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// cp1252 maps the bytes 0x80 to 0x9f of Windows code page 1252; the others
// are those of ISO 8859-1. The five unassigned bytes map to themselves, as
// the WHATWG encoding standard has it.
var cp1252 = [32]rune{
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
}

// decodeText makes UTF-8 of a file's bytes and names the encoding found.
func decodeText(data []byte) (text, encoding string) {
	switch {
	case len(data) >= 3 && data[0] == 0xef && data[1] == 0xbb && data[2] == 0xbf && utf8.Valid(data):
		return string(data[3:]), "UTF-8 with a byte order mark"
	case len(data) >= 2 && data[0] == 0xff && data[1] == 0xfe:
		return utf16Text(data[2:], binary.LittleEndian), "UTF-16"
	case len(data) >= 2 && data[0] == 0xfe && data[1] == 0xff:
		return utf16Text(data[2:], binary.BigEndian), "UTF-16"
	case utf8.Valid(data):
		return string(data), "UTF-8"
	}
	if len(data) >= 3 && data[0] == 0xef && data[1] == 0xbb && data[2] == 0xbf {
		data = data[3:]
	}
	return mixedText(data), "code page 1252"
}

// mixedText reads each line as UTF-8 if it is that, and as code page 1252 if
// not: files are put together from files.
func mixedText(data []byte) string {
	var b strings.Builder
	b.Grow(len(data) + len(data)/16)
	for line := range bytes.Lines(data) {
		if utf8.Valid(line) {
			b.Write(line)
			continue
		}
		for _, c := range line {
			r := rune(c)
			if c >= 0x80 && c < 0xa0 {
				r = cp1252[c-0x80]
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

func utf16Text(data []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units))
}
