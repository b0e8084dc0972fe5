package link

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
)

// A probe asks whether a peer is at an address, for one small packet instead of
// the start of a handshake. It goes through the socket of QUIC, from which it
// differs in the two upper bits of its first byte (RFC 9000, 17.2 and 17.3;
// RFC 9443).
//
//	0      1      2           14          26          42
//	+------+------+-----------+-----------+-----------+
//	| 0x14 | kind | nonce     | echo      | mac       |
//	+------+------+-----------+-----------+-----------+
//
//	ask (0)     nonce is new, echo is zero
//	answer (1)  nonce is new, echo is the ask's nonce
//	proof (2)   nonce is zero, echo is the answer's nonce
//
// The mac is the first 16 bytes of HMAC-SHA-256 over the sender's device id and
// the bytes before. Its key is made of both public keys, which travel only
// encrypted: who has not connected to both devices gets no answer, and cannot
// tell which device probes. No packet is longer than the one that it answers,
// and nobody connects to an address before it has sent back a nonce.
type probe struct {
	kind        byte
	nonce, echo probeNonce
}

type probeNonce [12]byte

const (
	probeMagic  = 0x14
	probeAsk    = 0
	probeAnswer = 1
	probeProof  = 2
	probeSize   = 42
	probeBody   = 26
)

// probeKey is what both peers and nobody else who never met them can compute.
func probeKey(a, b []byte) []byte {
	if bytes.Compare(a, b) > 0 {
		a, b = b, a
	}
	secret := append(append([]byte(nil), a...), b...)
	key, err := hkdf.Key(sha256.New, secret, nil, "tandem probe 1", sha256.Size)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return key
}

func probeMAC(key []byte, sender string, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(sender))
	m.Write(body)
	return m.Sum(nil)[:probeSize-probeBody]
}

func (p probe) encode(key []byte, sender string) []byte {
	b := make([]byte, 0, probeSize)
	b = append(b, probeMagic, p.kind)
	b = append(b, p.nonce[:]...)
	b = append(b, p.echo[:]...)
	return append(b, probeMAC(key, sender, b)...)
}

var errProbe = errors.New("link: not a probe")

// parseProbe reads what may be a probe; who sent it shows verifyProbe.
func parseProbe(b []byte) (p probe, err error) {
	if len(b) != probeSize || b[0] != probeMagic || b[1] > probeProof {
		return p, errProbe
	}
	p.kind = b[1]
	copy(p.nonce[:], b[2:14])
	copy(p.echo[:], b[14:probeBody])
	if (p.nonce == probeNonce{}) != (p.kind == probeProof) || (p.echo == probeNonce{}) != (p.kind == probeAsk) {
		return p, errProbe
	}
	return p, nil
}

// verifyProbe reports whether the peer that has key and this device id made b.
func verifyProbe(b, key []byte, sender string) bool {
	return hmac.Equal(b[probeBody:], probeMAC(key, sender, b[:probeBody]))
}
