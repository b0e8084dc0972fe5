package dbc

import (
	"fmt"
	"time"
)

// Database is what one DBC file says, repaired where it had to be. It is
// read-only after Load and may then be shared between goroutines.
type Database struct {
	File        string // as given to Load
	Version     string
	BusType     string // attribute BusType: "CAN", "CAN FD", "J1939"...; may be empty
	Comment     string
	Nodes       []*Node
	Messages    []*Message                  // in file order; ids may repeat
	Independent []*Signal                   // signals that no message carries (VECTOR__INDEPENDENT_SIG_MSG)
	Environment []*EnvironmentVariable      // EV_
	ValueTables map[string]map[int64]string // VAL_TABLE_
	Definitions map[string]*Definition      // BA_DEF_, by attribute name
	Attributes  map[string]Attribute        // BA_ of the network itself

	byID   map[messageKey]*Message
	byName map[string]*Message
}

// Node is one control unit.
type Node struct {
	Name       string
	Comment    string
	Attributes map[string]Attribute
}

// EnvironmentVariable is a CANoe environment variable: not on any bus, kept
// because attributes and value tables refer to it.
type EnvironmentVariable struct {
	Name       string
	Type       int
	Unit       string
	Min, Max   float64
	Comment    string
	Values     map[int64]string
	Attributes map[string]Attribute
}

// Message is one frame layout.
type Message struct {
	Name       string
	ID         uint32        // 11 or 29 bits, without flag bits
	Extended   bool          // 29-bit identifier
	FD         bool          // sent in the FD format (VFrameFormat, or longer than 8 bytes)
	Len        int           // payload bytes; more than 64 only for transport protocols
	Cycle      time.Duration // GenMsgCycleTime; 0: not cyclic or not said
	Sender     string        // first sending node; empty if nobody is named
	Senders    []string      // all sending nodes (BO_ and BO_TX_BU_)
	Comment    string
	Signals    []*Signal // in file order; Reading.Signal and Mux.Switch index it
	Groups     []*Group
	Attributes map[string]Attribute
	Line       int // where the definition stands in the file

	doubtful bool // the identifier had to be cut to 29 bits
}

// Group is a named set of signals of one message (SIG_GROUP_).
type Group struct {
	Name        string
	Repetitions int
	Signals     []string
}

// Signal is one value within a message. See the package comment for what
// Start means in either byte order.
type Signal struct {
	Name       string
	Start      int  // bit number as the file has it
	Length     int  // bits; more than 64 is kept but never decoded
	BigEndian  bool // Motorola: Start is the most significant bit
	Signed     bool // two's complement; meaningless when Float is not 0
	Float      int  // 0, or the IEEE 754 width: 16, 32 or 64
	Scale      float64
	Offset     float64 // physical = raw*Scale + Offset
	Min, Max   float64 // physical, as stated: a hint, nothing is clamped to it; both 0: not stated
	Unit       string
	Receivers  []string // empty if nobody is named
	Comment    string
	Values     map[int64]string // raw value to its text; nil if none
	Switch     bool             // its raw value selects other signals (multiplexor)
	Mux        *Mux             // when the signal is there; nil: always
	Initial    float64          // raw value before the first write (GenSigStartValue)
	HasInitial bool
	Attributes map[string]Attribute
	Line       int
}

// Mux says that a signal is only there while a multiplexor has one of some
// values. The multiplexor may itself be multiplexed.
type Mux struct {
	Switch int // index into Message.Signals
	Ranges []Range
}

// Range is a closed range of raw values.
type Range struct{ Low, High int64 }

// Definition is an attribute's type and default (BA_DEF_, BA_DEF_DEF_).
type Definition struct {
	Name       string
	Object     string // "", "BU_", "BO_", "SG_" or "EV_"
	Type       string // INT, HEX, FLOAT, STRING or ENUM
	Min, Max   float64
	Choices    []string // of ENUM
	Default    Attribute
	HasDefault bool
}

// Attribute is an attribute's value.
type Attribute struct {
	Text   string  // of STRING and ENUM; of numbers, as written
	Number float64 // of INT, HEX and FLOAT; index of ENUM
}

type messageKey struct {
	id       uint32
	extended bool
}

// Message returns the message with this identifier, or nil. Where a file
// defines an identifier twice, the later definition stands for it.
func (db *Database) Message(id uint32, extended bool) *Message {
	return db.byID[messageKey{id, extended}]
}

// MessageByName returns the message with this name, or nil; the first if
// there are several.
func (db *Database) MessageByName(name string) *Message { return db.byName[name] }

// Signal returns the signal with this name and its index in Signals, or nil
// and -1.
func (m *Message) Signal(name string) (*Signal, int) {
	for i, s := range m.Signals {
		if s.Name == name {
			return s, i
		}
	}
	return nil, -1
}

// index builds the look-ups of Message and MessageByName.
func (db *Database) index() {
	db.byID = make(map[messageKey]*Message, len(db.Messages))
	db.byName = make(map[string]*Message, len(db.Messages))
	for _, m := range db.Messages {
		key := messageKey{m.ID, m.Extended}
		if db.byID[key] == nil || !m.doubtful {
			db.byID[key] = m
		}
		if db.byName[m.Name] == nil {
			db.byName[m.Name] = m
		}
	}
}

// Severity grades a Diagnostic.
type Severity uint8

// Severities, from a remark to a loss.
const (
	Info    Severity = iota // read differently from how it is written, nothing lost
	Warning                 // repaired by an assumption: look at it
	Error                   // something could not be used and was left out
)

// String is the severity's name in lower case.
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	}
	return "error"
}

// Diagnostic is one remark about a place in a file, and what was done there.
type Diagnostic struct {
	File      string
	Line, Col int // from 1; columns count characters, a tab being one
	Severity  Severity
	Message   string
}

// String is the form that editors jump to: file:line:col: severity: message.
func (d Diagnostic) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", d.File, d.Line, d.Col, d.Severity, d.Message)
}
