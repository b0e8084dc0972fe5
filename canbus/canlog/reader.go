package canlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"tandem/canbus"
)

// Times says how the times of a log are meant.
type Times uint8

// The meanings of a log's times.
const (
	Guess  Times = iota // told from the first lines
	Plain               // each is the frame's time, since the epoch or since some start
	Deltas              // each is the time since the frame before (candump -t d)
)

const (
	bufferSize = 64 << 10 // also the longest line
	maxIfaces  = 256      // interface names kept without allocating
)

// Reader reads a candump log, of whatever dialect, frame by frame. It allocates
// nothing per frame. The fields may be changed before the first Next.
type Reader struct {
	// Zone is where a log with dates (candump -t A) was made, as it does not say
	// so; nil means UTC.
	Zone *time.Location
	// Times overrules what was guessed of the log's times.
	Times Times

	name string
	r    io.Reader
	rerr error  // what r ended with
	buf  []byte // buf[lo:hi] is read and not yet used
	lo   int
	hi   int
	line int // of the line last handed out

	ifaces []string
	last   int64 // time of the frame before, for Deltas
	guess  Times
	frame  lineParser
}

// NewReader reads the start of r, to learn what kind of log it is. The name is
// for errors. A log without a single line that could be a frame in its first
// 64 KiB is an error; an empty one is not.
func NewReader(name string, r io.Reader) (*Reader, error) {
	d := &Reader{name: name, r: r, buf: make([]byte, bufferSize)}
	if err := d.sniff(); err != nil {
		return nil, err
	}
	return d, nil
}

// Next reads the next frame into f, all of it but Bus, and says on which
// interface it was seen ("" where the log does not say). Lines that candump
// writes between frames (comments, drop counts, error explanations) are passed
// over. A line that is none of these gives a *ParseError, and the next call
// goes on behind it. At the end comes io.EOF.
//
// Time is that of the log: since the epoch where the log has such times, else
// since its own start (see Times); 0 where it has none.
func (d *Reader) Next(f *canbus.Frame) (iface string, err error) {
	for {
		line, err := d.readLine()
		if err != nil {
			return "", err
		}
		d.line++
		if isTalk(line) {
			continue
		}
		p := &d.frame
		if !p.parse(line, f, d.Zone) {
			return "", d.parseError(p.i+1, p.problem)
		}
		d.keepTime(f, p)
		return d.intern(p.iface), nil
	}
}

// Line is the number of the line that the last Next handed out or complained
// about, from 1.
func (d *Reader) Line() int { return d.line }

func (d *Reader) keepTime(f *canbus.Frame, p *lineParser) {
	f.Time = p.time
	times := d.Times
	if times == Guess {
		times = d.guess
	}
	if times == Deltas {
		d.last += p.time
		f.Time = d.last
	}
}

func (d *Reader) parseError(col int, message string) error {
	return &ParseError{File: d.name, Line: d.line, Col: col, Message: message}
}

var errLong = fmt.Sprintf("line longer than %d bytes: not a candump log, or its line ends are lost", bufferSize)

// readLine is the next line without its end; it stays good until the next call.
func (d *Reader) readLine() ([]byte, error) {
	seen := 0
	for {
		if i := bytes.IndexByte(d.buf[d.lo+seen:d.hi], '\n'); i >= 0 {
			line := d.buf[d.lo : d.lo+seen+i]
			d.lo += seen + i + 1
			return trimEnd(line), nil
		}
		seen = d.hi - d.lo
		if d.rerr != nil {
			return d.lastLine()
		}
		if seen == len(d.buf) {
			d.line++
			err := d.parseError(1, errLong)
			d.skipLine()
			return nil, err
		}
		d.fill()
	}
}

// lastLine is what stands after the last line end, or why there is no more.
func (d *Reader) lastLine() ([]byte, error) {
	if d.lo < d.hi {
		line := d.buf[d.lo:d.hi]
		d.lo = d.hi
		return trimEnd(line), nil
	}
	if errors.Is(d.rerr, io.EOF) {
		return nil, io.EOF
	}
	return nil, fmt.Errorf("read %s after line %d: %w", d.name, d.line, d.rerr)
}

func (d *Reader) skipLine() {
	for d.rerr == nil {
		if i := bytes.IndexByte(d.buf[d.lo:d.hi], '\n'); i >= 0 {
			d.lo += i + 1
			return
		}
		d.lo, d.hi = 0, 0
		d.fill()
	}
	if i := bytes.IndexByte(d.buf[d.lo:d.hi], '\n'); i >= 0 {
		d.lo += i + 1
		return
	}
	d.lo = d.hi
}

// fill makes room and reads once, or learns why it cannot.
func (d *Reader) fill() {
	if d.lo > 0 {
		copy(d.buf, d.buf[d.lo:d.hi])
		d.hi -= d.lo
		d.lo = 0
	}
	for range 100 {
		n, err := d.r.Read(d.buf[d.hi:])
		d.hi += n
		d.rerr = err
		if n > 0 || err != nil {
			return
		}
	}
	d.rerr = io.ErrNoProgress
}

func (d *Reader) intern(name []byte) string {
	for i, s := range d.ifaces {
		if s == string(name) {
			if i > 0 { // recordings dwell on few names: keep the last in front
				d.ifaces[i], d.ifaces[i-1] = d.ifaces[i-1], s
			}
			return s
		}
	}
	s := string(name)
	if len(d.ifaces) < maxIfaces {
		d.ifaces = append(d.ifaces, s)
	}
	return s
}

func trimEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// isTalk says that candump or a person, not a frame, is in the line.
func isTalk(line []byte) bool {
	if len(line) == 0 {
		return true
	}
	switch line[0] {
	case '(':
		return false
	case '#', '\t':
		return true
	}
	rest := bytes.TrimLeft(line, " ")
	return len(rest) == 0 || rest[0] == '#' || bytes.HasPrefix(rest, []byte("DROPCOUNT:"))
}

// sniff reads the first block and learns from it what the times mean.
func (d *Reader) sniff() error {
	for d.rerr == nil && bytes.IndexByte(d.buf[:d.hi], '\n') < 0 && d.hi < len(d.buf) {
		d.fill()
	}
	if bytes.HasPrefix(d.buf[:d.hi], []byte("\ufeff")) { // an editor was here
		d.lo = len("\ufeff")
	}
	var (
		p     lineParser
		f     canbus.Frame
		g     guesser
		first *ParseError
		n     int
	)
	for i, line := range bytes.Split(d.buf[d.lo:d.hi], []byte("\n")) {
		line = trimEnd(line)
		if isTalk(line) {
			continue
		}
		if p.parse(line, &f, nil) {
			n++
			g.add(p.time)
		} else if first == nil {
			first = &ParseError{d.name, i + 1, p.i + 1, p.problem}
		}
	}
	if n == 0 && first != nil {
		return fmt.Errorf("not a candump log: %w", first)
	}
	d.guess = g.times()
	return nil
}

// guesser tells deltas from times. Times grow but for the few frames that two
// sockets swapped; deltas are as often shorter as longer than the one before.
type guesser struct {
	n, shorter int
	last, max  int64
}

// longestDelta is beyond what a person would call a gap in a recording.
const longestDelta = int64(time.Hour)

func (g *guesser) add(t int64) {
	if g.n > 0 && t < g.last {
		g.shorter++
	}
	g.n++
	g.last = t
	g.max = max(g.max, t)
}

func (g *guesser) times() Times {
	if g.max < longestDelta && g.shorter*8 > g.n {
		return Deltas
	}
	return Plain
}
