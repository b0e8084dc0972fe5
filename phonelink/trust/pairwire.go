package trust

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Role is a side of a pairing.
type Role uint8

// Roles.
const (
	RoleCar   Role = iota + 1 // has the pairing screen
	RolePhone                 // comes to it
)

// String is "car" or "phone", as in the labels of the proofs.
func (r Role) String() string {
	switch r {
	case RoleCar:
		return "car"
	case RolePhone:
		return "phone"
	}
	return fmt.Sprintf("role %d", uint8(r))
}

func (r Role) other() Role { return RoleCar + RolePhone - r }

// Mode is how two strangers make sure.
type Mode uint8

// Modes.
const (
	ModeQR     Mode = iota + 1 // the phone read the code on the screen
	ModeDigits                 // a person compares six digits on both
)

// kind is what a pairing message is.
type kind uint8

const (
	kindHello   kind = iota + 1 // version, role, mode, name, model; value: proof or commitment
	kindNonce                   // value: the sender's nonce
	kindConfirm                 // value: the sender's confirmation
	kindSecret                  // value: the phone's vault secret
	kindDone                    // kept on disk
	kindRefuse                  // reason
)

// message is one pairing message on the wire: two bytes of length, then CBOR.
type message struct {
	Kind    kind   `cbor:"1,keyasint"`
	Version uint   `cbor:"2,keyasint,omitempty"`
	Role    Role   `cbor:"3,keyasint,omitempty"`
	Mode    Mode   `cbor:"4,keyasint,omitempty"`
	Name    string `cbor:"5,keyasint,omitempty"`
	Model   string `cbor:"6,keyasint,omitempty"`
	Value   []byte `cbor:"7,keyasint,omitempty"` // 32 bytes
	Reason  reason `cbor:"8,keyasint,omitempty"`
}

// maxMessage bounds a pairing message: the length before it is a claim.
const maxMessage = 1024

func encodeMessage(m message) ([]byte, error) {
	body, err := encoding.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode a pairing message: %w", err)
	}
	if len(body) > maxMessage {
		return nil, fmt.Errorf("encode a pairing message: has %d bytes, want at most %d", len(body), maxMessage)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(body))), body...), nil
}

func decodeMessage(body []byte) (m message, err error) {
	if len(body) > maxMessage {
		return m, fmt.Errorf("pairing message of %d bytes, want at most %d", len(body), maxMessage)
	}
	if err := decode(body, &m); err != nil {
		return m, fmt.Errorf("pairing message: %w", err)
	}
	needs := m.Kind == kindHello || m.Kind == kindNonce || m.Kind == kindConfirm || m.Kind == kindSecret
	switch {
	case m.Kind < kindHello || m.Kind > kindRefuse:
		return m, fmt.Errorf("pairing message of kind %d, want 1 to 6", m.Kind)
	case needs && len(m.Value) != 32 && !(m.Kind == kindHello && len(m.Value) == 0):
		return m, fmt.Errorf("pairing message of kind %d with a value of %d bytes, want 32", m.Kind, len(m.Value))
	case m.Kind == kindHello && (m.Version < 1 || m.Role != RoleCar && m.Role != RolePhone || m.Mode != ModeQR && m.Mode != ModeDigits):
		return m, fmt.Errorf("pairing hello with version %d, role %d, mode %d", m.Version, m.Role, m.Mode)
	}
	for _, s := range []string{m.Name, m.Model} {
		if err := checkName(s); err != nil {
			return m, fmt.Errorf("pairing hello: %w", err)
		}
	}
	return m, nil
}

func readMessage(r io.Reader) (message, error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return message{}, err
	}
	n := binary.BigEndian.Uint16(head[:])
	if n > maxMessage {
		return message{}, fmt.Errorf("pairing message of %d bytes, want at most %d", n, maxMessage)
	}
	body := make([]byte, n) // at most maxMessage
	if _, err := io.ReadFull(r, body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return message{}, err
	}
	return decodeMessage(body)
}

// binding is what every proof of a pairing is about: this TLS connection and
// these two keys, in these roles.
type binding struct {
	exporter   []byte   // 32 bytes
	car, phone [32]byte // SHA-256 of the DER SubjectPublicKeyInfo
}

func (b binding) bytes() []byte {
	out := append([]byte(nil), b.exporter...)
	return append(append(out, b.car[:]...), b.phone[:]...)
}

// proof shows that its maker has read the code on the screen.
func (b binding) proof(secret []byte, r Role) []byte {
	return mac(secret, "tandem pair proof "+r.String(), b.bytes())
}

// commitment fixes the car's nonce before it knows the phone's.
func (b binding) commitment(carNonce []byte) []byte {
	h := sha256.New()
	h.Write([]byte("tandem pair commit"))
	h.Write(b.bytes())
	h.Write(carNonce)
	return h.Sum(nil)
}

// code is the six digits: 64 bits modulo a million, so every code is as
// likely as any other to one part in 10^13.
func (b binding) code(carNonce, phoneNonce []byte) string {
	h := sha256.New()
	h.Write([]byte("tandem pair code"))
	h.Write(b.bytes())
	h.Write(carNonce)
	h.Write(phoneNonce)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(h.Sum(nil))%1e6)
}

// confirm says that a person on that side found the codes equal.
func (b binding) confirm(r Role, carNonce, phoneNonce []byte) []byte {
	return mac(b.exporter, "tandem pair confirm "+r.String(), b.bytes(), carNonce, phoneNonce)
}

func mac(key []byte, parts ...any) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			h.Write([]byte(p))
		case []byte:
			h.Write(p)
		}
	}
	return h.Sum(nil)
}
