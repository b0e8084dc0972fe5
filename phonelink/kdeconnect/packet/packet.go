// Package packet is the packets of KDE Connect (protocol versions 7 and 8): one
// JSON object (RFC 8259) a line, an envelope and a typed body for each type. It
// does not know sockets, who sent a packet or what it leads to.
//
//	{"id":1,"type":"kdeconnect.ping","body":{"message":"hi"}}\n
//	  |          |                      |
//	  ID     Parse: envelope        Decode: *Ping, a struct of limits
//
// Whatever comes from a peer is hostile. Parse bounds the size of the line, the
// depth and number of its values and refuses duplicate names, before anything
// is built from it; Decode bounds each string, number and list, and its error
// names the field. What a type does not name is kept and encoded again.
//
// Only facts of the protocol are used: names and types of fields as the public
// reference and the peers' behaviour give them.
package packet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Limits of a line. MaxLine is for a trusted peer: a page of messages with
// pictures or an address book fits. A line before trust is an identity.
const (
	MaxLine     = 4 << 20 // bytes, without the newline
	MaxIdentity = 8 << 10 // bytes, as desktop peers limit it
	MaxDepth    = 12      // of nested objects and lists; the envelope is 1
	MaxValues   = 1 << 17 // names and values of a line
	MaxType     = 64      // bytes of a type
	MaxExtra    = 64      // fields of an envelope that nobody knows
)

// ErrTooLong is a line above MaxLine.
var ErrTooLong = fmt.Errorf("packet: line is longer than %d bytes", MaxLine)

// Packet is the envelope. The zero ID is sent as 0; peers are told not to read
// it (protocol reference, "id").
type Packet struct {
	ID          int64  // milliseconds since 1970, by habit
	Type        string // "kdeconnect." and what it is
	Body        json.RawMessage
	PayloadSize *int64 // bytes that follow on another connection; -1: not known; nil: no payload
	Port        uint16 // TCP port of the payload, from payloadTransferInfo; 0: none

	// What else the envelope and its payloadTransferInfo had, by name.
	Extra    map[string]json.RawMessage
	Transfer map[string]json.RawMessage
}

// HasPayload reports whether bytes follow on another connection.
func (p Packet) HasPayload() bool { return p.PayloadSize != nil && p.Port != 0 }

// Parse reads one line, with or without its newline. The packet shares no
// memory with it.
func Parse(line []byte) (Packet, error) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) > MaxLine {
		return Packet{}, ErrTooLong
	}
	if err := scan(line); err != nil {
		return Packet{}, fmt.Errorf("packet: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return Packet{}, fmt.Errorf("packet: want an object: %w", err)
	}
	if fields == nil {
		return Packet{}, errors.New("packet: is null, want an object")
	}
	p, err := envelope(fields)
	if err != nil {
		return Packet{}, fmt.Errorf("packet: %w", err)
	}
	return p, nil
}

// envelope takes the named fields out of the line's.
func envelope(fields map[string]json.RawMessage) (p Packet, err error) {
	if p.ID, err = identifier(fields["id"]); err != nil {
		return p, err
	}
	if err := json.Unmarshal(fields["type"], &p.Type); err != nil || !TypeOK(p.Type) {
		return p, fmt.Errorf("field type: %s is not kdeconnect and words of a-z and _ joined by dots", clip(fields["type"]))
	}
	if p.Body = fields["body"]; len(p.Body) == 0 || p.Body[0] != '{' {
		return p, fmt.Errorf("field body of %s: %s is not an object", p.Type, clip(p.Body))
	}
	if raw, ok := fields["payloadSize"]; ok && !isNull(raw) {
		n, ok := integer(raw)
		if !ok || n < -1 {
			return p, fmt.Errorf("field payloadSize of %s: %s is not a number of bytes, or -1", p.Type, clip(raw))
		}
		p.PayloadSize = &n
	}
	if raw, ok := fields["payloadTransferInfo"]; ok && !isNull(raw) {
		if err := p.transfer(raw); err != nil {
			return p, fmt.Errorf("field payloadTransferInfo of %s: %w", p.Type, err)
		}
	}
	for _, known := range [...]string{"id", "type", "body", "payloadSize", "payloadTransferInfo"} {
		delete(fields, known)
	}
	if len(fields) > MaxExtra {
		return p, fmt.Errorf("%s has %d fields that nobody knows, want at most %d", p.Type, len(fields), MaxExtra)
	}
	if len(fields) > 0 {
		p.Extra = fields
	}
	return p, nil
}

// identifier reads the id: a number, or its digits in a string as peers before
// 2023 sent it.
func identifier(raw json.RawMessage) (int64, error) {
	if len(raw) == 0 {
		return 0, nil // deprecated: it may be left out one day
	}
	if n, ok := integer(raw); ok {
		return n, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("field id: %s is not a whole number", clip(raw))
}

func (p *Packet) transfer(raw json.RawMessage) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fmt.Errorf("%s is not an object", clip(raw))
	}
	if raw, ok := fields["port"]; ok {
		n, ok := integer(raw)
		if !ok || n < 1 || n > math.MaxUint16 {
			return fmt.Errorf("field port: %s is not a TCP port", clip(raw))
		}
		p.Port = uint16(n)
		delete(fields, "port")
	}
	if len(fields) > MaxExtra {
		return fmt.Errorf("has %d fields, want at most %d", len(fields), MaxExtra)
	}
	if len(fields) > 0 {
		p.Transfer = fields
	}
	return nil
}

// Line is the packet as it is sent: one line with its newline. Names stand in
// the order of the alphabet, so that equal packets are equal bytes.
func (p Packet) Line() ([]byte, error) {
	if !TypeOK(p.Type) {
		return nil, fmt.Errorf("packet: type %q is not one of KDE Connect", p.Type)
	}
	out := make(map[string]json.RawMessage, len(p.Extra)+5)
	for k, v := range p.Extra {
		out[k] = v
	}
	out["id"] = strconv.AppendInt(nil, p.ID, 10)
	out["type"] = json.RawMessage(strconv.Quote(p.Type))
	if out["body"] = p.Body; len(p.Body) == 0 {
		out["body"] = json.RawMessage("{}")
	}
	if p.PayloadSize != nil {
		out["payloadSize"] = strconv.AppendInt(nil, *p.PayloadSize, 10)
	}
	if p.Port != 0 || len(p.Transfer) > 0 {
		info := make(map[string]json.RawMessage, len(p.Transfer)+1)
		for k, v := range p.Transfer {
			info[k] = v
		}
		if p.Port != 0 {
			info["port"] = strconv.AppendUint(nil, uint64(p.Port), 10)
		}
		raw, err := marshal(info)
		if err != nil {
			return nil, fmt.Errorf("packet: payloadTransferInfo of %s: %w", p.Type, err)
		}
		out["payloadTransferInfo"] = raw
	}
	line, err := marshal(out)
	if err != nil {
		return nil, fmt.Errorf("packet: encode %s: %w", p.Type, err)
	}
	if len(line) > MaxLine {
		return nil, ErrTooLong
	}
	return append(line, '\n'), nil
}

// TypeOK reports whether s is a type: kdeconnect(\.[a-z_]+)+, at most MaxType
// bytes.
func TypeOK(s string) bool {
	const head = "kdeconnect"
	if len(s) > MaxType || len(s) < len(head)+2 || s[:len(head)] != head || s[len(head)] != '.' {
		return false
	}
	word := 0
	for _, c := range []byte(s[len(head)+1:]) {
		switch {
		case c >= 'a' && c <= 'z' || c == '_':
			word++
		case c == '.' && word > 0:
			word = 0
		default:
			return false
		}
	}
	return word > 0
}

// scan walks the line once and refuses what Parse must not build: bad UTF-8,
// too deep, too many values, a name twice in one object, or more than one
// value.
func scan(line []byte) error {
	if !utf8.Valid(line) {
		return errors.New("line is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	s := scanner{d: d}
	if err := s.value(1); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("at byte %d: something follows the object", d.InputOffset())
	}
	return nil
}

type scanner struct {
	d      *json.Decoder
	values int
}

// token is the next one; the end of the line is an error here.
func (s *scanner) token() (json.Token, error) {
	t, err := s.d.Token()
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", s.d.InputOffset(), err)
	}
	if s.values++; s.values > MaxValues {
		return nil, fmt.Errorf("at byte %d: has more than %d values", s.d.InputOffset(), MaxValues)
	}
	return t, nil
}

func (s *scanner) value(depth int) error {
	t, err := s.token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth > MaxDepth {
		return fmt.Errorf("at byte %d: is nested deeper than %d", s.d.InputOffset(), MaxDepth)
	}
	var seen map[string]struct{}
	for s.d.More() {
		if open == '{' {
			t, err := s.token()
			if err != nil {
				return err
			}
			name, ok := t.(string)
			if !ok {
				return fmt.Errorf("at byte %d: want a name", s.d.InputOffset())
			}
			if _, twice := seen[name]; twice {
				return fmt.Errorf("at byte %d: field %s stands twice in one object", s.d.InputOffset(), clip([]byte(name)))
			}
			if seen == nil {
				seen = make(map[string]struct{})
			}
			seen[name] = struct{}{}
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
	}
	_, err = s.token() // the closing brace
	return err
}

// integer reads a whole number that fits; 1e3 and 5.0 are whole.
func integer(raw json.RawMessage) (int64, bool) {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true
	}
	f, ok := number(raw)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// number reads a JSON number; raw is valid JSON.
func number(raw json.RawMessage) (float64, bool) {
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return f, err == nil
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// clip is a peer's bytes for an error: quoted, and not many.
func clip(raw []byte) string {
	const most = 40
	if len(raw) == 0 {
		return "nothing"
	}
	if len(raw) > most {
		return strconv.Quote(string(raw[:most])) + "..."
	}
	return strconv.Quote(string(raw))
}

// marshal is json.Marshal without the escapes for HTML, which peers' strings
// do not have.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return slices.Clip(bytes.TrimRight(buf.Bytes(), "\n")), nil
}
