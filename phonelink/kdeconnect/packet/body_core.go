package packet

import (
	"fmt"
	"strings"
)

// Identity is who a device is and what it can do, kdeconnect.identity. Over UDP
// it has TCPPort; the dialler of a link names whom it means to reach.
type Identity struct {
	DeviceID        string   `kde:"deviceId,max=38,required"`
	Name            string   `kde:"deviceName,max=256,required"` // as sent; CleanName is fit to be shown
	DeviceType      string   `kde:"deviceType,max=32,required"`  // desktop, laptop, phone, tablet, tv; else treated as desktop
	ProtocolVersion int64    `kde:"protocolVersion,min=0,max=1000,required"`
	Incoming        []string `kde:"incomingCapabilities,max=256,each=128"` // types of packets that it understands
	Outgoing        []string `kde:"outgoingCapabilities,max=256,each=128"` // types of packets that it may send
	TCPPort         int64    `kde:"tcpPort,min=0,max=65535"`
	TargetID        string   `kde:"targetDeviceId,max=38"`
	TargetVersion   int64    `kde:"targetProtocolVersion,min=0,max=1000"`
	Rest            Rest
}

func (i *Identity) check() error {
	if !DeviceIDOK(i.DeviceID) {
		return &fieldError{"deviceId", fmt.Errorf("%s is not 32 to 38 letters, digits, - and _", clip([]byte(i.DeviceID)))}
	}
	if i.TargetID != "" && !DeviceIDOK(i.TargetID) {
		return &fieldError{"targetDeviceId", fmt.Errorf("%s is not 32 to 38 letters, digits, - and _", clip([]byte(i.TargetID)))}
	}
	return nil
}

// DeviceIDOK reports whether s is a device id: 32 to 38 of a-z, A-Z, 0-9, - and
// _.
func DeviceIDOK(s string) bool {
	if len(s) < 32 || len(s) > 38 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// MaxName is how many characters a name has at most.
const MaxName = 32

// CleanName is a device's name as it may be shown and sent: without control
// characters and without the punctuation that the protocol forbids, at most 32
// characters; "unnamed" if nothing is left.
func CleanName(s string) string {
	var out []rune
	for _, r := range strings.TrimSpace(s) {
		if len(out) == MaxName {
			break
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\ufffd' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || strings.ContainsRune(`"',;:.!?()[]<>`, r) {
			continue
		}
		out = append(out, r)
	}
	if clean := strings.TrimSpace(string(out)); clean != "" {
		return clean
	}
	return "unnamed"
}

// Pair asks to be paired and accepts, or refuses and ends a pairing,
// kdeconnect.pair. Timestamp is in seconds since 1970, from version 8 on.
type Pair struct {
	Pair      bool  `kde:"pair,required"`
	Timestamp int64 `kde:"timestamp,min=0"`
	Rest      Rest
}

// Ping is a sign of life, with words or without, kdeconnect.ping.
type Ping struct {
	Message string `kde:"message,max=4096"`
	Rest    Rest
}
