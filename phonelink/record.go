package phonelink

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// A record is a CBOR map; key 0 says which:
//
//	1 entry     all that is to be remembered of one session; the last one counts
//	2 forget    the session is to be forgotten
//	3 boot      how often the device has started
//	4 snapshot  replaces everything before it: boot, and entries
const (
	recordEntry uint8 = iota + 1
	recordForget
	recordBoot
	recordSnapshot
)

type wireRecord struct {
	Type    uint8       `cbor:"0,keyasint"`
	Boot    uint64      `cbor:"1,keyasint,omitempty"`
	ID      SessionID   `cbor:"2,keyasint,omitzero"`
	Entry   *wireEntry  `cbor:"3,keyasint,omitempty"`
	Entries []wireEntry `cbor:"4,keyasint,omitempty"`
	Clock   Stamp       `cbor:"5,keyasint,omitempty"`
}

type wireEntry struct {
	State   *wireSession `cbor:"1,keyasint,omitempty"`
	By      uint64       `cbor:"2,keyasint,omitempty"`
	Relayed bool         `cbor:"3,keyasint,omitempty"`
	To      Device       `cbor:"4,keyasint,omitempty"`
	ToEpoch Epoch        `cbor:"5,keyasint,omitzero"`
	ToTry   uint64       `cbor:"6,keyasint,omitempty"`
	ToEcho  Moment       `cbor:"7,keyasint,omitzero"`
	Heir    Device       `cbor:"8,keyasint,omitempty"`
	HeirSeq uint64       `cbor:"9,keyasint,omitempty"`
	Log     []wireOp     `cbor:"10,keyasint,omitempty"`
	LogSeq  []uint64     `cbor:"11,keyasint,omitempty"`
	Queue   []wireOp     `cbor:"12,keyasint,omitempty"`
	Last    uint64       `cbor:"13,keyasint,omitempty"`
	Back    int64        `cbor:"14,keyasint,omitempty"` // ms since 1970
	Refused uint64       `cbor:"15,keyasint,omitempty"`
	Done    OpID         `cbor:"16,keyasint,omitzero"`
	Over    int64        `cbor:"17,keyasint,omitempty"` // ms since 1970
	Doing   OpID         `cbor:"18,keyasint,omitzero"`
}

func encodeBoot(n uint64) []byte {
	return must(encMode.Marshal(&wireRecord{Type: recordBoot, Boot: n}))
}

func encodeForget(id SessionID) []byte {
	return must(encMode.Marshal(&wireRecord{Type: recordForget, ID: id}))
}

func encodeEntry(e *saved) []byte {
	w := entryToWire(e)
	return must(encMode.Marshal(&wireRecord{Type: recordEntry, Entry: &w}))
}

func entryToWire(e *saved) wireEntry {
	w := wireEntry{
		State: toWire(&e.Replica), By: e.by, Relayed: e.relayed, To: e.to.Device, ToEpoch: e.to.Epoch, ToTry: e.to.Try, ToEcho: e.to.Echo,
		Heir: e.heir, HeirSeq: e.heirSeq, Last: e.last, Refused: e.refused, Done: e.done, Doing: e.doing,
	}
	for _, l := range e.log {
		w.Log, w.LogSeq = append(w.Log, opToWire(l.Op)), append(w.LogSeq, l.Seq)
	}
	for _, o := range e.queue {
		w.Queue = append(w.Queue, opToWire(o))
	}
	if !e.back.IsZero() {
		w.Back = e.back.UnixMilli()
	}
	if !e.over.IsZero() {
		w.Over = e.over.UnixMilli()
	}
	return w
}

func (w *wireEntry) saved() (e saved, err error) {
	if w.State == nil {
		return e, errNoState
	}
	if e.Replica, err = w.State.replica(); err != nil {
		return e, err
	}
	e.by, e.relayed, e.heir, e.heirSeq, e.last, e.refused, e.done, e.doing = w.By, w.Relayed, w.Heir, w.HeirSeq, w.Last, w.Refused, w.Done,
		w.Doing
	e.to = promise{w.To, w.ToEpoch, w.ToTry, w.ToEcho}
	if len(w.Log) != len(w.LogSeq) {
		return e, errors.New("log is not whole")
	}
	for i := range w.Log {
		o, err := w.Log[i].op()
		if err != nil {
			return e, err
		}
		e.log = append(e.log, logged{o, w.LogSeq[i]})
	}
	for i := range w.Queue {
		o, err := w.Queue[i].op()
		if err != nil {
			return e, err
		}
		e.queue = append(e.queue, o)
	}
	if w.Back != 0 {
		e.back = time.UnixMilli(w.Back).UTC()
	}
	if w.Over != 0 {
		e.over = time.UnixMilli(w.Over).UTC()
	}
	return e, nil
}

// recordMode reads records, which are this device's own: a snapshot may have
// all sessions.
var recordMode = must(cbor.DecOptions{
	DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
	MaxNestedLevels: 24, MaxArrayElements: 1 << 16, MaxMapPairs: 4096,
}.DecMode())

// Recover is the state after these records, in their order. Boot has to be the
// first event after it.
func Recover(c Config, records [][]byte) (*State, error) {
	s := New(c)
	for i, b := range records {
		if err := s.replay(b); err != nil {
			return nil, fmt.Errorf("record %d of %d: %w", i+1, len(records), err)
		}
	}
	for _, e := range s.sessions {
		if s.cfg.Faults.Has(CommitForgotten) {
			e.to = promise{}
		}
		if s.cfg.Faults.Has(SeqForgotten) {
			e.last = 0
		}
		s.clock = max(s.clock, e.Rev.Stamp)
	}
	if s.cfg.Faults.Has(EndedForgotten) {
		s.sessions = slices.DeleteFunc(s.sessions, func(e *entry) bool { return e.Ended })
	}
	s.touched = nil
	for _, e := range s.sessions {
		e.dirty, e.touched = false, false
	}
	return s, nil
}

func (s *State) replay(b []byte) error {
	var w wireRecord
	if err := recordMode.Unmarshal(b, &w); err != nil {
		return err
	}
	switch w.Type {
	case recordBoot:
		s.boot = max(s.boot, w.Boot)
	case recordForget:
		if i, ok := slices.BinarySearchFunc(s.sessions, w.ID, compareID); ok {
			s.sessions = slices.Delete(s.sessions, i, i+1)
		}
	case recordEntry:
		if w.Entry == nil {
			return errNoState
		}
		return s.restore(w.Entry)
	case recordSnapshot:
		s.sessions = nil
		s.boot, s.clock = w.Boot, w.Clock
		for i := range w.Entries {
			if err := s.restore(&w.Entries[i]); err != nil {
				return fmt.Errorf("entry %d: %w", i, err)
			}
		}
	default:
		return fmt.Errorf("type %d is not known", w.Type)
	}
	return nil
}

func (s *State) restore(w *wireEntry) error {
	x, err := w.saved()
	if err != nil {
		return err
	}
	i, ok := slices.BinarySearchFunc(s.sessions, x.ID, compareID)
	if ok {
		s.sessions[i].saved = x
		return nil
	}
	s.sessions = slices.Insert(s.sessions, i, &entry{saved: x})
	return nil
}

// Snapshot is one record that replaces all before it.
func (s *State) Snapshot() []byte {
	w := wireRecord{Type: recordSnapshot, Boot: s.boot, Clock: s.clock}
	for _, e := range s.sessions {
		if !e.volatile() {
			w.Entries = append(w.Entries, entryToWire(&e.saved))
		}
	}
	return must(encMode.Marshal(&w))
}

func sortViews(v []SessionView) {
	slices.SortStableFunc(v, func(a, b SessionView) int { return cmp.Compare(b.Rev.Stamp, a.Rev.Stamp) })
}
