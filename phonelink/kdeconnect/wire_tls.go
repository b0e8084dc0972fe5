package kdeconnect

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"time"
)

// certificate is a device's own key and what it is called by.
type certificate struct {
	ID  string
	DER []byte
	Key *ecdsa.PrivateKey
}

// newCertificate makes a key and its self-signed certificate: EC P-256, common
// name = id, valid ten years from now and one year back, because a phone's
// clock may be behind.
func newCertificate(id string, now time.Time) (certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate{}, fmt.Errorf("make key of %s: %w", id, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return certificate{}, fmt.Errorf("make serial of %s: %w", id, err)
	}
	t := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: id, Organization: []string{"Tandem"}, OrganizationalUnit: []string{"Phone link"}},
		NotBefore:    now.AddDate(-1, 0, 0),
		NotAfter:     now.AddDate(10, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return certificate{}, fmt.Errorf("make certificate of %s: %w", id, err)
	}
	return certificate{ID: id, DER: der, Key: key}, nil
}

// newID makes an id: 32 hex digits, as peers make theirs from a UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x", b)
}

// marshal is the certificate as it is kept: the DER certificate, then the
// PKCS #8 key, each behind a length of four hex digits.
func (c certificate) marshal() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(c.Key)
	if err != nil {
		return nil, fmt.Errorf("encode key of %s: %w", c.ID, err)
	}
	out := fmt.Appendf(nil, "%04x", len(c.DER))
	out = append(out, c.DER...)
	out = fmt.Appendf(out, "%04x", len(key))
	return append(out, key...), nil
}

// parseCertificate reads what marshal wrote.
func parseCertificate(data []byte) (certificate, error) {
	part := func() ([]byte, error) {
		if len(data) < 4 {
			return nil, io.ErrUnexpectedEOF
		}
		n, err := strconv.ParseUint(string(data[:4]), 16, 16)
		if err != nil || int(n) > len(data)-4 {
			return nil, errors.New("length is not four hex digits of what follows")
		}
		out := data[4 : 4+n]
		data = data[4+n:]
		return out, nil
	}
	der, err := part()
	if err != nil {
		return certificate{}, fmt.Errorf("read certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return certificate{}, fmt.Errorf("read certificate: %w", err)
	}
	raw, err := part()
	if err != nil {
		return certificate{}, fmt.Errorf("read key: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(raw)
	if err != nil {
		return certificate{}, fmt.Errorf("read key: %w", err)
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok || !ec.PublicKey.Equal(leaf.PublicKey) {
		return certificate{}, errors.New("read key: it is not the certificate's")
	}
	if !validID(leaf.Subject.CommonName) {
		return certificate{}, fmt.Errorf("read certificate: common name %.40q is not a device id", leaf.Subject.CommonName)
	}
	return certificate{ID: leaf.Subject.CommonName, DER: bytes.Clone(der), Key: ec}, nil
}

// tlsConfig is for both roles. There is no authority: a peer is who its key
// says, and check decides by the certificate alone. TLS 1.2 is the oldest, and
// what phones speak.
func (c certificate) tlsConfig(check func(*x509.Certificate) error) *tls.Config {
	return &tls.Config{
		Certificates:           []tls.Certificate{{Certificate: [][]byte{c.DER}, PrivateKey: c.Key}},
		MinVersion:             tls.VersionTLS12,
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // pinned in VerifyConnection
		SessionTicketsDisabled: true, // a resumed session would carry an old decision
		// The hello of a small curve fits in what an unknown caller has sent.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384},
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) != 1 {
				return fmt.Errorf("peer shows %d certificates, want its own", len(s.PeerCertificates))
			}
			return check(s.PeerCertificates[0])
		},
	}
}

// checkCertificate decides whether leaf is the device id's. A pinned device
// must show the certificate that was paired; another one any sound key whose
// certificate carries its id.
func checkCertificate(leaf *x509.Certificate, id string, pinned []byte) error {
	if pinned != nil && !bytes.Equal(leaf.Raw, pinned) {
		return errImpostor
	}
	if leaf.Subject.CommonName != id {
		return fmt.Errorf("%w: certificate of %.40q for device %s", errUnexpected, leaf.Subject.CommonName, id)
	}
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 || key.N.BitLen() > 8192 {
			return fmt.Errorf("%w: RSA key of %d bits", errUnexpected, key.N.BitLen())
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default:
		return fmt.Errorf("%w: key of type %T", errUnexpected, key)
	}
	return nil
}

// verificationKey is what both screens show: the first eight hex digits, in
// upper case, of the SHA-256 of both SubjectPublicKeyInfo (RFC 5280, 4.1.2.7),
// the larger first, and from version 8 on the request's time in decimal.
func verificationKey(a, b []byte, version int, timestamp int64) string {
	if bytes.Compare(a, b) < 0 {
		a, b = b, a
	}
	h := sha256.New()
	h.Write(a)
	h.Write(b)
	if version >= secureVersion {
		h.Write(strconv.AppendInt(nil, timestamp, 10))
	}
	return fmt.Sprintf("%X", h.Sum(nil)[:4])
}
