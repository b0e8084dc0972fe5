package media

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strings"
	"time"
)

// lengthOf is how long a file plays, by its headers alone; 0: not known. No
// decoder is asked: a scan must not be held up by a file made to hold it up.
func lengthOf(f io.ReaderAt, size int64) time.Duration {
	var head [64]byte
	n, _ := f.ReadAt(head[:], 0)
	switch h := string(head[:n]); {
	case strings.HasPrefix(h, "fLaC"):
		return flacLength(head[:n])
	case strings.HasPrefix(h, "OggS"):
		return oggLength(f, head[:n], size)
	case strings.HasPrefix(h, "RIFF"):
		return wavLength(f, size)
	}
	return mp3Length(f, size)
}

// of is the length of that many samples.
func of(samples uint64, rate uint32) time.Duration {
	if rate == 0 || samples > math.MaxInt64/uint64(time.Second) {
		return 0
	}
	return time.Duration(samples*uint64(time.Second)) / time.Duration(rate)
}

// flacLength reads STREAMINFO, which is first (RFC 9639, 8.2): 20 bits of
// sample rate, 8 of channels and depth, 36 of samples.
func flacLength(head []byte) time.Duration {
	if len(head) < 26 || head[4]&0x7f != 0 {
		return 0
	}
	x := binary.BigEndian.Uint64(head[18:])
	return of(x&(1<<36-1), uint32(x>>44))
}

// oggLength reads the rate of the Vorbis identification header (Vorbis I,
// 4.2.2) and the granule position of the last page (RFC 3533, 6).
func oggLength(f io.ReaderAt, head []byte, size int64) time.Duration {
	const ident = 28 // of the first page's only segment
	if len(head) < ident+16 || string(head[ident:ident+7]) != "\x01vorbis" {
		return 0
	}
	rate := binary.LittleEndian.Uint32(head[ident+12:])
	tail := make([]byte, min(size, 1<<16))
	n, _ := f.ReadAt(tail, size-int64(len(tail)))
	tail = tail[:n]
	at := bytes.LastIndex(tail, []byte("OggS"))
	if at < 0 || at+14 > len(tail) {
		return 0
	}
	return of(binary.LittleEndian.Uint64(tail[at+6:]), rate)
}

// wavLength walks the chunks to "data"; "fmt " comes before it.
func wavLength(f io.ReaderAt, size int64) time.Duration {
	var bytesPerSecond uint32
	for at, chunks := int64(12), 0; at+8 <= size && chunks < 64; chunks++ {
		var c [20]byte
		n, _ := f.ReadAt(c[:], at)
		if n < 8 {
			return 0
		}
		length := int64(binary.LittleEndian.Uint32(c[4:]))
		switch {
		case string(c[:4]) == "fmt " && n == len(c):
			bytesPerSecond = binary.LittleEndian.Uint32(c[16:])
		case string(c[:4]) == "data":
			return of(uint64(min(length, size-at-8)), bytesPerSecond)
		}
		at += 8 + length + length&1
	}
	return 0
}

// Bit rates of MPEG 1 and MPEG 2 layer III in kbit/s, and sample rates of
// MPEG 1 (ISO/IEC 11172-3, 2.4.2.3; ISO/IEC 13818-3, 2.4.2.3).
var (
	mp3Rates = [2][15]int{
		{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
	}
	mp3Samples = [3]int{44100, 48000, 32000}
)

// mp3Length is the length by the first frame: its Xing or Info header counts
// the frames; without one, the bit rate is taken to be the same throughout.
//
//	ID3v2 | frame header (4) | side information (9 to 32) | "Xing" flags count
func mp3Length(r io.ReaderAt, size int64) time.Duration {
	var head [10]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return 0
	}
	at := int64(0)
	if string(head[:3]) == "ID3" {
		at = 10 + (int64(head[6]&0x7f)<<21 | int64(head[7]&0x7f)<<14 | int64(head[8]&0x7f)<<7 | int64(head[9]&0x7f))
	}
	buf := make([]byte, 4096)
	n, _ := r.ReadAt(buf, at)
	buf = buf[:n]
	for i := 0; i+48 <= len(buf); i++ {
		h := binary.BigEndian.Uint32(buf[i:])
		// Sync, layer III, a version, bit rate and sample rate that exist.
		if h>>21 != 0x7ff || h>>17&3 != 1 || h>>19&3 == 1 || h>>12&15 == 15 || h>>12&15 == 0 || h>>10&3 == 3 {
			continue
		}
		lsf, perFrame, side := 0, 1152, 32
		rate := mp3Samples[h>>10&3]
		if h>>19&3 != 3 { // MPEG 2, and 2.5
			lsf, perFrame, side, rate = 1, 576, 17, rate/2
			if h>>19&3 == 0 {
				rate /= 2
			}
		}
		if h>>6&3 == 3 { // one channel
			side = side/2 + 1
		}
		if tag := buf[i+4+side:]; len(tag) >= 12 && (string(tag[:4]) == "Xing" || string(tag[:4]) == "Info") && tag[7]&1 != 0 {
			frames := int64(binary.BigEndian.Uint32(tag[8:]))
			return time.Duration(frames*int64(perFrame)) * time.Second / time.Duration(rate)
		}
		return time.Duration((size-at)*8) * time.Millisecond / time.Duration(mp3Rates[lsf][h>>12&15])
	}
	return 0
}
