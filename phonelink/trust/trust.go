// Package trust keeps what makes a peer the right peer: this device's key, the
// pinned keys of its peers, and the keys of what a profile keeps on disk; and
// it makes two strangers peers, by a QR code or by six digits. It does not know
// how a connection is made (phonelink/link), nor what is kept (phonelink/node).
//
//	device.key   32 bytes, mode 0600      what stands on this board
//	   |-- seals  identity, device/*      this device's TLS key; what is everybody's
//	   |-- seals  profiles/ID/peers       public pins: reconnecting needs no unlocked content
//	   |-- seals  profiles/ID/device/*    adapters' own keys, one for each profile
//	   `-- half   profiles/ID/slots/*     the content key, wrapped once for every way in:
//	                |                       a phone's secret, released by it inside the link
//	                |                       a PIN, by Argon2id and a counted, delayed guess
//	                `-- seals profiles/ID/vault/* and what Vault.AEAD is given
//
// A slot is opened by the board's key and a secret that is not on the board,
// together: somebody who has only the disk, or the disk and the board, has
// ciphertext. A phone's secret cannot be guessed. A PIN of four digits can, by
// whoever has the device key: each guess costs an Argon2id, so that all ten
// thousand take minutes. On this board they are counted and delayed; away from
// it nothing delays them, so a board that has a secure element keeps the device
// key there (Config.DeviceKey), else a PIN protects as far as it is long. A profile that has neither phone nor PIN yet is opened by the
// board alone; that slot is destroyed as soon as there is a better one.
//
// What this cannot promise: flash memory writes elsewhere what is overwritten,
// so a destroyed slot may survive in a block that only the chip can read; it
// is worth nothing without the phone's secret, which the phone forgets too.
// Whoever can write the disk can put an old, whole folder back (peers that
// were removed, guesses not counted), and whoever sets the clock forward waits
// less between guesses; that needs a counter and a clock in hardware.
// Memory is overwritten where Go lets us, but a copy made by the runtime may
// stay until the process ends.
package trust

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

	"tandem/phonelink"
)

// Errors that a caller tells apart.
var (
	ErrLocked   = errors.New("trust: the profile is locked")
	ErrWrongKey = errors.New("trust: the key does not open the profile")
	ErrWrongPIN = errors.New("trust: the PIN is wrong")
	ErrNoPIN    = errors.New("trust: the profile has no PIN")
	ErrUnknown  = errors.New("trust: no such peer")
	ErrOtherKey = errors.New("trust: the peer has another key than before: unpair it first, then pair again")
	ErrValet    = errors.New("trust: no phone in valet mode")
)

// WaitError says that guesses at a PIN come too fast.
type WaitError struct {
	Until time.Time // when the next guess is taken
}

// Error says until when.
func (e *WaitError) Error() string {
	return "trust: too many wrong PINs, the next is taken at " + e.Until.UTC().Format(time.RFC3339)
}

// Limits of what is kept and parsed.
const (
	MaxPeers = 32 // peers of one profile
	MaxName  = 64 // bytes of a device's name or model

	maxFile      = 16 << 20 // bytes of a sealed file
	maxAddresses = 16       // addresses of one peer
	maxCert      = 4 << 10  // bytes of a certificate
)

// Key opens a vault. The phone makes it at random when it pairs with a car,
// and releases it only inside the link.
type Key [32]byte

// Peer is one that is trusted.
type Peer struct {
	Device      phonelink.Device
	Name        string           // for a person, at most MaxName bytes
	Model       string           // "phone", "tablet", "laptop", "desktop", "car"
	Adapter     string           // "" for a Tandem peer, "kdeconnect"
	SPKI        []byte           // DER SubjectPublicKeyInfo, RFC 5280 4.1.2.7
	Certificate []byte           // DER, only of adapters that pin certificates
	Version     int              // highest protocol version ever seen: lower is a downgrade
	Addresses   []netip.AddrPort // where it was, last first, at most 16
	Paired      time.Time
	Seen        time.Time
}

// Check refuses a peer that cannot be kept.
func (p Peer) Check() error {
	switch {
	case p.Device == "":
		return errors.New("peer: has no device id")
	case len(p.Device) > 128:
		return fmt.Errorf("peer: its device id has %d bytes, want at most 128", len(p.Device))
	case p.Adapter == "" && phonelink.DeviceOf(p.SPKI) != p.Device:
		return fmt.Errorf("peer %s: its key makes it %s", p.Device, phonelink.DeviceOf(p.SPKI))
	case p.Adapter == "" && p.Device.Adapter() != "":
		return fmt.Errorf("peer %s: has an adapter's id but no adapter", p.Device)
	case p.Adapter != "" && len(p.SPKI) == 0 && len(p.Certificate) == 0:
		return fmt.Errorf("peer %s: has neither key nor certificate", p.Device)
	case len(p.SPKI) > maxCert || len(p.Certificate) > maxCert:
		return fmt.Errorf("peer %s: its key or certificate is above %d bytes", p.Device, maxCert)
	case len(p.Addresses) > maxAddresses:
		return fmt.Errorf("peer %s: has %d addresses, want at most %d", p.Device, len(p.Addresses), maxAddresses)
	}
	for _, s := range []string{p.Name, p.Model, p.Adapter} {
		if err := checkName(s); err != nil {
			return fmt.Errorf("peer %s: %w", p.Device, err)
		}
	}
	return nil
}

// checkName refuses what must not be shown: control and format characters
// (which can turn the direction of text), broken UTF-8, and too much.
func checkName(s string) error {
	if len(s) > MaxName {
		return fmt.Errorf("name of %d bytes, want at most %d", len(s), MaxName)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("name %q is not UTF-8", s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		return fmt.Errorf("name %q holds a character that cannot be shown", s)
	}
	return nil
}

// CleanName makes any text a name that Peer and PairConfig take: what cannot
// be shown is left out, the rest cut at MaxName bytes between characters.
func CleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	for len(s) > MaxName {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return strings.TrimSpace(s)
}

var encoding = func() cbor.EncMode {
	m, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return m
}()

var decoding = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		MaxNestedLevels:  16,
		MaxArrayElements: 4096,
		MaxMapPairs:      4096,
		UTF8:             cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return m
}()

// decode reads exactly one CBOR item, in the deterministic encoding or not:
// what a peer sent is never hashed again, so its form does not matter.
func decode(data []byte, v any) error {
	if len(data) == 0 {
		return errors.New("is empty")
	}
	return decoding.Unmarshal(data, v)
}
