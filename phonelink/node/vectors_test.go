package node_test

import (
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/node"
)

// vectors are the values of one block of PROTOCOL.md, section 5.
func vectors(t *testing.T, block string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../PROTOCOL.md")
	must(t, err)
	_, rest, ok := strings.Cut(string(text), "\n```hex "+block+"\n")
	if !ok {
		t.Fatalf("PROTOCOL.md has no block %s", block)
	}
	body, _, _ := strings.Cut(rest, "\n```")
	out, key := map[string]string{}, ""
	for line := range strings.Lines(body) {
		if name, value, ok := strings.Cut(line, " ="); ok && line[0] != ' ' {
			key, line = name, value
		}
		out[key] += strings.TrimSpace(line)
	}
	return out
}

// TestVectors: the notes of the specification are the notes of this package.
func TestVectors(t *testing.T) {
	hash := make([]byte, 32)
	for i := range hash {
		hash[i] = byte(0xa0 + i)
	}
	number := 21.5
	notes := map[string]node.Note{
		"hello":  {Kind: 1, Name: "One", Model: "car", Can: phonelink.CanHandOff | phonelink.CanFiles, Locked: true},
		"unlock": {Kind: 2, Key: hash},
		"want":   {Kind: 3, Hash: hash, Index: 16, Count: 16},
		"chunk":  {Kind: 4, Hash: hash, Index: 2, Data: []byte("abc")},
		"wish":   {Kind: 10, Tag: 7, Values: []node.NoteValue{{Path: "Vehicle.Cabin.HVAC.Station.Row1.Driver.Temperature", Number: &number}}},
		"fate":   {Kind: 11, Tag: 7, State: 1, Code: "policy", Text: "no"},
	}
	want := vectors(t, "note")
	if len(want) != len(notes) {
		t.Errorf("got %d vectors, want %d", len(want), len(notes))
	}
	for name, n := range notes {
		b, err := node.EncodeNote(n)
		if got := hex.EncodeToString(b); err != nil || got != want[name] {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, want[name])
		}
		if _, err := node.DecodeNote(b[1:]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
