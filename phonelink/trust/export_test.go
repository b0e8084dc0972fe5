package trust

import (
	"crypto/sha256"
	"time"
)

// OpenStep opens a store whose every write goes through step first, and whose
// PINs cost little.
func OpenStep(c Config, step func(what, path string) error) (*Store, error) {
	s, err := open(c, step)
	if err == nil {
		s.argon = argon{time: 1, memory: 64, threads: 1}
	}
	return s, err
}

// NextGuess is when a PIN is taken again after so many wrong ones, the last at
// a time.
func NextGuess(wrong int, last, now time.Time) time.Time {
	return tries{Wrong: wrong, Last: last.UnixMilli()}.next(now)
}

// Names of wire things for tests outside.
type (
	Message = message
	Kind    = kind
	Binding = binding
)

const (
	KindHello   = kindHello
	KindNonce   = kindNonce
	KindConfirm = kindConfirm
	KindSecret  = kindSecret
	KindDone    = kindDone
	KindRefuse  = kindRefuse
)

var (
	EncodeMessage = encodeMessage
	DecodeMessage = decodeMessage
	ReadMessage   = readMessage
	DecodePeers   = decodePeers
	EncodePeers   = encodePeers
	DecodeSlot    = decodeSlot
	CheckName     = checkName
	CheckFile     = checkFile
)

// NewBinding is of an exporter and two keys.
func NewBinding(exporter, car, phone []byte) Binding {
	return binding{exporter, sha256.Sum256(car), sha256.Sum256(phone)}
}

func (b Binding) Proof(secret []byte, r Role) []byte    { return b.proof(secret, r) }
func (b Binding) Commitment(nonce []byte) []byte        { return b.commitment(nonce) }
func (b Binding) Code(car, phone []byte) string         { return b.code(car, phone) }
func (b Binding) Confirm(r Role, car, ph []byte) []byte { return b.confirm(r, car, ph) }

// Seal and Unseal are of a secret, as a file at a place.
func Seal(secret []byte, place string, plain []byte) ([]byte, error) {
	a, err := aeadOf(secret, nil, "test")
	if err != nil {
		return nil, err
	}
	return seal(a, place, plain), nil
}

func Unseal(secret []byte, place string, data []byte) ([]byte, error) {
	a, err := aeadOf(secret, nil, "test")
	if err != nil {
		return nil, err
	}
	return unseal(a, place, data)
}

// VaultPlace is where a file of an open vault is, below the store's folder.
func (v *Vault) VaultPlace(name string) string { return v.place(name) }
