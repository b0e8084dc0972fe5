package node

import (
	"context"
	"net/netip"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/link"
	"tandem/vehicle"
)

// The parts that tests of package node_test look at.
var (
	PlaceOf    = placeOf
	MayAsk     = mayAsk
	OpenAssets = openAssets
	ErrAsset   = errAsset
	DecodeNote = decodeNote
	EncodeNote = encodeNote
)

const ChunkSize = chunkSize

type (
	Assets    = assets
	Note      = note
	NoteValue = noteValue
)

func (a *assets) Has(h [32]byte) bool                           { return a.has(h) }
func (a *assets) Have(h [32]byte) int64                         { return a.have(h) }
func (a *assets) Put(h [32]byte, i int64, b []byte) error       { return a.put(h, i, b) }
func (a *assets) Finish(h [32]byte, size int64) error           { return a.finish(h, size) }
func (a *assets) Chunk(h [32]byte, i int64) ([]byte, error)     { return a.chunk(h, i) }
func (a *assets) Refer(path string) (phonelink.Asset, error)    { return a.refer(path) }
func (a *assets) CopyTo(h [32]byte, to string) error            { return a.copyTo(h, to, 0o600) }
func (a *assets) Room(size int64, keep func(string) bool) error { return a.room(size, keep) }
func (a *assets) Path(h [32]byte, ending string) string         { return a.path(h, ending) }

// Hop drives the hop machine: the names of what happened at each step.
type Hop struct{ h hop }

func (h *Hop) Next(now time.Time, car vehicle.Reader) string {
	return [...]string{"", "in", "out"}[h.h.next(now, car)]
}

// FileName is what a received file is called.
var FileName = fileName

// Inject lets the loop receive a message as if the link had brought it, and
// shows what became of it.
func Inject(n *Node, from phonelink.Device, m phonelink.Msg) {
	err := n.call(context.Background(), func(l *loop) error {
		l.receive(link.Message{From: from, Payload: append([]byte{forMachine}, phonelink.EncodeMessage(m)...)})
		l.dirty, l.urgent = true, true
		l.flush()
		return nil
	})
	if err != nil {
		panic(err)
	}
}

// WaitForLook waits until the car was looked at once more.
func WaitForLook(n *Node) {
	now := time.Now()
	for looked := false; !looked; {
		err := n.call(context.Background(), func(l *loop) error {
			looked = l.nextLook.After(now.Add(lookEvery))
			return nil
		})
		if err != nil {
			return
		}
	}
}

// Known are the addresses that are kept of a peer.
func Known(n *Node, d phonelink.Device) []netip.AddrPort {
	for _, p := range n.store.Peers(n.c.Profile) {
		if p.Device == d {
			return p.Addresses
		}
	}
	return nil
}
