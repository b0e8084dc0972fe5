package trust

import (
	"crypto/hmac"
	"errors"
	"fmt"
)

// Errors of a pairing.
var (
	ErrProof      = errors.New("trust: the other side has not read the code on the screen")
	ErrCommitment = errors.New("trust: the other side changed its number after it knew ours: somebody is between the two")
	ErrDeclined   = errors.New("trust: the codes were not confirmed")
	ErrReflected  = errors.New("trust: the other side sends back what is ours")
	ErrVersion    = errors.New("trust: the other side speaks no version that this one knows")
	ErrRefused    = errors.New("trust: the other side refused")
)

// reason is why one side refuses, for the other.
type reason uint8

const (
	reasonOther reason = iota + 1
	reasonClosed
	reasonUsed
	reasonOften
	reasonProof
	reasonDeclined
	reasonVersion
)

var reasons = map[reason]error{
	reasonOther: ErrRefused, reasonClosed: ErrClosed, reasonUsed: ErrUsed, reasonOften: ErrOften,
	reasonProof: ErrProof, reasonDeclined: ErrDeclined, reasonVersion: ErrVersion,
}

func reasonOf(err error) reason {
	for r, e := range reasons {
		if errors.Is(err, e) {
			return r
		}
	}
	return reasonOther
}

// phase is how far a pairing is.
//
//	phone                                          car
//	toHello  -- hello(qr, proof | digits) -------> toHello
//	toAnswer <- hello(proof | commitment) -------- toSecret | toNonce
//	            digits only:
//	         -- nonce ---------------------------> toNonce
//	toNonce  <- nonce (must fit commitment) ------ asking
//	asking   -- confirm (a person said yes) -----> asking
//	asking   <- confirm (a person said yes) ------ asking
//	            both:
//	toDone   -- secret --------------------------> toSecret
//	toDone   <- done (peer is on the car's disk)-- toDone
//	ended    -- done (peer is on the phone's disk)> ended
type phase uint8

const (
	toHello  phase = iota // the phone: about to greet; the car: waits to be greeted
	toAnswer              // waits for the car's hello
	toNonce
	asking // a person compares
	toSecret
	toDone
	ended
)

// machine is one side of a pairing, pure: no clock, no randomness, no I/O.
type machine struct {
	binding
	role   Role
	mode   Mode   // the phone's choice; the car learns it
	secret []byte // of the code; nil: none
	name   string
	model  string
	nonce  [32]byte // ours
	vault  Key      // the phone's: ours; the car's: what it was given

	phase       phase
	theirCommit []byte
	theirNonce  []byte
	said, heard bool // the person here said yes; the one there did
	peerName    string
	peerModel   string
	version     uint
}

// What a machine is told, and what it wants done in this order.
type (
	begin    struct{} // the phone greets
	admitted struct{} // the screen lets it in
	answered struct{ yes bool }
	kept     struct{} // the result is on disk

	admit struct{ mode Mode } // ask the Window; admitted, or it ends
	ask   struct{ code string }
	keep  struct{} // write the result; kept, or it ends
	met   struct{} // the peer's name is known
	over  struct{} // both sides know
)

// pairVersion is the version of this protocol.
const pairVersion = 1

// next takes one event. What it returns are messages to send and the effects
// above. An error ends the pairing.
func (m *machine) next(event any) ([]any, error) {
	switch e := event.(type) {
	case begin:
		return m.greet()
	case admitted:
		return m.admitted()
	case answered:
		if m.phase != asking || m.said {
			return nil, fmt.Errorf("pair: an answer nobody asked for")
		}
		if !e.yes {
			return nil, ErrDeclined
		}
		m.said = true
		carNonce, phoneNonce := m.nonces()
		own := message{Kind: kindConfirm, Value: m.confirm(m.role, carNonce, phoneNonce)}
		return m.agreed([]any{own})
	case kept:
		if m.role == RoleCar {
			m.phase = toDone
			return []any{message{Kind: kindDone}}, nil
		}
		m.phase = ended
		return []any{message{Kind: kindDone}, over{}}, nil
	case message:
		return m.message(e)
	}
	return nil, fmt.Errorf("pair: internal error: event %T", event)
}

func (m *machine) greet() ([]any, error) {
	hello := m.hello(m.mode)
	if m.mode == ModeQR {
		hello.Value = m.proof(m.secret, RolePhone)
	}
	m.phase = toAnswer
	return []any{hello}, nil
}

func (m *machine) hello(mode Mode) message {
	return message{Kind: kindHello, Version: pairVersion, Role: m.role, Mode: mode, Name: m.name, Model: m.model}
}

func (m *machine) message(in message) ([]any, error) {
	if in.Kind == kindRefuse {
		if err := reasons[in.Reason]; err != nil {
			return nil, fmt.Errorf("%w (says the other side)", err)
		}
		return nil, ErrRefused
	}
	switch {
	case in.Kind == kindHello && (m.phase == toHello && m.role == RoleCar || m.phase == toAnswer):
		return m.helloIn(in)
	case in.Kind == kindNonce && m.phase == toNonce:
		return m.nonceIn(in)
	case in.Kind == kindConfirm && m.phase == asking && !m.heard:
		carNonce, phoneNonce := m.nonces()
		if !hmac.Equal(in.Value, m.confirm(m.role.other(), carNonce, phoneNonce)) {
			return nil, fmt.Errorf("%w: its confirmation is wrong", ErrProof)
		}
		m.heard = true
		return m.agreed(nil)
	case in.Kind == kindSecret && m.phase == toSecret:
		copy(m.vault[:], in.Value)
		return []any{keep{}}, nil
	case in.Kind == kindDone && m.phase == toDone && m.role == RolePhone:
		return []any{keep{}}, nil
	case in.Kind == kindDone && m.phase == toDone:
		m.phase = ended
		return []any{over{}}, nil
	}
	return nil, fmt.Errorf("pair: the %s sent a message of kind %d out of turn", m.role.other(), in.Kind)
}

func (m *machine) helloIn(in message) ([]any, error) {
	switch {
	case in.Role != m.role.other():
		return nil, fmt.Errorf("%w: both want to be the %s", ErrReflected, m.role)
	case in.Version < pairVersion:
		return nil, ErrVersion
	case m.role == RolePhone && in.Mode != m.mode:
		return nil, errors.New("pair: the car answers in another mode")
	case len(in.Value) == 0 && (m.role == RolePhone || in.Mode == ModeQR):
		return nil, errors.New("pair: the hello has no value")
	}
	m.mode, m.peerName, m.peerModel = in.Mode, in.Name, in.Model
	m.version = min(in.Version, pairVersion)
	if m.role == RoleCar {
		if m.mode == ModeQR {
			if m.secret == nil {
				return nil, ErrClosed
			}
			if !hmac.Equal(in.Value, m.proof(m.secret, RolePhone)) {
				return nil, ErrProof
			}
		}
		return []any{admit{m.mode}}, nil
	}
	if m.mode == ModeQR {
		if !hmac.Equal(in.Value, m.proof(m.secret, RoleCar)) {
			return nil, ErrProof
		}
		m.phase = toDone
		return []any{met{}, message{Kind: kindSecret, Value: m.vault[:]}}, nil
	}
	m.theirCommit = in.Value
	m.phase = toNonce
	return []any{met{}, message{Kind: kindNonce, Value: m.nonce[:]}}, nil
}

// admitted is at the car only: the screen let the phone in.
func (m *machine) admitted() ([]any, error) {
	hello := m.hello(m.mode)
	if m.mode == ModeQR {
		hello.Value = m.proof(m.secret, RoleCar)
		m.phase = toSecret
	} else {
		hello.Value = m.commitment(m.nonce[:])
		m.phase = toNonce
	}
	return []any{met{}, hello}, nil
}

func (m *machine) nonceIn(in message) ([]any, error) {
	m.theirNonce = in.Value
	m.phase = asking
	carNonce, phoneNonce := m.nonces()
	code := ask{m.code(carNonce, phoneNonce)}
	if m.role == RoleCar {
		return []any{message{Kind: kindNonce, Value: m.nonce[:]}, code}, nil
	}
	if !hmac.Equal(m.theirCommit, m.commitment(carNonce)) {
		return nil, ErrCommitment
	}
	return []any{code}, nil
}

func (m *machine) nonces() (car, phone []byte) {
	if m.role == RoleCar {
		return m.nonce[:], m.theirNonce
	}
	return m.theirNonce, m.nonce[:]
}

// agreed goes on when both people have said yes.
func (m *machine) agreed(out []any) ([]any, error) {
	if !m.said || !m.heard {
		return out, nil
	}
	if m.role == RoleCar {
		m.phase = toSecret
		return out, nil
	}
	m.phase = toDone
	return append(out, message{Kind: kindSecret, Value: m.vault[:]}), nil
}
