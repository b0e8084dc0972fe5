package node_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/node"
)

// TestPictureOfASession: the picture that a session names comes from its owner
// by its hash, is given to who asks, and leaves no file that a person sees.
func TestPictureOfASession(t *testing.T) {
	files := t.TempDir()
	car := newCar(t, node.Config{Files: files})
	phone := newPhone(t, "Ana's phone", node.Config{})
	pair(t, car, phone)
	data, _ := blob(3*node.ChunkSize + 5)
	asset, err := phone.KeepPicture(t.Context(), "cover.png", "image/png", data)
	if err != nil {
		t.Fatal(err)
	}
	s := song("One")
	s.Assets, s.Icon = []phonelink.Asset{asset}, asset.SHA256
	id := phone.open(s)
	car.until("the picture", func(v *phonelink.View) bool { s := find(v, id); return s != nil && s.Progress == 1 })
	got, err := car.Picture(t.Context(), asset.SHA256)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(data))
	}
	if left, _ := filepath.Glob(filepath.Join(files, "*")); len(left) != 0 {
		t.Errorf("a picture is not a file of the person's, got %v", left)
	}
	if _, err := car.Picture(t.Context(), [32]byte{9}); codeOf(err) != phonelink.RefusedUnknown {
		t.Errorf("unknown: got %v, want %s", err, phonelink.RefusedUnknown)
	}
	car.must(phonelink.SetProfile{Profile: "ben"})
	if _, err := car.Picture(t.Context(), asset.SHA256); err == nil {
		t.Error("another driver's picture was given")
	}
	for _, n := range []int{0, phonelink.MaxPicture + 1} {
		if _, err := phone.KeepPicture(t.Context(), "x", "image/png", make([]byte, n)); err == nil {
			t.Errorf("%d bytes were kept", n)
		}
	}
}

// TestFileIsNoPicture: what is too large for a picture is not read into memory
// as one.
func TestFileIsNoPicture(t *testing.T) {
	car, phone := pairOf(t)
	data, sum := blob(phonelink.MaxPicture + 1)
	name := filepath.Join(t.TempDir(), "film.mkv")
	must(t, os.WriteFile(name, data, 0o600))
	phone.must(phonelink.SendFile{Device: car.Self(), Path: name})
	car.until("the file", func(v *phonelink.View) bool { x := transfer(v, true); return x != nil && x.Finished })
	if _, err := car.Picture(context.Background(), sum); codeOf(err) != phonelink.RefusedUnsupported {
		t.Errorf("got %v, want %s", err, phonelink.RefusedUnsupported)
	}
}
