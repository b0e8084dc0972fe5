package kdeconnect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"tandem/phonelink/kdeconnect/packet"
)

// Protocol versions. From version 8 on the identity is said again inside TLS.
const (
	oldestVersion = 7
	secureVersion = 8
	ownVersion    = 8
)

// identityType is the type of the packet that says who somebody is.
const identityType = "kdeconnect.identity"

// Limits of an identity.
const (
	maxName         = 32  // characters of a device's name (protocol reference)
	maxCapabilities = 256 // types of packets in each direction
)

// identity is what a device says of itself: kdeconnect.identity.
//
//	UDP:     identity with Port       "I am here, call me"
//	TCP:     identity with Target     the caller's, in clear: believed by nobody
//	in TLS:  identity                 both, from version 8 on: this one counts
type identity struct {
	ID            string // 32 to 38 of a-z, A-Z, 0-9, '_' and '-'
	Name          string // 1 to 32 characters, cleaned
	Kind          string // phone, tablet, laptop, desktop, tv
	Version       int
	Incoming      []string // types of packets that it takes; nil: it does not say
	Outgoing      []string // types of packets that it sends
	Port          uint16   // TCP port to call; 0: none
	Target        string   // whom the caller means; "" is not said
	TargetVersion int      // the version that the caller knows of us; 0 is not said
	padding       int      // bytes that make a datagram longer than the identity that answers it
}

// identityBody is its wire form. Numbers may be digits in a string: peers send
// both.
type identityBody struct {
	ID            string   `json:"deviceId"`
	Name          string   `json:"deviceName"`
	Kind          string   `json:"deviceType"`
	Version       flexible `json:"protocolVersion"`
	Incoming      []string `json:"incomingCapabilities,omitempty"`
	Outgoing      []string `json:"outgoingCapabilities,omitempty"`
	Port          flexible `json:"tcpPort,omitempty"`
	Target        string   `json:"targetDeviceId,omitempty"`
	TargetVersion flexible `json:"targetProtocolVersion,omitempty"`
	Padding       string   `json:"padding,omitempty"` // only sent; peers skip what they do not know
}

// flexible is a whole number, or its digits in a string.
type flexible int64

// UnmarshalJSON is part of json.Unmarshaler.
func (f *flexible) UnmarshalJSON(raw []byte) error {
	text := string(bytes.Trim(raw, `"`))
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > math.MaxUint32 {
		return fmt.Errorf("%.20q is not a whole number from 0 to %d", text, int64(math.MaxUint32))
	}
	*f = flexible(n)
	return nil
}

// parseIdentity reads one line or datagram.
func parseIdentity(line []byte) (identity, error) {
	if len(line) > packet.MaxIdentity {
		return identity{}, fmt.Errorf("identity: has %d bytes, want at most %d", len(line), packet.MaxIdentity)
	}
	p, err := packet.Parse(line)
	if err != nil {
		return identity{}, fmt.Errorf("identity: %w", err)
	}
	if p.Type != identityType {
		return identity{}, fmt.Errorf("identity: got a %s", p.Type)
	}
	var b identityBody
	if err := json.Unmarshal(p.Body, &b); err != nil {
		return identity{}, fmt.Errorf("identity: %w", err)
	}
	return b.check()
}

func (b identityBody) check() (identity, error) {
	if !validID(b.ID) {
		return identity{}, fmt.Errorf("identity: deviceId %.40q is not 32 to 38 of a-z, A-Z, 0-9, '_' and '-'", b.ID)
	}
	if b.Target != "" && !validID(b.Target) {
		return identity{}, fmt.Errorf("identity: targetDeviceId %.40q is not a device's", b.Target)
	}
	if b.Port > math.MaxUint16 {
		return identity{}, fmt.Errorf("identity: tcpPort %d is not a port", b.Port)
	}
	name := cleanDeviceName(b.Name)
	if name == "" {
		return identity{}, errors.New("identity: deviceName has nothing that can be shown")
	}
	for _, list := range [...][]string{b.Incoming, b.Outgoing} {
		if len(list) > maxCapabilities {
			return identity{}, fmt.Errorf("identity: names %d capabilities, want at most %d", len(list), maxCapabilities)
		}
		for _, t := range list {
			if !packet.TypeOK(t) {
				return identity{}, fmt.Errorf("identity: capability %.70q is not a packet's type", t)
			}
		}
	}
	kind := b.Kind
	switch kind {
	case "phone", "tablet", "laptop", "desktop", "tv":
	default:
		kind = "desktop" // what peers show for what they do not know
	}
	return identity{ID: b.ID, Name: name, Kind: kind, Version: int(b.Version), Incoming: b.Incoming, Outgoing: b.Outgoing,
		Port: uint16(b.Port), Target: b.Target, TargetVersion: int(b.TargetVersion)}, nil
}

// line is the identity as it is sent, with its newline.
func (i identity) line() []byte {
	body, err := json.Marshal(identityBody{ID: i.ID, Name: i.Name, Kind: i.Kind, Version: flexible(i.Version), Incoming: i.Incoming,
		Outgoing: i.Outgoing, Port: flexible(i.Port), Target: i.Target, TargetVersion: flexible(i.TargetVersion),
		Padding: strings.Repeat(".", i.padding)})
	if err != nil {
		panic("internal error: identity: " + err.Error()) // strings and numbers always encode
	}
	line, err := packet.Packet{Type: identityType, Body: body}.Line()
	if err != nil {
		panic("internal error: identity: " + err.Error())
	}
	return line
}

// validID reports whether id can be a device's. Ids become parts of file names
// and of D-Bus paths elsewhere: nothing else is let in.
func validID(id string) bool {
	if len(id) < 32 || len(id) > 38 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// cleanDeviceName is what of a name may be shown: printable characters but
// those that the protocol forbids, 32 at most, single spaces.
func cleanDeviceName(s string) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range s {
		switch {
		case n == maxName:
			return b.String()
		case r == utf8.RuneError || strings.ContainsRune(`"',;:.!?()[]<>`, r):
		case unicode.IsSpace(r):
			space = n > 0
		case unicode.IsPrint(r):
			if space {
				if n == maxName-1 {
					return b.String()
				}
				b.WriteByte(' ')
				n++
			}
			space = false
			b.WriteRune(r)
			n++
		}
	}
	return b.String()
}
