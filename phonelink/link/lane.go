package link

import (
	"encoding/binary"
	"fmt"
)

// A lane is one class of messages in one direction: a row of bytes that never
// ends, in which every message stands behind its length. Its places are counted
// from the beginning of the link, so that a new carrier goes on where the last
// one was cut, and what comes twice is seen.
//
//	outbox   acked        next        high          tail
//	 ----------+------------+-----------+-------------+----
//	 forgotten | under way  | was sent on an earlier  |
//	           |            | carrier   | waiting     |
//
//	inbox            received
//	 ------------------+-----------------
//	 messages and the  | not yet here
//	 part of one       |

// outbox is what is to be sent of one class. It keeps everything until it is
// acknowledged.
type outbox struct {
	segments [][]byte // length and message, from the one that holds acked
	start    uint64   // place of segments[0]
	acked    uint64
	next     uint64 // place of the next byte to send
	high     uint64 // the highest that next ever was
	tail     uint64
	limit    uint64 // how far the peer lets us send

	cursor      int    // index of the segment that holds next
	cursorStart uint64 // and its place
}

// queued are the bytes that are not acknowledged.
func (o *outbox) queued() int { return int(o.tail - o.acked) }

// push adds a message.
func (o *outbox) push(payload []byte) {
	seg := make([]byte, lengthSize+len(payload))
	binary.BigEndian.PutUint32(seg, uint32(len(payload)))
	copy(seg[lengthSize:], payload)
	o.segments = append(o.segments, seg)
	o.tail += uint64(len(seg))
}

// peek is the next piece to send, at most n bytes and never across a message's
// end; nil when there is none or the peer allows none.
func (o *outbox) peek(n int) []byte {
	if o.next >= o.tail || o.next >= o.limit {
		return nil
	}
	for o.next-o.cursorStart >= uint64(len(o.segments[o.cursor])) {
		o.cursorStart += uint64(len(o.segments[o.cursor]))
		o.cursor++
	}
	seg := o.segments[o.cursor][o.next-o.cursorStart:]
	return seg[:min(uint64(len(seg)), uint64(n), o.limit-o.next)]
}

// sent moves on past a piece that peek gave.
func (o *outbox) sent(n int) {
	o.next += uint64(n)
	o.high = max(o.high, o.next)
}

// ack forgets what the peer has. A place that was never sent is a broken rule.
func (o *outbox) ack(received, limit uint64) error {
	if received > o.high {
		return fmt.Errorf("%w: has place %d, sent were %d", errFrame, received, o.high)
	}
	o.limit = max(o.limit, limit)
	if received <= o.acked {
		return nil
	}
	o.acked = received
	o.next = max(o.next, received) // what a carrier before this one brought
	drop := 0
	for drop < len(o.segments) && o.start+uint64(len(o.segments[drop])) <= received {
		o.start += uint64(len(o.segments[drop]))
		o.segments[drop] = nil
		drop++
	}
	if drop > 0 {
		o.segments = o.segments[drop:]
		if o.cursor -= drop; o.cursor < 0 {
			o.cursor, o.cursorStart = 0, o.start
		}
	}
	return nil
}

// resume goes back to what the peer says that it has. A place that is neither
// kept nor was sent is a broken rule.
func (o *outbox) resume(have, limit uint64) error {
	if err := o.ack(have, limit); err != nil {
		return err
	}
	o.next, o.cursor, o.cursorStart = o.acked, 0, o.start
	return nil
}

// inbox puts one class of the other direction together.
type inbox struct {
	received uint64
	limit    uint64 // what the peer was told; never less again
	waiting  int    // bytes of whole messages that nobody has taken yet
	length   [lengthSize]byte
	have     int    // of length, then of the message
	message  []byte // the part that is here
	want     int
}

// window is how many bytes of a class the peer may send beyond what was taken.
const window = 256 << 10

// accept takes a piece at its place. What is here already is left out; a gap
// is a broken rule, since carriers keep the order. Whole messages go to
// deliver, which may keep them.
func (in *inbox) accept(offset uint64, data []byte, deliver func(message []byte)) error {
	if offset > in.received {
		return fmt.Errorf("%w: place %d came after %d: a gap", errFrame, offset, in.received)
	}
	if skip := in.received - offset; skip >= uint64(len(data)) {
		return nil
	} else {
		data = data[skip:]
	}
	if in.received+uint64(len(data)) > in.limit {
		return fmt.Errorf("%w: place %d is beyond the limit of %d", errFrame, in.received+uint64(len(data)), in.limit)
	}
	for len(data) > 0 {
		n, err := in.take(data)
		if err != nil {
			return err
		}
		data = data[n:]
		in.received += uint64(n)
		if in.have == lengthSize+in.want && in.have >= lengthSize {
			in.waiting += len(in.message)
			deliver(in.message)
			in.have, in.want, in.message = 0, 0, nil
		}
	}
	return nil
}

// take uses as much of data as belongs to the length or to the message.
func (in *inbox) take(data []byte) (int, error) {
	if in.have < lengthSize {
		n := copy(in.length[in.have:], data)
		in.have += n
		if in.have == lengthSize {
			size := binary.BigEndian.Uint32(in.length[:])
			if size > maxMessage {
				return 0, fmt.Errorf("%w: a message of %d bytes, at most %d are allowed", errFrame, size, maxMessage)
			}
			in.want = int(size)
		}
		return n, nil
	}
	n := min(len(data), lengthSize+in.want-in.have)
	in.message = append(in.message, data[:n]...) // grows with what comes, not with what was promised
	in.have += n
	return n, nil
}

// grant is how far the peer may send now.
func (in *inbox) grant() uint64 {
	in.limit = max(in.limit, in.received+window-uint64(min(in.waiting, window)))
	return in.limit
}
