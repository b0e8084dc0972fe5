package canbus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Stream is the bus as a stream of kernel frames (see Marshal), for programs
// that want an io.ReadWriteCloser where others have a CAN socket.
//
// A Read returns at most one frame, and the rest of one that a short buffer
// cut; it never returns io.EOF: a bus has no end, and a program that takes EOF
// for "try again" (brutella's does) would spin. A closed stream reads and
// writes ErrClosed. A Write takes whole frames, several or part of one; a frame
// is sent when its last byte is there. Its kind is told from its header, so
// that the cuts between writes have no meaning: 72 bytes when the flag
// CANFD_FDF is set or the length is above 8, else 16. A frame that cannot stand
// on a bus is an error of its Write, and the stream goes on after it.
//
// Close closes the bus and wakes a Read. One goroutine reads at a time; any
// number may write, each whole frames.
func Stream(b Bus) io.ReadWriteCloser { return newStream(b, 0) }

// ClassicStream is Stream for programs that know only struct can_frame, such as
// brutella's: FD frames and error frames are left out of what they read, as a
// CAN socket does that was not asked for them, and are errors when written.
func ClassicStream(b Bus) io.ReadWriteCloser { return newStream(b, FD|Error) }

func newStream(b Bus, without Flags) *stream {
	return &stream{bus: b, without: without, in: make([]Frame, streamBatch)}
}

const streamBatch = 16

type stream struct {
	bus     Bus
	without Flags

	// The reader's: frames received and not yet read, bytes of the current one.
	in     []Frame
	next   int
	n      int
	rbuf   [KernelLenFD]byte
	unread []byte

	mu   sync.Mutex // the writers'
	wbuf [KernelLenFD]byte
	have int // bytes of wbuf
	out  [1]Frame
}

func (s *stream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(s.unread) == 0 {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.unread)
	s.unread = s.unread[n:]
	return n, nil
}

// fill readies the next frame's bytes; it may come back without any.
func (s *stream) fill() error {
	if s.next == s.n {
		n, err := s.bus.Receive(context.Background(), s.in)
		if n == 0 && err != nil {
			return notEOF(err)
		}
		s.next, s.n = 0, n
		return nil
	}
	f := &s.in[s.next]
	s.next++
	if f.Flags&s.without != 0 {
		return nil
	}
	n, err := Marshal(s.rbuf[:], f)
	if err != nil {
		return fmt.Errorf("read from the bus: %w", err)
	}
	s.unread = s.rbuf[:n]
	return nil
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := 0
	for done < len(p) {
		n := copy(s.wbuf[s.have:s.want()], p[done:])
		done += n
		s.have += n
		if s.have < 8 || s.have < s.want() {
			continue
		}
		size := s.have
		s.have = 0
		if err := s.sendLocked(s.wbuf[:size]); err != nil {
			return done, err
		}
	}
	return done, nil
}

// want is how many bytes make the frame in wbuf, as far as it is known.
func (s *stream) want() int {
	switch {
	case s.have < 8:
		return 8
	case s.wbuf[5]&kernelFDF != 0 || s.wbuf[4] > MaxLen:
		return KernelLenFD
	}
	return KernelLen
}

func (s *stream) sendLocked(b []byte) error {
	f := &s.out[0]
	if err := checkKernelID(binary.NativeEndian.Uint32(b)); err != nil {
		return fmt.Errorf("write to the bus: %w", err)
	}
	if err := Unmarshal(b, f); err != nil {
		return fmt.Errorf("write to the bus: %w", err)
	}
	if f.Flags&s.without != 0 {
		return fmt.Errorf("write to the bus: frame %#x: the stream carries classic data frames only", f.ID)
	}
	_, err := s.bus.Send(context.Background(), s.out[:])
	return notEOF(err)
}

func (s *stream) Close() error { return s.bus.Close() }

// checkKernelID refuses what a kernel would quietly cut: 29 bits without the
// flag that says so.
func checkKernelID(word uint32) error {
	if word&(kernelEFF|kernelERR) == 0 && word&MaxExtendedID > MaxStandardID {
		return fmt.Errorf("id %#x has more than 11 bits and no extended flag (%#x)", word&MaxExtendedID, uint32(kernelEFF))
	}
	return nil
}

// notEOF keeps io.EOF, which a recording ends with, from a stream's user.
func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the bus has ended: %w", ErrClosed)
	}
	return err
}
