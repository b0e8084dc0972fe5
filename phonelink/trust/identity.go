package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

	"tandem/phonelink"
)

// Protocol names of TLS (ALPN, RFC 7301): the link between trusted peers, and
// the connection on which two strangers pair.
const (
	ProtocolLink = "tandem/1"
	ProtocolPair = "tandem-pair/1"
)

// Identity is a device's own key. Its certificate is an envelope for the key:
// nothing in it is believed but the key.
type Identity struct {
	Device      phonelink.Device
	Certificate tls.Certificate
	SPKI        []byte // DER SubjectPublicKeyInfo
}

// NewIdentity makes a key: ECDSA on P-256, in a certificate signed by itself
// that says no name and never ends, since a car's clock may be wrong.
func NewIdentity() (Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("make the device's TLS key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return Identity{}, fmt.Errorf("encode the device's public key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return Identity{}, fmt.Errorf("make a serial number: %w", err)
	}
	template := x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: string(phonelink.DeviceOf(spki))},
		NotBefore:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280, 4.1.2.5
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return Identity{}, fmt.Errorf("make the device's certificate: %w", err)
	}
	return Identity{
		Device:      phonelink.DeviceOf(spki),
		Certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		SPKI:        spki,
	}, nil
}

// TLSConfig is the one way to speak TLS with a Tandem peer, as client and as
// server: version 1.3 only, both sides show exactly one certificate with a
// P-256 key, and verify says whether that key (DER SubjectPublicKeyInfo) is
// the right one. Names, dates and signatures of the certificate mean nothing.
// verify may run before the peer has proved that it has the key: it must only
// look the key up, and an error from it ends the handshake. No session
// tickets: a peer that was unpaired cannot come back by one, and there is no
// early data that could be replayed. The caller may set NextProtos.
func TLSConfig(self Identity, verify func(spki []byte) error) *tls.Config {
	return &tls.Config{
		Certificates:           []tls.Certificate{self.Certificate},
		MinVersion:             tls.VersionTLS13,
		MaxVersion:             tls.VersionTLS13,
		NextProtos:             []string{ProtocolLink},
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // VerifyConnection pins the key instead
		SessionTicketsDisabled: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			spki, err := PeerSPKI(cs)
			if err != nil {
				return err
			}
			if verify == nil {
				return errors.New("verify the peer's key: nobody to ask")
			}
			return verify(spki)
		},
	}
}

// PeerSPKI is the public key of the other side of a TLS connection.
func PeerSPKI(cs tls.ConnectionState) ([]byte, error) {
	if len(cs.PeerCertificates) != 1 {
		return nil, fmt.Errorf("verify the peer's key: it shows %d certificates, want 1", len(cs.PeerCertificates))
	}
	key, ok := cs.PeerCertificates[0].PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("verify the peer's key: it is not an ECDSA key on P-256")
	}
	return cs.PeerCertificates[0].RawSubjectPublicKeyInfo, nil
}

// Exporter is what binds a pairing to one TLS connection (RFC 8446, 7.5):
// 32 bytes that both ends have, and nobody between them who ends TLS twice.
func Exporter(cs tls.ConnectionState) ([]byte, error) {
	e, err := cs.ExportKeyingMaterial("EXPORTER-tandem-pairing", nil, 32)
	if err != nil {
		return nil, fmt.Errorf("export keying material: %w", err)
	}
	return e, nil
}
