package web

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Chunks of the QOI specification 1.0.
const (
	qoiIndex = 0x00 // 2-bit tag, index
	qoiDiff  = 0x40 // 2-bit tag, dr+2, dg+2, db+2
	qoiLuma  = 0x80 // 2-bit tag, dg+32; dr-dg+8, db-dg+8
	qoiRun   = 0xc0 // 2-bit tag, length-1
	qoiRGB   = 0xfe // r, g, b
	maxRun   = 62
)

// qoiHash is the place of an opaque colour 0x00RRGGBB in the table.
func qoiHash(v uint32) uint32 {
	return (v>>16*3 + v>>8&0xff*5 + v&0xff*7 + 255*11) & 63
}

// AppendQOI writes BGRX pixels behind b as a chunk stream: what stands between
// the header and the end mark of a QOI file whose alpha is 255 throughout.
func AppendQOI(b, pix []byte) []byte {
	// A pixel takes at most four bytes: no check for room within the loop.
	start := len(b)
	b = slices.Grow(b, len(pix)+8)
	out, n := b[:cap(b)], start
	var table [64]uint32
	for i := range table {
		table[i] = 1 << 24 // no colour: the specification's entries begin transparent
	}
	last := uint32(0) // black, as the specification begins
	for i := 0; i+4 <= len(pix); i += 4 {
		v := binary.LittleEndian.Uint32(pix[i:]) & 0xffffff
		if v == last {
			run := runLength(pix[i:], v)
			i += 4 * (run - 1)
			for ; run > maxRun; run -= maxRun {
				out[n] = qoiRun | (maxRun - 1)
				n++
			}
			out[n] = qoiRun | byte(run-1)
			n++
			continue
		}
		h := qoiHash(v)
		if table[h] == v {
			out[n] = qoiIndex | byte(h)
			n++
			last = v
			continue
		}
		table[h] = v
		dr, dg, db := int8(v>>16-last>>16), int8(v>>8-last>>8), int8(v-last)
		last = v
		rg, bg := dr-dg, db-dg
		switch {
		case uint8(dr+2) < 4 && uint8(dg+2) < 4 && uint8(db+2) < 4:
			out[n] = qoiDiff | byte(dr+2)<<4 | byte(dg+2)<<2 | byte(db+2)
			n++
		case uint8(dg+32) < 64 && uint8(rg+8) < 16 && uint8(bg+8) < 16:
			out[n], out[n+1] = qoiLuma|byte(dg+32), byte(rg+8)<<4|byte(bg+8)
			n += 2
		default:
			out[n], out[n+1], out[n+2], out[n+3] = qoiRGB, byte(v>>16), byte(v>>8), byte(v)
			n += 4
		}
	}
	return out[:n]
}

// runLength counts the pixels of pix that begin it and are all v.
func runLength(pix []byte, v uint32) int {
	const rgb = 0xffffff | 0xffffff<<32
	vv, i := uint64(v)|uint64(v)<<32, 0
	for ; i+8 <= len(pix); i += 8 {
		if binary.LittleEndian.Uint64(pix[i:])&rgb != vv {
			break
		}
	}
	if i+4 <= len(pix) && binary.LittleEndian.Uint32(pix[i:])&0xffffff == v {
		i += 4
	}
	return i / 4
}

var errQOI = errors.New("pixels end early or late")

// DecodeQOI fills BGRX pixels from such a chunk stream; X becomes 255.
func DecodeQOI(pix, b []byte) error {
	var table [64]uint32
	last := uint32(0xff000000)
	for i := 0; i < len(pix); i += 4 {
		if len(b) == 0 {
			return errQOI
		}
		op, run := b[0], 0
		b = b[1:]
		switch {
		case op == qoiRGB:
			if len(b) < 3 {
				return errQOI
			}
			last = 0xff000000 | uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
			b = b[3:]
		case op == 0xff:
			return errors.New("pixel with alpha")
		case op&0xc0 == qoiIndex:
			last = table[op]
		case op&0xc0 == qoiDiff:
			last = addRGB(last, op>>4&3-2, op>>2&3-2, op&3-2)
		case op&0xc0 == qoiLuma:
			if len(b) < 1 {
				return errQOI
			}
			dg := op&63 - 32
			last = addRGB(last, dg+b[0]>>4-8, dg, dg+b[0]&15-8)
			b = b[1:]
		default:
			run = int(op & 63)
		}
		table[qoiHash(last&0xffffff)] = last
		if run*4 > len(pix)-i-4 {
			return errQOI
		}
		for ; run >= 0; run-- {
			binary.LittleEndian.PutUint32(pix[i:], last)
			i += 4
		}
		i -= 4
	}
	if len(b) != 0 {
		return errQOI
	}
	return nil
}

func addRGB(v uint32, r, g, b byte) uint32 {
	return v&0xff000000 | uint32(byte(v>>16)+r)<<16 | uint32(byte(v>>8)+g)<<8 | uint32(byte(v)+b)
}
