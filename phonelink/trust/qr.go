package trust

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"net/netip"
	"strings"

	"rsc.io/qr"
)

// Invitation is what the code on the car's screen says: whom to connect to,
// where, how to know that it is the right one, and a secret that shows the car
// that the phone has seen its screen.
type Invitation struct {
	Key       [32]byte // SHA-256 of the car's DER SubjectPublicKeyInfo
	Secret    [16]byte // random, works once
	Addresses []netip.Addr
	Port      uint16 // UDP and TCP
	Name      string // of the car, at most MaxName bytes
}

// Match says whether a peer's DER SubjectPublicKeyInfo is the invitation's.
// It is what the phone gives TLSConfig.
func (v Invitation) Match(spki []byte) error {
	if sha256.Sum256(spki) != v.Key {
		return errors.New("verify the peer's key: it is not the one of the code on the screen")
	}
	return nil
}

// qrPrefix makes the text a URI (RFC 3986) that a phone's camera offers to
// open.
const qrPrefix = "tandem://pair/"

// Limits of an invitation.
const (
	qrVersion   = 1
	maxInvited  = 8 // addresses
	maxQRLength = 512
)

// QRText is the text of the code: a tandem: URI with base64url (RFC 4648, 5;
// no padding) of
//
//	0     1           33       49     51  52
//	+-----+-----------+--------+------+---+------------------+---+------+
//	| ver | SHA-256   | secret | port | n | n x (len, bytes) | l | name |
//	| 1   | of SPKI   |        |      |   | len 4 or 16      |   | UTF-8|
//	+-----+-----------+--------+------+---+------------------+---+------+
func QRText(v Invitation) (string, error) {
	if err := v.check(); err != nil {
		return "", fmt.Errorf("write a pairing code: %w", err)
	}
	b := append([]byte{qrVersion}, v.Key[:]...)
	b = append(b, v.Secret[:]...)
	b = binary.BigEndian.AppendUint16(b, v.Port)
	b = append(b, byte(len(v.Addresses)))
	for _, a := range v.Addresses {
		raw := a.AsSlice()
		b = append(append(b, byte(len(raw))), raw...)
	}
	b = append(append(b, byte(len(v.Name))), v.Name...)
	return qrPrefix + base64.RawURLEncoding.EncodeToString(b), nil
}

func (v Invitation) check() error {
	if len(v.Addresses) > maxInvited {
		return fmt.Errorf("has %d addresses, want at most %d", len(v.Addresses), maxInvited)
	}
	if v.Port == 0 {
		return errors.New("has no port")
	}
	if v.Secret == [16]byte{} {
		return errors.New("its secret is zero")
	}
	for _, a := range v.Addresses {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" || a.Is4In6() {
			return fmt.Errorf("address %s is not one host's, for everybody", a)
		}
	}
	return checkName(v.Name)
}

// ParseQR reads the text of a code. What stands after the known fields is
// ignored, so that a later version may add to them.
func ParseQR(text string) (v Invitation, err error) {
	fail := func(format string, a ...any) (Invitation, error) {
		return Invitation{}, fmt.Errorf("read the pairing code: "+format, a...)
	}
	if len(text) > maxQRLength {
		return fail("has %d characters, want at most %d", len(text), maxQRLength)
	}
	rest, ok := strings.CutPrefix(text, qrPrefix)
	if !ok {
		return fail("%.20q does not begin with %q: scan the code on the car's pairing screen", text, qrPrefix)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil {
		return fail("%w", err)
	}
	if len(b) < 53 {
		return fail("has %d bytes, want at least 53", len(b))
	}
	if b[0] != qrVersion {
		return fail("version %d, this program knows %d: update it", b[0], qrVersion)
	}
	copy(v.Key[:], b[1:])
	copy(v.Secret[:], b[33:])
	v.Port = binary.BigEndian.Uint16(b[49:])
	n, b := int(b[51]), b[52:]
	if n > maxInvited {
		return fail("has %d addresses, want at most %d", n, maxInvited)
	}
	for i := range n {
		if len(b) < 1 || b[0] != 4 && b[0] != 16 || len(b) < 1+int(b[0]) {
			return fail("address %d is cut short or has a length that is not 4 or 16", i+1)
		}
		a, _ := netip.AddrFromSlice(b[1 : 1+b[0]])
		v.Addresses, b = append(v.Addresses, a), b[1+b[0]:]
	}
	if len(b) < 1 || len(b) < 1+int(b[0]) {
		return fail("the name is cut short")
	}
	v.Name = string(b[1 : 1+b[0]])
	if err := v.check(); err != nil {
		return fail("%w", err)
	}
	return v, nil
}

// QRImage draws a text as a QR code (ISO/IEC 18004) with error correction M
// and the quiet zone of four modules, each module scale pixels wide.
func QRImage(text string, scale int) (*image.Gray, error) {
	if scale < 1 || scale > 64 {
		return nil, fmt.Errorf("draw a QR code: %d pixels for a module, want 1 to 64", scale)
	}
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	const quiet = 4
	side := (c.Size + 2*quiet) * scale
	img := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			shade := color.Gray{Y: 255}
			if c.Black(x/scale-quiet, y/scale-quiet) {
				shade.Y = 0
			}
			img.SetGray(x, y, shade)
		}
	}
	return img, nil
}
