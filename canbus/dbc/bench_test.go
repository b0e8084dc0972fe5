package dbc_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.einride.tech/can"
	"go.einride.tech/can/pkg/descriptor"

	"tandem/canbus/dbc"
)

// carText is a database as powertrain and body databases are: mostly short
// unsigned signals, some of 16 bits with a scale, both byte orders, some
// multiplexed.
func carText() string {
	var b strings.Builder
	b.WriteString("VERSION \"\"\nBU_: A B\n")
	for i := range 40 {
		fmt.Fprintf(&b, "BO_ %d Message%d: 8 A\n", 0x100+7*i, i)
		switch i % 4 {
		case 0: // wheel speeds, big-endian
			for j := range 4 {
				fmt.Fprintf(&b, " SG_ Speed%d : %d|16@0- (0.01,-10) [-337.68|317.67] \"km/h\" B\n", j, 16*j+7)
			}
		case 1: // switches and a counter
			for j := range 16 {
				fmt.Fprintf(&b, " SG_ Switch%d : %d|%d@1+ (1,0) [0|7] \"\" B\n", j, 3*j, 1+j%3)
			}
			b.WriteString(" SG_ Counter : 52|4@1+ (1,0) [0|15] \"\" B\n SG_ Sum : 56|8@1+ (1,0) [0|255] \"\" B\n")
		case 2: // mixed
			b.WriteString(" SG_ Torque : 0|13@1- (0.5,0) [-2048|2047.5] \"Nm\" B\n SG_ Power : 13|11@1- (0.25,0) [-256|255.75] \"kW\" B\n" +
				" SG_ Temperature : 24|8@1+ (0.5,-40) [-40|87.5] \"degC\" B\n SG_ State : 34|3@0+ (1,0) [0|7] \"\" B\n SG_ Odometer : 40|24@1+ (0.1,0) [0|1677721.5] \"km\" B\n")
		default: // multiplexed
			b.WriteString(" SG_ Page M : 0|3@1+ (1,0) [0|7] \"\" B\n")
			for page := range 8 {
				for j := range 4 {
					fmt.Fprintf(&b, " SG_ Cell%d_%d m%d : %d|14@1+ (0.001,0) [0|16.383] \"V\" B\n", page, j, page, 8+14*j)
				}
			}
		}
	}
	return b.String()
}

// sample is one frame of the benchmark, for both.
type sample struct {
	id       uint32
	extended bool
	payload  []byte
	data     can.Data
}

// peer is a message of einride's with what its users would look up once.
type peer struct {
	message *descriptor.Message
	mux     *descriptor.Signal
}

// einride makes einride's descriptors of our database: its own compiler of
// DBC files cannot be imported. Only what it can express is taken: messages
// of up to 8 bytes, simple multiplexing, no floats.
func einride(db *dbc.Database) map[*dbc.Message]*descriptor.Message {
	out := map[*dbc.Message]*descriptor.Message{}
	for _, m := range db.Messages {
		d := &descriptor.Message{Name: m.Name, ID: m.ID, IsExtended: m.Extended, Length: uint8(min(m.Len, 8))}
		ok := m.Len >= 1 && m.Len <= 8 && len(m.Signals) > 0
		switches := 0
		for _, s := range m.Signals {
			e := &descriptor.Signal{
				Name: s.Name, Start: uint8(s.Start), Length: uint8(s.Length), IsBigEndian: s.BigEndian, IsSigned: s.Signed,
				IsMultiplexer: s.Switch, Offset: s.Offset, Scale: s.Scale, Min: s.Min, Max: s.Max,
			}
			if s.Switch {
				switches++
			}
			if s.Mux != nil {
				e.IsMultiplexed, e.MultiplexerValue = true, uint(s.Mux.Ranges[0].Low)
				ok = ok && len(s.Mux.Ranges) == 1 && s.Mux.Ranges[0].Low == s.Mux.Ranges[0].High && !s.Switch
			}
			ok = ok && s.Float == 0 && s.Length <= 64 && s.Start < 64
			d.Signals = append(d.Signals, e)
		}
		if ok && switches <= 1 {
			out[m] = d
		}
	}
	return out
}

func samples(db *dbc.Database) ([]sample, map[uint32]peer) {
	peers := map[uint32]peer{}
	descriptors := einride(db)
	rng := rand.New(rand.NewPCG(7, 7))
	var out []sample
	for range 10 {
		for _, m := range db.Messages {
			d := descriptors[m]
			if d == nil || db.Message(m.ID, m.Extended) != m {
				continue
			}
			f := sample{id: m.ID, extended: m.Extended, payload: make([]byte, 8)}
			mux, hasMux := d.MultiplexerSignal()
			peers[m.ID] = peer{d, mux}
			for i := range f.payload {
				f.payload[i] = byte(rng.Uint32())
			}
			if hasMux { // a value that selects something
				var values []uint
				for _, x := range d.Signals {
					if x.IsMultiplexed {
						values = append(values, x.MultiplexerValue)
					}
				}
				if len(values) > 0 {
					copy(f.data[:], f.payload)
					mux.MarshalUnsigned(&f.data, uint64(values[rng.IntN(len(values))]))
					copy(f.payload, f.data[:])
				}
			}
			copy(f.data[:], f.payload)
			out = append(out, f)
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, peers
}

var total float64

// byDescriptors decodes as einride's users do, with a Go map in the place of
// its Database.Message, which searches all messages.
func byDescriptors(peers map[uint32]peer, frames []sample) (signals int) {
	for i := range frames {
		f := &frames[i]
		p := peers[f.id]
		var mux uint64
		if p.mux != nil {
			mux = p.mux.UnmarshalUnsigned(f.data)
		}
		for _, s := range p.message.Signals {
			if s.IsMultiplexed && uint64(s.MultiplexerValue) != mux {
				continue
			}
			total += s.UnmarshalPhysical(f.data)
			signals++
		}
	}
	return signals
}

// byPlan decodes with the look-up by identifier included.
func byPlan(plan *dbc.Plan, frames []sample, out []dbc.Reading) (signals int) {
	for i := range frames {
		f := &frames[i]
		rs := plan.Message(f.id, f.extended).Decode(f.payload, out[:0])
		total += rs[0].Value
		signals += len(rs)
	}
	return signals
}

// BenchmarkDecode decodes the same frames by our plan and by einride's
// descriptors, in turn, and reports the least time of each over all rounds
// and their ratio (the goal is at most 0.25).
//
// Peers, measured before on a like machine (ns per signal): einride
// descriptors 22.6 to 27.5, its generated code half of that per frame but for
// raw values only, dbcppp 69, cantools 413 to 1,079, opendbc 7,000 and more.
func BenchmarkDecode(b *testing.B) {
	texts := map[string]string{"car": carText()}
	names := []string{"car"}
	if corpus := os.Getenv("TANDEM_CORPUS"); corpus != "" {
		for name, file := range map[string]string{"model3": "joshwardell+model3dbc__Model3CAN.dbc", "toyota": "commaai+opendbc__toyota_tss2_adas.dbc"} {
			data, err := os.ReadFile(filepath.Join(corpus, "dbc", file))
			if err != nil {
				b.Fatal(err)
			}
			texts[name] = string(data)
		}
		names = append(names, "model3", "toyota")
	}
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			db := load(b, texts[name])
			frames, peers := samples(db)
			plan := dbc.Compile(db)
			out := make([]dbc.Reading, 0, 1024)
			if got, want := byPlan(plan, frames, out), byDescriptors(peers, frames); got != want {
				b.Fatalf("%d signals by plan, %d by descriptors", got, want)
			}
			b.ReportAllocs()
			ours, theirs, signals := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64), 1
			for b.Loop() {
				t0 := time.Now()
				signals = byPlan(plan, frames, out)
				t1 := time.Now()
				byDescriptors(peers, frames)
				ours, theirs = min(ours, t1.Sub(t0)), min(theirs, time.Since(t1))
			}
			b.ReportMetric(float64(ours)/float64(signals), "ns/signal")
			b.ReportMetric(float64(theirs)/float64(signals), "einride-ns/signal")
			b.ReportMetric(float64(ours)/float64(theirs), "of-einride")
			b.ReportMetric(float64(ours)/float64(len(frames)), "ns/frame")
		})
	}
}

// BenchmarkDecodeFD decodes 64-byte frames, which einride, opendbc's C parser
// and brutella cannot hold.
func BenchmarkDecodeFD(b *testing.B) {
	var t strings.Builder
	t.WriteString("BO_ 5 Radar: 64 A\n")
	for i := range 32 {
		fmt.Fprintf(&t, " SG_ S%d : %d|14@1- (0.01,0) [0|0] \"m\" B\n", i, 16*i)
	}
	mp := dbc.Compile(load(b, t.String())).Message(5, false)
	payload, out := make([]byte, 64), make([]dbc.Reading, 0, 32)
	b.ReportAllocs()
	for b.Loop() {
		mp.Decode(payload, out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/32, "ns/signal")
}

// BenchmarkEncode writes one signal of each kind of place.
func BenchmarkEncode(b *testing.B) {
	mp := dbc.Compile(load(b, "BO_ 5 M: 16 A\n SG_ A : 3|13@1- (0.1,0) [0|0] \"\" B\n SG_ B : 71|32@0+ (1,0) [0|0] \"\" B\n")).Message(5, false)
	payload := make([]byte, 16)
	b.ReportAllocs()
	for b.Loop() {
		if mp.Encode(payload, 0, 12.3) != nil || mp.Encode(payload, 1, 1234567) != nil {
			b.Fatal("encode")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2, "ns/signal")
}

// BenchmarkLoad reads a database. Peers on the 384 kB Model3CAN.dbc, measured
// before on a like machine: einride's parser 12.2 ms and 45,000 allocations
// for the definitions alone, cantools 414 ms.
func BenchmarkLoad(b *testing.B) {
	data := []byte(carText())
	if corpus := os.Getenv("TANDEM_CORPUS"); corpus != "" {
		var err error
		if data, err = os.ReadFile(filepath.Join(corpus, "dbc", "joshwardell+model3dbc__Model3CAN.dbc")); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := dbc.Load("bench.dbc", data); err != nil {
			b.Fatal(err)
		}
	}
}
