package kdeconnect

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/trust"
)

// storeKeeper keeps a profile's pins and this device's own key in the trust
// store. Each profile has an id and a key of its own, so that the phones of two
// drivers cannot tell that they are in the same car; they are sealed by the
// device key, because phones come before the profile is unlocked.
type storeKeeper struct {
	store   *trust.Store
	profile phonelink.Profile
}

func (k storeKeeper) certificate() (certificate, error) {
	const name = "kdeconnect"
	data, err := k.store.ReadProfileFile(k.profile, name)
	if err == nil {
		return parseCertificate(data)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return certificate{}, err
	}
	c, err := newCertificate(newID(), time.Now())
	if err != nil {
		return certificate{}, err
	}
	if data, err = c.marshal(); err != nil {
		return certificate{}, err
	}
	return c, k.store.WriteProfileFile(k.profile, name, data)
}

func (k storeKeeper) pins() (out []pin, err error) {
	for _, p := range k.store.Peers(k.profile) {
		id := idOf(p.Device)
		if p.Adapter != keptAs || id == "" {
			continue
		}
		out = append(out, pin{ID: id, Name: p.Name, Kind: p.Model, Certificate: p.Certificate, Version: p.Version, Addresses: p.Addresses, Paired: p.Paired, Seen: p.Seen})
	}
	return out, nil
}

func (k storeKeeper) put(p pin) error {
	leaf, err := x509.ParseCertificate(p.Certificate)
	if err != nil {
		return fmt.Errorf("certificate of %s: %w", p.ID, err)
	}
	return k.store.Put(k.profile, trust.Peer{Device: device(p.ID), Name: trust.CleanName(p.Name), Model: p.Kind, Adapter: keptAs,
		SPKI: leaf.RawSubjectPublicKeyInfo, Certificate: p.Certificate, Version: p.Version, Addresses: p.Addresses, Paired: p.Paired, Seen: p.Seen})
}

func (k storeKeeper) remove(id string) error {
	if err := k.store.Remove(k.profile, device(id)); !errors.Is(err, trust.ErrUnknown) {
		return err
	}
	return nil
}

// keptAs is trust.Peer's Adapter of these pins.
const keptAs = "kdeconnect"
