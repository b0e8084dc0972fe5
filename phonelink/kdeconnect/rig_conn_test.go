package kdeconnect

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tandem/phonelink/kdeconnect/packet"
)

func rigEnd(t *testing.T, k *memoryKeeper, dir string) *end {
	t.Helper()
	types := []string{"kdeconnect.ping", "kdeconnect.share.request"}
	return startEnd(t, k, hubConfig{Name: "Tandem", AllowV7: true, Dir: dir, Incoming: types, Outgoing: types, Logger: testLogger(t)})
}

// rigCandidate opens the pairing window and waits until both sides see each
// other.
func rigCandidate(t *testing.T, r *Rig, e *end) {
	t.Helper()
	from := e.mark()
	e.openPairing(time.Now().Add(2 * time.Minute))
	d := device(r.ID)
	await(e, from, "candidate", func(v candidateEvent) bool { return v.Device == d && !v.Gone })
	r.Wait("the car at the daemon", func() bool { return r.Get(e.self.ID, "", "isReachable") == true })
}

// rigPair pairs once, asked for by the car or the phone. The codes must be
// equal.
func rigPair(t *testing.T, r *Rig, e *end, byCar bool) {
	t.Helper()
	rigCandidate(t, r, e)
	from := e.mark()
	d := device(r.ID)
	if byCar {
		if err := e.requestPair(d); err != nil {
			t.Fatal(err)
		}
	} else {
		r.Until("request of the daemon", func() {
			if err := r.Ask(e.self.ID); err != nil {
				t.Fatal(err)
			}
		}, func() bool { return saw[pairAskEvent](e, from) })
	}
	ask := await(e, from, "code", func(v pairAskEvent) bool { return v.Device == d && v.Outgoing == byCar })
	if byCar {
		r.Wait("request at the daemon", func() bool { return r.Asked(e.self.ID) })
	}
	if theirs := r.Code(e.self.ID); theirs != ask.Code || len(theirs) != 8 {
		t.Fatalf("verification key: got %s, the daemon shows %s", ask.Code, theirs)
	}
	if byCar {
		if err := r.Answer(e.self.ID, true); err != nil {
			t.Fatal(err)
		}
	}
	if saw[upEvent](e, from) {
		t.Fatal("trusted before the person here has said that the codes are equal")
	}
	if err := e.confirm(d, true); err != nil {
		t.Fatal(err)
	}
	if v := await(e, from, "pairing", func(v pairDoneEvent) bool { return v.Device == d }); v.Err != nil {
		t.Fatal(v.Err)
	}
	await(e, from, "link", func(v upEvent) bool { return v.Device == d })
	r.Wait("trust at the daemon", func() bool { return r.Paired(e.self.ID) })
}

func TestRigPairing(t *testing.T) {
	if InRig(t) {
		rigPairing(t, NewRig(t))
	}
}

func TestRigPairingV8(t *testing.T) {
	RigV8(t)
	if InRig(t) {
		rigPairing(t, NewRig(t))
	}
}

func rigPairing(t *testing.T, r *Rig) {
	e := rigEnd(t, newMemoryKeeper(t), "")
	d := device(r.ID)
	began := time.Now()
	for n := range 2 * *Pairings {
		rigPair(t, r, e, n%2 == 0)
		from := e.mark()
		if n%4 < 2 {
			if err := e.unpair(d); err != nil {
				t.Fatal(err)
			}
		} else if err := r.Call(e.self.ID, "", "unpair"); err != nil {
			t.Fatal(err)
		}
		if v := await(e, from, "end of trust", func(v unpairedEvent) bool { return v.Device == d }); v.ByPeer != (n%4 >= 2) {
			t.Errorf("unpaired by peer: got %v", v.ByPeer)
		}
		r.Wait("end of trust at the daemon", func() bool { return !r.Paired(e.self.ID) })
		if _, ok := e.keeper.pin(r.ID); ok {
			t.Error("the pin is still kept")
		}
	}
	t.Logf("%d of %d pairings in %v", 2**Pairings, 2**Pairings, time.Since(began).Round(time.Millisecond))
}

func TestRigReject(t *testing.T) {
	if InRig(t) {
		rigReject(t, NewRig(t))
	}
}

func TestRigRejectV8(t *testing.T) {
	RigV8(t)
	if InRig(t) {
		rigReject(t, NewRig(t))
	}
}

func rigReject(t *testing.T, r *Rig) {
	e := rigEnd(t, newMemoryKeeper(t), "")
	d := device(r.ID)
	for _, byPhone := range []bool{true, false} {
		rigCandidate(t, r, e)
		from := e.mark()
		if err := e.requestPair(d); err != nil {
			t.Fatal(err)
		}
		r.Wait("request at the daemon", func() bool { return r.Asked(e.self.ID) })
		var err error
		if byPhone {
			err = r.Answer(e.self.ID, false)
		} else {
			err = e.confirm(d, false)
		}
		if err != nil {
			t.Fatal(err)
		}
		if v := await(e, from, "end of pairing", func(v pairDoneEvent) bool { return v.Device == d }); !errors.Is(v.Err, errRejected) {
			t.Errorf("got %v, want %v", v.Err, errRejected)
		}
		r.Wait("end of the request at the daemon", func() bool { return !r.Asked(e.self.ID) })
	}
	if _, ok := e.keeper.pin(r.ID); ok {
		t.Error("a pin is kept")
	}
}

// TestRigDiscovery has each side be the one that announces itself.
func TestRigDiscovery(t *testing.T) {
	if !InRig(t) {
		return
	}
	r := NewRig(t)
	e := rigEnd(t, newMemoryKeeper(t), "")
	d := device(r.ID)
	rigCandidate(t, r, e)
	if l := e.linkOf(d); l == nil || !l.called {
		t.Error("the daemon did not call after our announcement")
	}
	// A call of the daemon from before may still come through: then once more.
	r.Until("call of ours after the daemon's announcement", func() {
		e.closePairing()
		r.Wait("no link", func() bool { return e.linkOf(d) == nil })
		e.hub.mu.Lock() // the window opens without a word: only the daemon announces
		e.window, e.announced = time.Now().Add(time.Minute), time.Time{}
		e.hub.mu.Unlock()
		r.Announce()
	}, func() bool { l := e.linkOf(d); return l != nil && !l.called })
}

// TestRigImpostor has a stranger take the id of each side in turn.
func TestRigImpostor(t *testing.T) {
	if !InRig(t) {
		return
	}
	r := NewRig(t)
	e := rigEnd(t, newMemoryKeeper(t), "")
	d := device(r.ID)
	rigPair(t, r, e, true)

	// A daemon with the phone's id and another key.
	r.KillDaemon()
	folder := filepath.Join(r.Dir, ".config/kdeconnect")
	kept := make(map[string][]byte)
	for _, f := range []string{"certificate.pem", "privateKey.pem"} {
		kept[f], _ = os.ReadFile(filepath.Join(folder, f))
		if len(kept[f]) == 0 {
			t.Fatalf("the daemon has no %s", f)
		}
	}
	writeFiles(t, folder, rsaIdentity(t, r.ID))
	from := e.mark()
	before := r.ID
	r.StartDaemon()
	if r.ID != before {
		t.Fatalf("the impostor calls itself %s, want %s", r.ID, before)
	}
	if v := await(e, from, "refusal", func(v refusedEvent) bool { return v.Device == d }); !errors.Is(v.Err, errImpostor) {
		t.Errorf("got %v, want %v", v.Err, errImpostor)
	}
	if saw[upEvent](e, from) {
		t.Error("the impostor was let in")
	}

	// The phone itself again.
	r.KillDaemon()
	writeFiles(t, folder, kept)
	from = e.mark()
	r.StartDaemon()
	await(e, from, "link", func(v upEvent) bool { return v.Device == d })

	// A car with our id and another key: the daemon must not let it in either.
	e.stop()
	false0, err := newCertificate(e.self.ID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	k := newMemoryKeeper(t)
	k.self = false0
	k.list[r.ID] = e.hub.pinned[r.ID]
	r.Wait("the car to be away", func() bool { return r.Get(e.self.ID, "", "isReachable") == false })
	const tried, done = "Starting server ssl", "Socket successfully established"
	tries, successes := strings.Count(r.Log(1e6), tried), strings.Count(r.Log(1e6), done)
	rigEnd(t, k, "")
	r.Announce()
	r.Wait("attempts of the daemon", func() bool { return strings.Count(r.Log(1e6), tried) >= tries+2 })
	if n := strings.Count(r.Log(1e6), done); n != successes || r.Get(e.self.ID, "", "isReachable") != false {
		t.Errorf("the daemon let a false car in: %d handshakes done, want %d", n, successes)
	}
}

func writeFiles(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// rsaIdentity is what the daemon keeps: it takes RSA keys only.
func rsaIdentity(t *testing.T, id string) map[string][]byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: id}, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"certificate.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"privateKey.pem":  pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}
}

func TestRigReconnect(t *testing.T) {
	if InRig(t) {
		rigReconnect(t, NewRig(t))
	}
}

func TestRigReconnectV8(t *testing.T) {
	RigV8(t)
	if InRig(t) {
		rigReconnect(t, NewRig(t))
	}
}

func rigReconnect(t *testing.T, r *Rig) {
	e := rigEnd(t, newMemoryKeeper(t), "")
	d := device(r.ID)
	rigPair(t, r, e, false)
	e.closePairing()
	up := func(from int) { await(e, from, "link", func(v upEvent) bool { return v.Device == d }) }
	down := func(from int) { await(e, from, "end of the link", func(v downEvent) bool { return v.Device == d }) }

	from, began := e.mark(), time.Now()
	r.KillDaemon()
	down(from)
	t.Logf("app killed: noticed after %v", time.Since(began).Round(time.Millisecond))
	from, began = e.mark(), time.Now()
	r.StartDaemon()
	up(from)
	t.Logf("app started: linked after %v", time.Since(began).Round(time.Millisecond))

	from, began = e.mark(), time.Now()
	r.Cable(false)
	await(e, from, "quiet", func(v quietEvent) bool { return v.Device == d && v.Quiet })
	t.Logf("phone dead: overdue after %v", time.Since(began).Round(time.Millisecond))
	down(from)
	t.Logf("phone dead: noticed after %v", time.Since(began).Round(time.Millisecond))
	from, began = e.mark(), time.Now()
	r.Cable(true)
	up(from)
	t.Logf("phone back: linked after %v", time.Since(began).Round(time.Millisecond))

	e.stop()
	again, began := rigEnd(t, e.keeper, ""), time.Now()
	await(again, 0, "link", func(v upEvent) bool { return v.Device == d })
	t.Logf("car restarted: linked after %v", time.Since(began).Round(time.Millisecond))
}

func TestRigPayload(t *testing.T) {
	if InRig(t) {
		rigPayload(t, NewRig(t))
	}
}

func TestRigPayloadV8(t *testing.T) {
	RigV8(t)
	if InRig(t) {
		rigPayload(t, NewRig(t))
	}
}

func rigPayload(t *testing.T, r *Rig) {
	dir := t.TempDir()
	e := rigEnd(t, newMemoryKeeper(t), dir)
	d := device(r.ID)
	rigPair(t, r, e, true)
	e.closePairing()
	data := make([]byte, 3<<20)
	rand.Read(data)

	// From the phone.
	source := filepath.Join(r.Dir, "three megabytes.bin")
	if err := os.WriteFile(source, data, 0o600); err != nil {
		t.Fatal(err)
	}
	share := func() packetEvent {
		from := e.mark()
		r.Until("file of the daemon", func() {
			if err := r.Call(e.self.ID, "share", "shareUrl", "file://"+source); err != nil {
				t.Fatal(err)
			}
		}, func() bool { return saw[packetEvent](e, from) })
		return await(e, from, "file", func(v packetEvent) bool { return v.Packet.Type == "kdeconnect.share.request" && v.Payload != nil })
	}
	began := time.Now()
	v := share()
	var body struct{ Filename string }
	if err := json.Unmarshal(v.Packet.Body, &body); err != nil {
		t.Fatal(err)
	}
	steps := 0
	path, err := v.Payload.save(t.Context(), body.Filename, func(int64) { steps++ })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("3 MB from the phone in %v", time.Since(began).Round(time.Millisecond))
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) || steps == 0 || filepath.Base(path) != "three megabytes.bin" {
		t.Errorf("got %s with %d bytes, %v; want the file that was sent", path, len(got), err)
	}

	// To the phone.
	began = time.Now()
	p := packet.Packet{Type: "kdeconnect.share.request", Body: json.RawMessage(`{"filename":"from the car.bin"}`)}
	err = e.offerPayload(t.Context(), d, p, bytes.NewReader(data), int64(len(data)))
	if errors.Is(err, errNotFetched) { // the offer was lost with a link of the daemon's
		t.Log("file to the daemon: offered again")
		err = e.offerPayload(t.Context(), d, p, bytes.NewReader(data), int64(len(data)))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("3 MB to the phone in %v", time.Since(began).Round(time.Millisecond))
	r.Wait("the file at the daemon", func() bool {
		got, err := os.ReadFile(filepath.Join(r.Dir, "Downloads", "from the car.bin"))
		return err == nil && sha256.Sum256(got) == sha256.Sum256(data)
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.offerPayload(ctx, d, p, bytes.NewReader(data), int64(len(data))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}

	// To a disk that has no room for it.
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=66m"); err != nil {
		t.Fatal(err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	v = share()
	if _, err := v.Payload.save(t.Context(), "large", nil); !errors.Is(err, errSpace) {
		t.Errorf("no room: got %v, want %v", err, errSpace)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("no room: left %v", entries)
	}
}
