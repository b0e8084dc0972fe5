package cmd_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"tandem/phonelink/cmd"
	"tandem/phonelink/node"
	"tandem/vehicle"
	"tandem/vehicle/rpc"
)

// TestSignalsMayBeRead: the phone link's socket gives it all that it reads of
// the car, or it would be refused as a whole.
func TestSignalsMayBeRead(t *testing.T) {
	var signals []vehicle.Signal
	for _, p := range node.Signals() {
		signals = append(signals, vehicle.Signal{Path: p, Type: vehicle.Number, Max: 100})
	}
	store, err := vehicle.NewStore(signals)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), cmd.VehicleSocket)
	l, err := rpc.Listen(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s, err := rpc.NewServer(rpc.ServerConfig{Vehicle: rpc.Local{Store: store}, Policy: rpc.Phone()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	k, err := rpc.Dial(rpc.ClientConfig{Socket: path, Follow: append(node.Signals(), vehicle.Path("Vehicle.Cabin.Door.None"))})
	if err == nil {
		k.Close()
		t.Error("a signal that the car does not have: got no error")
	}
	if k, err = rpc.Dial(rpc.ClientConfig{Socket: path, Follow: append([]vehicle.Path{"Vehicle.Cabin.Door.None"}, node.Signals()...), Optional: true}); err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	id, _ := store.ID(vehicle.Speed)
	store.Report(time.Now(), []vehicle.Report{{ID: id, Value: vehicle.NumberOf(7), Quality: vehicle.Valid, TTL: time.Minute}})
	giveUp := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if v, ok := k.Sample(time.Now(), vehicle.Speed).Number(); ok && v == 7 {
			break
		}
		select {
		case <-tick.C:
		case <-giveUp:
			t.Fatal("waited in vain for the speed")
		}
	}
	if s := k.Sample(time.Now(), "Vehicle.Cabin.Door.None"); s.Quality != vehicle.Unknown {
		t.Errorf("a signal that the car does not have: got %v, want it unknown", s)
	}
}
