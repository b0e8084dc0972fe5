package dbc_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tandem/canbus/dbc"
)

// slowBit reads bit i of a signal from its most significant, by the picture
// in the package comment and nothing else.
func slowBit(s *dbc.Signal, payload []byte, i int) uint64 {
	if s.BigEndian {
		at, in := s.Start/8, s.Start%8
		for range i {
			if in == 0 {
				at, in = at+1, 7
			} else {
				in--
			}
		}
		return uint64(payload[at] >> in & 1)
	}
	n := s.Start + s.Length - 1 - i
	return uint64(payload[n/8] >> (n % 8) & 1)
}

// TestEveryPlace decodes and encodes signals of every length at every start
// bit of 64 bytes, in both byte orders, against reading bit by bit.
func TestEveryPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	payload, checked := make([]byte, 64), 0
	for start := range 512 {
		for length := 1; length <= 64; length++ {
			if testing.Short() && (start+length)%7 != 0 {
				continue
			}
			for i := range 8 {
				binary.LittleEndian.PutUint64(payload[8*i:], rng.Uint64())
			}
			for _, big := range []bool{false, true} {
				for _, signed := range []bool{false, true} {
					s := &dbc.Signal{Name: "S", Start: start, Length: length, BigEndian: big, Signed: signed, Scale: 1}
					checked += checkPlace(t, s, payload)
				}
			}
		}
	}
	t.Logf("%d signals checked", checked)
}

// checkPlace checks one signal, if it fits.
func checkPlace(t *testing.T, s *dbc.Signal, payload []byte) int {
	t.Helper()
	last := s.Start + s.Length - 1
	if s.BigEndian {
		last = s.Start - s.Start%8 + 7 - s.Start%8 + s.Length - 1
	}
	need := last/8 + 1
	mp := dbc.Compile(&dbc.Database{Messages: []*dbc.Message{{Name: "M", Len: 64, Signals: []*dbc.Signal{s}}}}).Messages[0]
	if need > len(payload) {
		if got := mp.Decode(payload, nil); len(got) != 0 {
			t.Fatalf("%+v does not fit, got %v", s, got)
		}
		return 0
	}
	var want uint64
	for i := range s.Length {
		want = want<<1 | slowBit(s, payload, i)
	}
	if s.Signed {
		want = uint64(int64(want<<(64-s.Length)) >> (64 - s.Length))
	}
	for _, n := range []int{need, 64} {
		if got := mp.Decode(payload[:n], nil); len(got) != 1 || uint64(got[0].Raw) != want {
			t.Fatalf("%+v in %d bytes: got %v, want raw %#x", s, n, got, want)
		}
	}
	if got := mp.Decode(payload[:need-1], nil); len(got) != 0 {
		t.Fatalf("%+v in %d bytes, which are too few: got %v", s, need-1, got)
	}
	other := make([]byte, need)
	for i := range other {
		other[i] = ^payload[i]
	}
	before := slices.Clone(other)
	if err := mp.EncodeRaw(other, 0, int64(want)); err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	for i := range s.Length {
		if slowBit(s, other, i) != slowBit(s, payload, i) {
			t.Fatalf("%+v: bit %d is not written", s, i)
		}
	}
	changed := 0
	for i := range other {
		changed += bitCount([]byte{other[i] ^ before[i]})
	}
	if changed != s.Length {
		t.Fatalf("%+v: %d bits changed, want %d", s, changed, s.Length)
	}
	mp.Fill(other, 0, 0)
	mp.Fill(before, 0, 0xff)
	zeros, ones := mp.Decode(other, nil)[0].Raw, mp.Decode(before, nil)[0].Raw
	if zeros != 0 || bitCount(binary.LittleEndian.AppendUint64(nil, uint64(ones)<<(64-s.Length))) != s.Length {
		t.Fatalf("%+v: filled with 0 and 1: got %#x and %#x", s, zeros, ones)
	}
	return 1
}

// TestLookUp checks the tables of identifiers against a map.
func TestLookUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{0, 1, 2, 3, 7, 100, 3000} {
		db := "BO_ 1 M: 8 N\n"
		ids := map[uint32]bool{}
		for i := range n {
			id := rng.Uint32() & (1<<29 - 1)
			if i%3 == 0 {
				id = 0x18fe0000 + uint32(i) // in a row, as J1939 has them
			}
			ids[id] = true
			db += fmt.Sprintf("BO_ %d M%d: 8 N\n", id|1<<31, id)
		}
		plan := dbc.Compile(load(t, db))
		for id := range ids {
			if mp := plan.Message(id, true); mp == nil || mp.Message.ID != id {
				t.Fatalf("%d messages: %#x is not found", n, id)
			}
			if mp := plan.Message(id, false); mp != nil && id != 1 {
				t.Fatalf("%d messages: %#x is found with 11 bits", n, id)
			}
		}
		for range 1000 {
			id := rng.Uint32()
			if got := plan.Message(id, true) != nil; got != ids[id] {
				t.Fatalf("%d messages: %#x found %t, want %t", n, id, got, ids[id])
			}
		}
		if plan.Message(1, false) == nil || plan.Message(1, true) != nil && !ids[1] || plan.Message(2047, false) != nil || plan.Message(2048, false) != nil {
			t.Fatalf("%d messages: standard identifiers are wrong", n)
		}
	}
}

// TestHalf checks all 16-bit floats against their definition.
func TestHalf(t *testing.T) {
	mp := oneSignal(t, 2, `0|16@1- (1,0) [0|0] "" N`, "SIG_VALTYPE_ 5 S : 1;")
	for h := range 1 << 16 {
		payload := []byte{byte(h), byte(h >> 8)}
		sign, exp, frac := h>>15, h>>10&31, float64(h&1023)
		want := math.Pow(-1, float64(sign))
		switch {
		case exp == 31 && frac != 0:
			want = math.NaN()
		case exp == 31:
			want *= math.Inf(1)
		case exp == 0:
			want *= frac * math.Pow(2, -24)
		default:
			want *= (1 + frac/1024) * math.Pow(2, float64(exp-15))
		}
		got := mp.Decode(payload, nil)[0].Value
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%#04x: got %g, want %g", h, got, want)
		}
		again := make([]byte, 2)
		if err := mp.Encode(again, 0, got); err != nil || !math.IsNaN(want) && want != 0 && !slices.Equal(again, payload) {
			t.Fatalf("%g: got % x %v, want % x", got, again, err, payload)
		}
	}
}

func TestMultiplexors(t *testing.T) {
	db := load(t, `BO_ 5 M: 8 N
 SG_ Always : 0|8@1+ (1,0) [0|0] "" N
 SG_ Root M : 8|8@1+ (1,0) [0|0] "" N
 SG_ One m1 : 16|8@1+ (1,0) [0|0] "" N
 SG_ Some m3 : 16|8@1+ (1,0) [0|0] "" N
 SG_ Inner m4M : 16|8@1- (1,0) [0|0] "" N
 SG_ Deep m7 : 24|8@0+ (1,0) [0|0] "" N
 SG_ Wide m5000M : 32|16@1+ (1,0) [0|0] "" N
 SG_ Far m2 : 48|8@1+ (1,0) [0|0] "" N
SG_MUL_VAL_ 5 One Root 1-1;
SG_MUL_VAL_ 5 Some Root 1-1, 3-9, 200-255;
SG_MUL_VAL_ 5 Inner Root 4-4;
SG_MUL_VAL_ 5 Deep Inner 7-7, 9-12;
SG_MUL_VAL_ 5 Wide Root 5-5;
SG_MUL_VAL_ 5 Far Wide 2-2, 40000-50000;
`)
	mp := dbc.Compile(db).Message(5, false)
	for _, tt := range []struct {
		payload []byte
		want    string
	}{
		{[]byte{0, 0, 7, 0, 0, 0, 0, 0}, "Always Root"},
		{[]byte{0, 1, 7, 0, 0, 0, 0, 0}, "Always One Root Some"},
		{[]byte{0, 3, 7, 0, 0, 0, 0, 0}, "Always Root Some"},
		{[]byte{0, 4, 7, 0, 0, 0, 0, 0}, "Always Deep Inner Root Some"},
		{[]byte{0, 4, 8, 0, 0, 0, 0, 0}, "Always Inner Root Some"},
		{[]byte{0, 4, 12, 0, 0, 0, 0, 0}, "Always Deep Inner Root Some"},
		{[]byte{0, 4, 13, 0, 0, 0, 0, 0}, "Always Inner Root Some"},
		{[]byte{0, 5, 7, 0, 2, 0, 0, 0}, "Always Far Root Some Wide"},
		{[]byte{0, 5, 7, 0, 0x40, 0x9c, 0, 0}, "Always Far Root Some Wide"},
		{[]byte{0, 5, 7, 0, 0x3f, 0x9c, 0, 0}, "Always Root Some Wide"},
		{[]byte{0, 10, 7, 0, 0, 0, 0, 0}, "Always Root"},
		{[]byte{0, 255, 7, 0, 0, 0, 0, 0}, "Always Root Some"},
		{[]byte{0, 4, 7}, "Always Inner Root Some"},
		{[]byte{0, 4}, "Always Root"},
		{[]byte{0}, "Always"},
		{nil, ""},
		{[]byte{0, 4, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "Always Deep Inner Root Some"},
	} {
		var names []string
		for _, r := range mp.Decode(tt.payload, nil) {
			names = append(names, db.Messages[0].Signals[r.Signal].Name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("% x: got %s, want %s", tt.payload, got, tt.want)
		}
	}
}

func TestDecodeAppends(t *testing.T) {
	mp := oneSignal(t, 1, `0|8@1+ (1,0) [0|0] "" N`, "")
	out := append(make([]dbc.Reading, 0, 2), dbc.Reading{Signal: 9})
	got := mp.Decode([]byte{5}, out)
	if len(got) != 2 || got[0].Signal != 9 || got[1].Raw != 5 || &got[0] != &out[0] {
		t.Errorf("got %v, want the reading behind the other in the same array", got)
	}
	if n := testing.AllocsPerRun(100, func() { got = mp.Decode([]byte{5}, got[:0]) }); n != 0 {
		t.Errorf("got %g allocations, want 0", n)
	}
}

// TestMadeUpAgainstCantools compares made-up databases: places, mixes and
// multiplexors that no file of the corpus has, to 64 bytes.
func TestMadeUpAgainstCantools(t *testing.T) {
	o := startOracle(t)
	var sum tally
	rng := rand.New(rand.NewPCG(11, 13))
	for i := range 20 {
		text := madeUp(rng)
		name := filepath.Join(t.TempDir(), fmt.Sprintf("made-%d.dbc", i))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a := o.ask(map[string]any{"load": name})
		if a.Error != "" {
			t.Fatalf("cantools refuses a made-up file: %s\n%s", a.Error, text)
		}
		db, diags, err := dbc.Load(filepath.Base(name), []byte(text))
		if err != nil || slices.ContainsFunc(diags, func(d dbc.Diagnostic) bool { return d.Severity != dbc.Info }) {
			t.Fatalf("load: %v %v", err, diags)
		}
		c := &comparison{t: t, o: o, file: filepath.Base(name), rng: rng, sum: &sum}
		c.database(db, a.Messages)
	}
	t.Logf("compared with cantools: %+v", sum)
	if sum.decoded < 10_000 {
		t.Errorf("only %d values compared", sum.decoded)
	}
}

// madeUp writes a database of messages that are filled with signals which
// share no bits, some behind multiplexors two deep.
func madeUp(rng *rand.Rand) string {
	var b, tail strings.Builder
	b.WriteString("VERSION \"\"\n")
	for m := range 12 {
		size := []int{1, 5, 8, 8, 12, 20, 24, 32, 48, 64, 64, 64}[m]
		id := uint32(m + 1)
		if m%3 == 2 {
			id |= 1<<31 | rng.Uint32()>>4<<4
		}
		fmt.Fprintf(&b, "BO_ %d Message%d: %d Node\n", id&^(3<<29), m, size)
		id &^= 3 << 29
		used := make([]bool, 8*size)
		if m%2 == 0 || size < 8 {
			fill(rng, &b, &tail, id, size, "", "", used)
			continue
		}
		b.WriteString(" SG_ Root M : 0|4@1+ (1,0) [0|0] \"\" Node\n SG_ Inner m1M : 15|6@0+ (1,0) [0|0] \"\" Node\n")
		for i := range 16 {
			used[i] = true
		}
		fmt.Fprintf(&tail, "SG_MUL_VAL_ %d Inner Root 1-1, 4-6;\n", id)
		for page := range 3 {
			fill(rng, &b, &tail, id, size, fmt.Sprintf("P%d_", page), fmt.Sprintf("%d %%s Root %d-%d, %d-%d", id, 7+page, 7+page, 10+2*page, 11+2*page), slices.Clone(used))
			fill(rng, &b, &tail, id, size, fmt.Sprintf("Q%d_", page), fmt.Sprintf("%d %%s Inner %d-%d", id, 9*page, 9*page+rng.IntN(9)), slices.Clone(used))
		}
	}
	return b.String() + tail.String()
}

// fill adds signals to a message while there is room.
func fill(rng *rand.Rand, b, tail *strings.Builder, id uint32, size int, prefix, mux string, used []bool) {
	for i := range 200 {
		s := &dbc.Signal{Start: rng.IntN(8 * size), Length: 1 + rng.IntN(64), BigEndian: rng.IntN(2) == 0}
		float := rng.IntN(6)
		if float < 3 {
			s.Length = 16 << float
		}
		bits, ok := bitsOf(s, used)
		if !ok {
			continue
		}
		for _, n := range bits {
			used[n] = true
		}
		name, mark := fmt.Sprintf("%sS%d", prefix, i), ""
		if mux != "" {
			mark = " m0"
			fmt.Fprintf(tail, "SG_MUL_VAL_ "+mux+";\n", name)
		}
		scale := []string{"1", "0.1", "-0.25", "3", "1e-05", "0.0078125"}[rng.IntN(6)]
		fmt.Fprintf(b, " SG_ %s%s : %d|%d@%d%s (%s,%d) [0|0] \"\" Node\n", name, mark, s.Start, s.Length, map[bool]int{false: 1, true: 0}[s.BigEndian],
			[]string{"+", "-"}[rng.IntN(2)], scale, rng.IntN(300)-100)
		if float < 3 {
			fmt.Fprintf(tail, "SIG_VALTYPE_ %d %s : %d;\n", id, name, []int{1, 1, 2}[float])
		}
	}
}

// bitsOf lists a signal's bits if they are all free.
func bitsOf(s *dbc.Signal, used []bool) ([]int, bool) {
	var bits []int
	n := s.Start
	for range s.Length {
		if n < 0 || n >= len(used) || used[n] {
			return nil, false
		}
		bits = append(bits, n)
		switch {
		case !s.BigEndian:
			n++
		case n%8 == 0:
			n += 15
		default:
			n--
		}
	}
	return bits, true
}
