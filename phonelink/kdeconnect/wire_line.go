package kdeconnect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// errLine is a line above its limit.
var errLine = errors.New("kdeconnect: line is too long")

// lineReader cuts a stream into lines of bounded length. Memory grows with what
// was received, never with what was announced, and is given back after a long
// line.
type lineReader struct {
	r   io.Reader
	buf []byte // received and not yet returned: buf[at:]
	at  int
}

// lineChunk is how much is asked for at once, and what an idle link holds.
const lineChunk = 4 << 10

// next is the next line without its newline, valid until the following call.
// A line above limit is errLine: nothing can be read after it.
// The limit is asked for again after every read: it may change while the
// reader waits.
func (l *lineReader) next(limit func() int) ([]byte, error) {
	scanned := 0
	for {
		if i := bytes.IndexByte(l.buf[l.at+scanned:], '\n'); i >= 0 {
			line := l.buf[l.at : l.at+scanned+i]
			if n := limit(); len(line) > n {
				return nil, fmt.Errorf("%w: %d bytes, want at most %d", errLine, len(line), n)
			}
			l.at += scanned + i + 1
			return line, nil
		}
		scanned = len(l.buf) - l.at
		if n := limit(); scanned > n {
			return nil, fmt.Errorf("%w: more than %d bytes", errLine, n)
		}
		if err := l.fill(); err != nil {
			if err == io.EOF && scanned > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// fill reads once more, after it has made room.
func (l *lineReader) fill() error {
	rest := len(l.buf) - l.at
	if rest == 0 && cap(l.buf) > 16*lineChunk {
		l.buf, l.at = nil, 0
	}
	if cap(l.buf)-len(l.buf) < lineChunk {
		if cap(l.buf)-rest >= lineChunk && l.at > cap(l.buf)/2 {
			copy(l.buf, l.buf[l.at:])
			l.buf = l.buf[:rest]
		} else {
			grown := make([]byte, rest, max(2*rest, 2*lineChunk))
			copy(grown, l.buf[l.at:])
			l.buf = grown
		}
		l.at = 0
	}
	n, err := l.r.Read(l.buf[len(l.buf):cap(l.buf)])
	l.buf = l.buf[:len(l.buf)+n]
	if n > 0 {
		return nil
	}
	return err
}

// readPlainLine reads the line that comes before TLS byte by byte: whatever
// follows the newline belongs to TLS.
func readPlainLine(r io.Reader, limit int) ([]byte, error) {
	var line []byte
	var b [1]byte
	for len(line) <= limit {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return nil, err
		}
		if b[0] == '\n' {
			return line, nil
		}
		line = append(line, b[0])
	}
	return nil, fmt.Errorf("%w: more than %d bytes", errLine, limit)
}
