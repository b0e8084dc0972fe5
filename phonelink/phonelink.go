// Package phonelink is the vocabulary of continuity: what a session is, who
// owns it, the pure state machine that hands it from one device to another,
// and the Service that the shell uses. It does not know how peers reach each
// other, where a record is kept, or that there is a screen.
//
//	phone or adapter -> Event -> Next -> Effects: persist, send, render, silence
//	View <- Service <- node          shell -> Request -> Service -> node -> Next
//
// A session has exactly one owner among Tandem peers. Ownership is an Epoch,
// a total order; it moves only by a two-phase hand-off whose commitment is on
// disk on both sides before anybody acts on it, or by the claim of the one
// device that the owner's lease names as its heir.
package phonelink

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
)

// Device names a peer for ever. A Tandem peer's is made from its key
// (DeviceOf); an adapter's peer has the adapter's name, a colon and the foreign
// id: "kde:ae6f...".
type Device string

// base32Lower is base 32 (RFC 4648) in lower case, without padding.
var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// DeviceOf is the name of the Tandem peer with this public key: "td" and the
// first 20 bytes of the SHA-256 of the DER SubjectPublicKeyInfo (RFC 5280,
// 4.1.2.7) in lower-case base 32, 34 characters.
func DeviceOf(spki []byte) Device {
	sum := sha256.Sum256(spki)
	return Device("td" + base32Lower.EncodeToString(sum[:20]))
}

// Adapter is the name of the adapter that speaks for the device; "" for a
// Tandem peer.
func (d Device) Adapter() string {
	name, _, ok := strings.Cut(string(d), ":")
	if !ok {
		return ""
	}
	return name
}

// Profile names whose data it is: 1 to 32 of a-z, 0-9 and '-'. Guest and Valet
// are kept for those modes.
type Profile string

// Reserved profiles.
const (
	Guest Profile = "guest" // media and navigation only, forgotten at the end
	Valet Profile = "valet" // no link at all
)

// Check refuses a name that is not a Profile's.
func (p Profile) Check() error {
	if len(p) < 1 || len(p) > 32 {
		return fmt.Errorf("profile %q: has %d characters, want 1 to 32", string(p), len(p))
	}
	for i, r := range p {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && (r != '-' || i == 0) {
			return fmt.Errorf("profile %q: character %q is not one of a-z, 0-9 and '-' (not first)", string(p), r)
		}
	}
	return nil
}

// Limits of a Session. A document above MaxDocument is refused, not cut.
const (
	MaxDocument = 64 << 10 // bytes of an encoded document
	MaxAssets   = 50       // assets of one session
	MaxTitle    = 256      // bytes of a title, artist or app name

	TakeBackWithin = 10 * time.Minute // how long the device before may take a session back
)
