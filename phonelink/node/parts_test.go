package node_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"tandem/phonelink"
	"tandem/phonelink/node"
	"tandem/vehicle"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// places is a text and what it names: "LAT LON NAME", or "" for nothing.
var places = []struct{ text, want string }{
	{"geo:48.2010,16.3695", "48.201 16.3695 "},
	{"geo:48.2010,16.3695,183", "48.201 16.3695 "},
	{"geo:48.198634,16.371648;crs=wgs84;u=40", "48.198634 16.371648 "},
	{"geo:323482,4306480;crs=EPSG:32618", ""},
	{"GEO:-33.86,151.2?z=12", "-33.86 151.2 "},
	{"geo:0,0?q=52.5163,13.3777(Brandenburger+Tor)", "52.5163 13.3777 Brandenburger Tor"},
	{"geo:52.5,13.4?q=52.5163,13.3777", "52.5163 13.3777 "},
	{"geo:52.5,13.4?q=Caf%C3%A9", "52.5 13.4 Café"},
	{"geo:0,0?q=1600+Amphitheatre+Parkway", ""},
	{"geo:91,0", ""},
	{"geo:1,181", ""},
	{"geo:NaN,1", ""},
	{"geo:0x10,1", ""},
	{"geo:10,10", "10 10 "},
	{"geo:", ""},
	{"https://www.google.com/maps/place/Eiffel+Tower/@48.8584,2.2945,17z/data=!3m1!4b1!4m5!3m4!1s0x0:0x8!8m2!3d48.85837!4d2.294481", "48.85837 2.294481 Eiffel Tower"},
	{"https://www.google.com/maps/@48.8584,2.2945,17z", "48.8584 2.2945 "},
	{"https://www.google.com/maps/search/?api=1&query=47.5951518,-122.3316393", "47.5951518 -122.3316393 "},
	{"https://www.google.com/maps/dir/?api=1&origin=1,2&destination=47.5,-122.3", "47.5 -122.3 "},
	{"https://maps.google.com/?q=48.1,11.5", "48.1 11.5 "},
	{"https://maps.google.de/?q=48.1,11.5", "48.1 11.5 "},
	{"https://maps.google.com/?q=Marienplatz", ""},
	{"https://maps.apple.com/?ll=50.894967,4.341626&q=Atomium", "50.894967 4.341626 Atomium"},
	{"https://maps.apple.com/place?coordinate=50.894967,4.341626&name=Atomium", "50.894967 4.341626 Atomium"},
	{"https://www.openstreetmap.org/?mlat=51.5&mlon=-0.12#map=16/51.4/-0.1", "51.5 -0.12 "},
	{"https://www.openstreetmap.org/#map=16/51.4/-0.1", "51.4 -0.1 "},
	{"https://waze.com/ul?ll=40.7,-73.9&navigate=yes", "40.7 -73.9 "},
	{"https://maps.app.goo.gl/abc", ""},
	{"https://example.org/maps?q=1,2", ""},
	{"https://notgoogle.com/maps?q=1,2", ""},
	{"javascript:alert(1)", ""},
	{"1,2", ""},
	{"geo:1,1?q=1,1(" + strings.Repeat("x", 5000) + ")", ""},
}

func TestPlaceOf(t *testing.T) {
	for _, tt := range places {
		got := ""
		if p, ok := node.PlaceOf(tt.text); ok {
			got = fmt.Sprint(p.Latitude, " ", p.Longitude, " ", p.Name)
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func FuzzPlaceOf(f *testing.F) {
	for _, p := range places {
		f.Add(p.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := node.PlaceOf(text)
		if ok && (!(math.Abs(p.Latitude) <= 90) || !(math.Abs(p.Longitude) <= 180) || len(p.Name) > phonelink.MaxTitle || strings.ContainsAny(p.Name, "\n\x00\u202e")) {
			t.Errorf("%q: got %+v", text, p)
		}
		if !ok && p != (phonelink.Place{}) {
			t.Errorf("%q: got %+v and no", text, p)
		}
	})
}

// carOf is a car's store with these signals, all reported at now and valid.
func carOf(t testing.TB, now time.Time, values map[vehicle.Path]vehicle.Value) *vehicle.Store {
	t.Helper()
	var signals []vehicle.Signal
	for p, v := range values {
		signals = append(signals, vehicle.Signal{Path: p, Type: v.Type(), Min: math.NaN(), Max: math.NaN(), Actuator: true})
	}
	s, err := vehicle.NewStore(signals)
	must(t, err)
	for p, v := range values {
		id, _ := s.ID(p)
		s.Report(now, []vehicle.Report{{ID: id, Value: v, Quality: vehicle.Valid, TTL: time.Hour}})
	}
	return s
}

// situation reads "open on P occupied 0": door, power, gear, seat, speed; "-"
// is not known.
func situation(t testing.TB, now time.Time, s string) *vehicle.Store {
	f := strings.Fields(s)
	values := map[vehicle.Path]vehicle.Value{}
	if f[0] != "-" {
		values[vehicle.DoorRow1DriverIsOpen] = vehicle.BoolOf(f[0] == "open")
	}
	if f[1] != "-" {
		values[vehicle.LowVoltageSystemState] = vehicle.TextOf(strings.ToUpper(f[1]))
	}
	if gear, ok := map[string]float64{"P": vehicle.GearPark, "R": vehicle.GearReverse, "N": vehicle.GearNeutral, "D": vehicle.GearDrive}[f[2]]; ok {
		values[vehicle.CurrentGear] = vehicle.NumberOf(gear)
	}
	if f[3] != "-" {
		values[vehicle.SeatRow1DriverOccupancyStatus] = vehicle.TextOf(strings.ToUpper(f[3]))
	}
	var speed float64
	if _, err := fmt.Sscan(f[4], &speed); err == nil {
		values[vehicle.Speed] = vehicle.NumberOf(speed)
	}
	if len(f) > 5 {
		values[vehicle.SeatRow2MiddleOccupancyStatus] = vehicle.TextOf(strings.ToUpper(f[5]))
	}
	return carOf(t, now, values)
}

func TestHop(t *testing.T) {
	now := time.Unix(1e9, 0)
	tests := []struct {
		name string
		life []string // "situation > event"
	}{
		{"a drive with a seat sensor", []string{
			"shut lock P empty 0 >", "open lock P empty 0 >", "open lock P occupied 0 >", "shut lock P occupied 0 > in",
			"shut on P occupied 0 >", "shut on D occupied 50 >", "shut on P occupied 0 >", "open on P occupied 0 > out",
			"open on P empty 0 >", "shut off P empty 0 >",
		}},
		{"no seat sensor", []string{
			"open off P - 0 >", "shut off P - 0 >", "shut on P - 0 > in", "open on P - 0 > out", "shut on P - 0 > in",
		}},
		{"begun on the road", []string{"shut on D - 50 >", "shut on D occupied 50 >", "open on D occupied 3 >", "shut on D occupied 3 >"}},
		{"the door opens while rolling", []string{"shut on D occupied 3 >", "open on D occupied 3 >", "open on P occupied 0 > out"}},
		{"nothing is known", []string{"- - - - -  >", "- on - - 0 >", "open - - - - >", "shut - - - - >"}},
		{"the speed is not known", []string{"shut on D occupied 50 >", "open on P occupied - >"}},
		{"a dog in the empty car", []string{"open off P empty 0 >", "shut on P empty 0 >", "shut on P occupied 0 > in"}},
		{"back at once", []string{"shut on D - 50 >", "open on P - 0 > out", "shut on P - 0 > in", "open on P - 0 > out"}},
		{"on foot in neutral", []string{"open off N empty 0 >", "shut off N - 0 >", "shut off N - 2 > in"}},
	}
	for _, tt := range tests {
		var h node.Hop
		for i, step := range tt.life {
			now = now.Add(time.Second)
			what, want, _ := strings.Cut(step, ">")
			if got := h.Next(now, situation(t, now, what)); got != strings.TrimSpace(want) {
				t.Errorf("%s, step %d: %q: got %q, want %q", tt.name, i, what, got, strings.TrimSpace(want))
			}
		}
	}
}

func TestWishes(t *testing.T) {
	now := time.Unix(1e9, 0)
	parked, driving := situation(t, now, "shut on P occupied 0"), situation(t, now, "shut on D occupied 50")
	unknown := situation(t, now, "- - - - -")
	tests := []struct {
		path  vehicle.Path
		value vehicle.Value
		car   vehicle.Reader
		want  phonelink.RefusalCode // "" is allowed
	}{
		{vehicle.ClimateDriverTemperature, vehicle.NumberOf(21), driving, ""},
		{vehicle.ClimateDriverTemperature, vehicle.NumberOf(16), parked, ""},
		{vehicle.ClimateDriverTemperature, vehicle.NumberOf(15.9), parked, phonelink.RefusedPolicy},
		{vehicle.ClimateDriverTemperature, vehicle.NumberOf(28.1), parked, phonelink.RefusedPolicy},
		{vehicle.ClimateDriverTemperature, vehicle.NumberOf(math.NaN()), parked, phonelink.RefusedPolicy},
		{vehicle.ClimateDriverTemperature, vehicle.TextOf("21"), parked, phonelink.RefusedPolicy},
		{vehicle.DoorRow1DriverIsLocked, vehicle.BoolOf(true), parked, ""},
		{vehicle.DoorRow1DriverIsLocked, vehicle.BoolOf(true), driving, phonelink.RefusedMoving},
		{vehicle.DoorRow1DriverIsLocked, vehicle.BoolOf(true), unknown, phonelink.RefusedMoving},
		{vehicle.DoorRow1DriverIsLocked, vehicle.BoolOf(false), parked, phonelink.RefusedPolicy},
		{vehicle.DoorRow1DriverIsOpen, vehicle.BoolOf(true), parked, phonelink.RefusedPolicy},
		{vehicle.SelectedGear, vehicle.NumberOf(1), parked, phonelink.RefusedPolicy},
		{vehicle.ParkingBrakeIsEngaged, vehicle.BoolOf(false), parked, phonelink.RefusedPolicy},
		{vehicle.CruiseControlSpeedSet, vehicle.NumberOf(50), driving, phonelink.RefusedPolicy},
		{vehicle.ChargeLimit, vehicle.NumberOf(80), driving, ""},
		{vehicle.ChargeLimit, vehicle.NumberOf(10), driving, phonelink.RefusedPolicy},
		{"Vehicle.Nonsense", vehicle.BoolOf(true), parked, phonelink.RefusedPolicy},
	}
	for _, tt := range tests {
		got := phonelink.RefusalCode("")
		if r := node.MayAsk(now, tt.car, vehicle.Command{Path: tt.path, Value: tt.value}); r != nil {
			got = r.Code
		}
		if got != tt.want {
			t.Errorf("%s = %s: got %q, want %q", tt.path, tt.value, got, tt.want)
		}
	}
}

func store(t testing.TB, limit int64) *node.Assets {
	a, err := chacha20poly1305.NewX(bytes.Repeat([]byte{1}, 32))
	must(t, err)
	return node.OpenAssets(filepath.Join(t.TempDir(), "assets"), a, []byte("names"), limit)
}

// blob is content of some chunks, and its hash.
func blob(n int) ([]byte, [32]byte) {
	b := bytes.Repeat([]byte("tandem blob "), n/12+1)[:n]
	return b, sha256.Sum256(b)
}

func put(t testing.TB, a *node.Assets, hash [32]byte, data []byte, from int64) {
	t.Helper()
	for i := from; i*node.ChunkSize < int64(len(data)); i++ {
		must(t, a.Put(hash, i, data[i*node.ChunkSize:min(int64(len(data)), (i+1)*node.ChunkSize)]))
	}
}

func TestAssets(t *testing.T) {
	for _, n := range []int{0, 1, node.ChunkSize - 1, node.ChunkSize, node.ChunkSize + 1, 3*node.ChunkSize + 5} {
		a := store(t, 1<<30)
		data, hash := blob(n)
		put(t, a, hash, data, 0)
		if a.Has(hash) {
			t.Errorf("%d bytes: got an asset before it was verified", n)
		}
		must(t, a.Finish(hash, int64(n)))
		if !a.Has(hash) {
			t.Errorf("%d bytes: got no asset", n)
		}
		last := max(0, (n-1)/node.ChunkSize)
		got, err := a.Chunk(hash, int64(last))
		if err != nil || !bytes.Equal(got, data[last*node.ChunkSize:]) {
			t.Errorf("%d bytes: chunk %d: got %d bytes, %v", n, last, len(got), err)
		}
		to := filepath.Join(t.TempDir(), "copy")
		must(t, a.CopyTo(hash, to))
		if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: copy: got %d bytes, %v", n, len(got), err)
		}
		sealed, err := os.ReadFile(a.Path(hash, ""))
		if err != nil || n > 20 && bytes.Contains(sealed, data[:20]) {
			t.Errorf("%d bytes: can be read on the disk (%v)", n, err)
		}
	}
}

// TestAssetResumes: a copy that was interrupted anywhere goes on behind its last
// good chunk.
func TestAssetResumes(t *testing.T) {
	data, hash := blob(3*node.ChunkSize + 100)
	sealed := node.ChunkSize + 24 + 16
	tests := []struct {
		name string
		harm func(path string) error
		want int64
	}{
		{"nothing", func(string) error { return nil }, 3},
		{"cut in a chunk", func(p string) error { return os.Truncate(p, int64(2*sealed+7)) }, 2},
		{"cut to nothing", func(p string) error { return os.Truncate(p, 3) }, 0},
		{"zeros at the end", func(p string) error { return os.Truncate(p, int64(4*sealed)) }, 3},
		{"gone", os.Remove, 0},
	}
	for _, tt := range tests {
		a := store(t, 1<<30)
		put(t, a, hash, data[:3*node.ChunkSize], 0)
		must(t, tt.harm(a.Path(hash, ".part")))
		have := a.Have(hash)
		if have != tt.want {
			t.Errorf("%s: got %d chunks, want %d", tt.name, have, tt.want)
		}
		put(t, a, hash, data, have)
		must(t, a.Finish(hash, int64(len(data))))
	}
}

func TestAssetThatLies(t *testing.T) {
	a := store(t, 1<<30)
	data, hash := blob(2 * node.ChunkSize)
	data[5] ^= 1
	put(t, a, hash, data, 0)
	if err := a.Finish(hash, int64(len(data))); !errors.Is(err, node.ErrAsset) || a.Has(hash) || a.Have(hash) != 0 {
		t.Errorf("got %v, has %v, have %d; want %v and nothing left", err, a.Has(hash), a.Have(hash), node.ErrAsset)
	}
	if err := a.Put(hash, 1, data[:5]); err == nil {
		t.Error("chunk 1 before chunk 0: got no error")
	}
	if err := a.Put(hash, 0, make([]byte, node.ChunkSize+1)); err == nil {
		t.Error("a chunk that is too long: got no error")
	}
}

func TestAssetOfAFile(t *testing.T) {
	a := store(t, 1<<30)
	data, hash := blob(node.ChunkSize + 7)
	name := filepath.Join(t.TempDir(), "song.ogg")
	must(t, os.WriteFile(name, data, 0o600))
	asset, err := a.Refer(name)
	if err != nil || asset.SHA256 != hash || asset.Size != int64(len(data)) || asset.Name != "song.ogg" || !a.Has(hash) {
		t.Fatalf("got %+v, %v", asset, err)
	}
	if got, err := a.Chunk(hash, 1); err != nil || !bytes.Equal(got, data[node.ChunkSize:]) {
		t.Errorf("chunk 1: got %d bytes, %v", len(got), err)
	}
	must(t, os.WriteFile(name, data[:5], 0o600))
	if _, err := a.Chunk(hash, 0); err == nil || !strings.Contains(err.Error(), "has changed since") || a.Has(hash) {
		t.Errorf("changed: got %v, has %v", err, a.Has(hash))
	}
	if _, err := a.Refer(filepath.Dir(name)); err == nil || !strings.Contains(err.Error(), "it is not a file") {
		t.Errorf("a folder: got %v", err)
	}
}

func TestAssetRoom(t *testing.T) {
	a := store(t, 5*node.ChunkSize+1000) // with room for the seals
	var hashes [][32]byte
	for i := range 4 {
		data, hash := blob(node.ChunkSize - i)
		put(t, a, hash, data, 0)
		must(t, a.Finish(hash, int64(len(data))))
		at := time.Unix(int64(1e9+i), 0)
		must(t, os.Chtimes(a.Path(hash, ""), at, at))
		hashes = append(hashes, hash)
	}
	kept := filepath.Base(a.Path(hashes[0], ""))
	keep := func(name string) bool { return name == kept }
	must(t, a.Room(2*node.ChunkSize, keep))
	for i, want := range []bool{true, false, true, true} {
		if got := a.Has(hashes[i]); got != want {
			t.Errorf("asset %d: got %v, want %v", i, got, want)
		}
	}
	if err := a.Room(5*node.ChunkSize, keep); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("got %v, want no room", err)
	}
}

func TestNotes(t *testing.T) {
	hash := bytes.Repeat([]byte{7}, 32)
	for _, n := range []node.Note{
		{Kind: 1, Name: "Ana's phone", Model: "phone", Can: phonelink.CanHandOff, Battery: 81},
		{Kind: 3, Hash: hash, Index: 5, Count: 64},
		{Kind: 4, Hash: hash, Index: 5, Data: make([]byte, node.ChunkSize)},
	} {
		b, err := node.EncodeNote(n)
		must(t, err)
		got, err := node.DecodeNote(b[1:])
		if err != nil || fmt.Sprint(got) != fmt.Sprint(n) {
			t.Errorf("got %v, %v; want %v", got, err, n)
		}
	}
	for _, bad := range []node.Note{
		{Kind: 2, Key: hash[:31]},
		{Kind: 3, Hash: hash[:31]},
		{Kind: 3, Hash: hash, Index: -1},
		{Kind: 3, Hash: hash, Count: 65},
		{Kind: 3, Hash: hash, Index: math.MaxInt64},
		{Kind: 4, Hash: hash, Data: make([]byte, node.ChunkSize+1)},
		{Kind: 6, Text: strings.Repeat("x", 5000)},
		{Kind: 10},
		{Kind: 1, Battery: 102},
		{Kind: 1, Name: strings.Repeat("x", 65)},
	} {
		b, err := node.EncodeNote(bad)
		must(t, err)
		if got, err := node.DecodeNote(b[1:]); err == nil {
			t.Errorf("got %v, want an error", got)
		}
	}
}

func FuzzNote(f *testing.F) {
	for _, n := range []node.Note{{Kind: 1, Name: "a"}, {Kind: 3, Hash: make([]byte, 32), Count: 3}, {Kind: 9, Tag: 4}} {
		b, err := node.EncodeNote(n)
		must(f, err)
		f.Add(b[1:])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := node.DecodeNote(data)
		if err != nil {
			return
		}
		b, err := node.EncodeNote(n)
		must(t, err)
		if again, err := node.DecodeNote(b[1:]); err != nil || fmt.Sprint(again) != fmt.Sprint(n) {
			t.Errorf("got %v, %v; want %v", again, err, n)
		}
	})
}
