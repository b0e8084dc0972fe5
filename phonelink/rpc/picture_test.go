package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/rpc"
)

// gallery is a phone link that has one picture.
type gallery struct {
	*service
	sum  [32]byte
	data []byte
}

func (g gallery) Picture(_ context.Context, sum [32]byte) ([]byte, error) {
	if sum != g.sum {
		return nil, &phonelink.Refusal{Code: phonelink.RefusedUnknown, Reason: "not here"}
	}
	return g.data, nil
}

// A picture passes the socket whole, up to the longest; what is not there is
// refused as it is without a socket; a service without pictures says so.
func TestPicture(t *testing.T) {
	g := gallery{newService(), [32]byte{1}, bytes.Repeat([]byte{7}, phonelink.MaxPicture)}
	socket := filepath.Join(t.TempDir(), "p.sock")
	defer serve(t, g, socket)()
	k, err := rpc.Dial(rpc.ClientConfig{Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	got, err := k.Picture(t.Context(), g.sum)
	if err != nil || !bytes.Equal(got, g.data) {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(g.data))
	}
	var no *phonelink.Refusal
	if _, err := k.Picture(t.Context(), [32]byte{2}); !errors.As(err, &no) || no.Code != phonelink.RefusedUnknown {
		t.Errorf("unknown: got %v, want it refused", err)
	}
	bare := filepath.Join(t.TempDir(), "b.sock")
	defer serve(t, newService(), bare)()
	without, err := rpc.Dial(rpc.ClientConfig{Socket: bare})
	if err != nil {
		t.Fatal(err)
	}
	defer without.Close()
	if _, err := without.Picture(t.Context(), g.sum); err == nil {
		t.Error("a service without pictures gave one")
	}
}
