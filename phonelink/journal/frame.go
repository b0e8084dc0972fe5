package journal

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	magic      = "TndmJnl" // the first bytes of every file
	version    = 1
	idLen      = 16
	headerLen  = len(magic) + 1 + 1 + idLen + 4
	frameLen   = 4 + 8 + 4 + 4 // of a frame before its payload
	sealedFlag = 1
)

// castagnoli is CRC-32C (RFC 3720, appendix B.4), which processors compute.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// form is how one file's frames are written and read.
type form struct {
	id   [idLen]byte
	seed uint32      // CRC-32C of the id, from which a frame's header is summed
	aead cipher.AEAD // nil: plain
}

func newForm(random io.Reader, aead cipher.AEAD) (f form, err error) {
	if _, err = io.ReadFull(random, f.id[:]); err != nil {
		return f, fmt.Errorf("read random bytes: %w", err)
	}
	f.seed, f.aead = crc32.Checksum(f.id[:], castagnoli), aead
	return f, nil
}

// appendHeader appends the file's header.
func (f *form) appendHeader(b []byte) []byte {
	at := len(b)
	b = append(b, magic...)
	b = append(b, version, f.flags())
	b = append(b, f.id[:]...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[at:], castagnoli))
}

func (f *form) flags() byte {
	if f.aead != nil {
		return sealedFlag
	}
	return 0
}

// parseHeader reads the file's header; data may be longer.
func parseHeader(data []byte, aead cipher.AEAD) (f form, err error) {
	if len(data) < headerLen || !bytes.HasPrefix(data, []byte(magic)) {
		return f, errors.New("it is not a journal")
	}
	body, sum := data[:headerLen-4], binary.BigEndian.Uint32(data[headerLen-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return f, errors.New("checksum of the file's header does not fit")
	}
	copy(f.id[:], body[len(magic)+2:])
	f.seed, f.aead = crc32.Checksum(f.id[:], castagnoli), aead
	if v := body[len(magic)]; v != version {
		return f, &versionError{v}
	}
	if flags := body[len(magic)+1]; flags != f.flags() {
		return f, ErrKey
	}
	return f, nil
}

type versionError struct{ got byte }

func (e *versionError) Error() string {
	return fmt.Sprintf("its format is version %d, this software writes version %d", e.got, version)
}

// appendFrame appends one frame with the records of one batch.
func (f *form) appendFrame(b []byte, seq uint64, records [][]byte, random io.Reader) ([]byte, error) {
	at := len(b)
	b = append(b, make([]byte, frameLen)...)
	nonceLen := 0
	if f.aead != nil {
		nonceLen = f.aead.NonceSize()
		b = append(b, make([]byte, nonceLen)...)
		if _, err := io.ReadFull(random, b[at+frameLen:]); err != nil {
			return nil, fmt.Errorf("read random bytes: %w", err)
		}
	}
	plain := len(b)
	for _, r := range records {
		b = binary.AppendUvarint(b, uint64(len(r)))
		b = append(b, r...)
	}
	if f.aead != nil {
		nonce := b[at+frameLen : plain]
		b = f.aead.Seal(b[:plain], nonce, b[plain:], f.bind(seq))
	}
	payload := b[at+frameLen:]
	if len(payload) > MaxBatch {
		return nil, fmt.Errorf("records of %d bytes are more than %d at once", len(payload), MaxBatch)
	}
	head := b[at : at+frameLen]
	binary.BigEndian.PutUint32(head, uint32(len(payload)))
	binary.BigEndian.PutUint64(head[4:], seq)
	binary.BigEndian.PutUint32(head[12:], crc32.Checksum(payload, castagnoli))
	binary.BigEndian.PutUint32(head[16:], crc32.Update(f.seed, castagnoli, head[:16]))
	return b, nil
}

// bind is what a sealed frame is tied to: its file and its place in it. A frame
// that was moved, or taken from an older file, does not open.
func (f *form) bind(seq uint64) []byte {
	b := make([]byte, 0, idLen+8)
	b = append(b, f.id[:]...)
	return binary.BigEndian.AppendUint64(b, seq)
}

// head reads a frame's header; ok is false if its checksum does not fit.
func (f *form) head(data []byte) (length int, seq uint64, sum uint32, ok bool) {
	if len(data) < frameLen {
		return 0, 0, 0, false
	}
	if crc32.Update(f.seed, castagnoli, data[:16]) != binary.BigEndian.Uint32(data[16:]) {
		return 0, 0, 0, false
	}
	return int(binary.BigEndian.Uint32(data)), binary.BigEndian.Uint64(data[4:]), binary.BigEndian.Uint32(data[12:]), true
}

// payload reads the frame at the start of data that must be number seq. size 0
// and no error: it is not whole.
func (f *form) payload(data []byte, seq uint64) (payload []byte, size int, err error) {
	length, got, sum, ok := f.head(data)
	switch {
	case !ok:
		return nil, 0, nil
	case got != seq:
		return nil, 0, fmt.Errorf("it is frame %d, want %d", got, seq)
	case length > len(data)-frameLen:
		return nil, 0, nil
	}
	payload = data[frameLen : frameLen+length]
	if crc32.Checksum(payload, castagnoli) != sum {
		return nil, 0, nil
	}
	return payload, frameLen + length, nil
}

// records opens a payload and splits it.
func (f *form) records(dst [][]byte, payload []byte, seq uint64) ([][]byte, error) {
	if f.aead != nil {
		n := f.aead.NonceSize()
		if len(payload) < n+f.aead.Overhead() {
			return dst, errors.New("a sealed frame is too short")
		}
		plain, err := f.aead.Open(nil, payload[:n], payload[n:], f.bind(seq))
		if err != nil {
			return dst, ErrKey
		}
		payload = plain
	}
	for len(payload) > 0 {
		n, w := binary.Uvarint(payload)
		if w <= 0 || n > uint64(len(payload)-w) {
			return dst, errors.New("a record is longer than its frame")
		}
		end := w + int(n)
		dst = append(dst, payload[w:end:end])
		payload = payload[end:]
	}
	return dst, nil
}

// laterFrame finds the header of a frame after number seq anywhere in data; -1
// if there is none. It was written after frame seq had been durable.
func (f *form) laterFrame(data []byte, seq uint64) int {
	for i := range data {
		if _, got, _, ok := f.head(data[i:]); ok && got > seq && got-seq < 1<<32 {
			return i
		}
	}
	return -1
}
