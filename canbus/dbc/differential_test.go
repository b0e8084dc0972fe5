package dbc_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/canbus/dbc"
)

// Where cantools is not followed, and why:
//   - A message with two signals of one name (doubled): it gives both the long
//     name of the last and decodes one of them, its values being keyed by name.
//   - A message whose multiplexor has a long name (renamed): it renames the
//     multiplexor but leaves the short name in the signals that it selects,
//     and so never decodes them.
//
// Their messages are counted, not compared.

// oracle is a running cantools.
type oracle struct {
	t       testing.TB
	stdin   io.Writer
	stdout  *bufio.Reader
	version string
}

// startOracle starts testdata/oracle.py, or skips the test.
func startOracle(t testing.TB) *oracle {
	t.Helper()
	if out, err := exec.Command("python3", "-c", "import cantools").CombinedOutput(); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatalf("python3 with cantools is needed: %v\n%s", err, out)
		}
		t.Skip("python3 with cantools is not installed: pip install cantools")
	}
	cmd := exec.CommandContext(t.Context(), "python3", filepath.Join("testdata", "oracle.py"))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() })
	return &oracle{t: t, stdin: stdin, stdout: bufio.NewReader(stdout)}
}

type oracleSignal struct {
	Name                    string
	Start, Length           int
	Big, Signed, Float      bool
	Scale, Offset, Min, Max string
	Unit, Comment, Mux      string
	Receivers               []string
	Switch                  bool
	IDs                     []int64
	Values                  map[string]string
}

type oracleMessage struct {
	Name, Comment string
	ID            uint32
	Extended, FD  bool
	Len           int
	Cycle         float64
	Senders       []string
	Signals       []oracleSignal
}

type oracleDecoded struct {
	Error        string
	Raw, Value   map[string]string
	Encoded      string
	EncodedValue string
	EncodeError  string
}

type oracleAnswer struct {
	Error    string
	Version  string
	Messages []oracleMessage
	Decoded  []oracleDecoded
}

func (o *oracle) ask(request map[string]any) oracleAnswer {
	o.t.Helper()
	b, err := json.Marshal(request)
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.stdin.Write(append(b, '\n')); err != nil {
		o.t.Fatalf("ask cantools: %v", err)
	}
	line, err := o.stdout.ReadBytes('\n')
	if err != nil {
		o.t.Fatalf("answer of cantools: %v", err)
	}
	var a oracleAnswer
	if err := json.Unmarshal(line, &a); err != nil {
		o.t.Fatalf("answer of cantools: %v", err)
	}
	o.version = a.Version
	return a
}

// tally counts what was compared.
type tally struct{ messages, signals, payloads, decoded, encoded, refused, doubled, renamed, differences int }

// comparison compares one file.
type comparison struct {
	t     *testing.T
	o     *oracle
	file  string
	twice map[int]bool // lines of signals whose names stand in their message already
	rng   *rand.Rand
	sum   *tally
}

// differ reports a difference.
func (c *comparison) differ(place, format string, args ...any) {
	c.t.Helper()
	if c.sum.differences++; c.sum.differences < 40 {
		c.t.Errorf("%s/%s: %s", c.file, place, fmt.Sprintf(format, args...))
	}
}

// TestAgainstCantools compares every file of the corpus that cantools loads.
func TestAgainstCantools(t *testing.T) {
	corpus := os.Getenv("TANDEM_CORPUS")
	if corpus == "" {
		t.Skip("TANDEM_CORPUS is not set")
	}
	files, err := filepath.Glob(filepath.Join(corpus, "dbc", "*.dbc"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no databases in %s/dbc (%v)", corpus, err)
	}
	o := startOracle(t)
	var sum tally
	ours, theirs, version := 0, 0, ""
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		db, diags, loadErr := dbc.Load(filepath.Base(f), data)
		a := o.ask(map[string]any{"load": f})
		if loadErr == nil {
			ours++
		} else {
			t.Logf("only refused here: %v", loadErr)
		}
		if a.Error != "" {
			t.Logf("cantools refuses %s: %.120s", filepath.Base(f), a.Error)
			continue
		}
		theirs++
		version = a.Version
		if loadErr != nil {
			t.Errorf("cantools loads %s, we do not: %v", filepath.Base(f), loadErr)
			continue
		}
		c := &comparison{t: t, o: o, file: filepath.Base(f), rng: rand.New(rand.NewPCG(1, 2)), sum: &sum, twice: map[int]bool{}}
		for _, d := range diags {
			if strings.Contains(d.Message, "already; both are kept") {
				c.twice[d.Line] = true
			}
		}
		c.database(db, a.Messages)
	}
	t.Logf("%d files: %d loaded here, %d by cantools %s", len(files), ours, theirs, version)
	t.Logf("compared: %+v", sum)
}

func (c *comparison) database(db *dbc.Database, messages []oracleMessage) {
	if len(db.Messages) != len(messages) {
		c.differ("", "%d messages, cantools has %d", len(db.Messages), len(messages))
		return
	}
	plan := dbc.Compile(db)
	var requests [][]any
	var payloads [][]byte
	for i, m := range db.Messages {
		c.message(m, messages[i])
		for _, p := range c.payloads(plan.Messages[i]) {
			requests = append(requests, []any{i, hex.EncodeToString(p)})
			payloads = append(payloads, p)
		}
	}
	for len(requests) > 0 {
		n := min(len(requests), 500)
		a := c.o.ask(map[string]any{"decode": requests[:n]})
		if len(a.Decoded) != n {
			c.t.Fatalf("%s: cantools answers %d of %d: %s", c.file, len(a.Decoded), n, a.Error)
		}
		for i := range n {
			c.decode(plan.Messages[requests[i][0].(int)], payloads[i], a.Decoded[i])
		}
		requests, payloads = requests[n:], payloads[n:]
	}
}

func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

func (c *comparison) message(m *dbc.Message, w oracleMessage) {
	c.sum.messages++
	got := fmt.Sprintf("%s %#x ext=%t fd=%t len=%d senders=%v cycle=%v %q", m.Name, m.ID, m.Extended, m.FD, m.Len, m.Senders, m.Cycle, m.Comment)
	if m.Len > 8 {
		w.FD = m.FD // cantools goes by VFrameFormat alone
	}
	senders := slices.DeleteFunc(w.Senders, func(s string) bool { return s == "Vector__XXX" })
	want := fmt.Sprintf("%s %#x ext=%t fd=%t len=%d senders=%v cycle=%v %q", w.Name, w.ID, w.Extended, w.FD, w.Len, senders, time.Duration(w.Cycle*1e6), w.Comment)
	if got != want {
		c.differ(m.Name, "got  %s\nwant %s", got, want)
	}
	if len(m.Signals) != len(w.Signals) {
		c.differ(m.Name, "%d signals, cantools has %d", len(m.Signals), len(w.Signals))
		return
	}
	for i, s := range m.Signals {
		if c.doubled(m) {
			w.Signals[i].Name = s.Name
		}
		if renamed(m) {
			w.Signals[i].Mux = ""
			if s.Mux != nil {
				w.Signals[i].Mux = m.Signals[s.Mux.Switch].Name
			}
		}
		c.signal(m, s, w.Signals[i])
	}
}

// renamed reports whether a multiplexor of the message has a long name.
func renamed(m *dbc.Message) bool {
	return slices.ContainsFunc(m.Signals, func(s *dbc.Signal) bool { return s.Switch && s.Attributes["SystemSignalLongSymbol"].Text == s.Name })
}

// doubled reports whether a message has two signals of one name in the file.
func (c *comparison) doubled(m *dbc.Message) bool {
	return slices.ContainsFunc(m.Signals, func(s *dbc.Signal) bool { return c.twice[s.Line] })
}

func (c *comparison) signal(m *dbc.Message, s *dbc.Signal, w oracleSignal) {
	c.sum.signals++
	mux, ids := "", []int64{}
	if s.Mux != nil {
		mux = m.Signals[s.Mux.Switch].Name
		for _, r := range s.Mux.Ranges {
			for v := r.Low; v <= r.High; v++ {
				ids = append(ids, v)
			}
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
	}
	receivers := slices.DeleteFunc(w.Receivers, func(s string) bool { return s == "Vector__XXX" })
	got := fmt.Sprintf("%s %d|%d be=%t signed=%t float=%t (%g,%g) [%g|%g] %q %v %q switch=%t mux=%s %v", s.Name, s.Start, s.Length, s.BigEndian, s.Signed,
		s.Float != 0, s.Scale, s.Offset, s.Min, s.Max, s.Unit, s.Receivers, s.Comment, s.Switch, mux, ids)
	want := fmt.Sprintf("%s %d|%d be=%t signed=%t float=%t (%g,%g) [%g|%g] %q %v %q switch=%t mux=%s %v", w.Name, w.Start, w.Length, w.Big, w.Signed,
		w.Float, number(w.Scale), number(w.Offset), number(w.Min), number(w.Max), w.Unit, receivers, w.Comment, w.Switch, w.Mux, w.IDs)
	if got != want {
		c.differ(m.Name+"/"+s.Name, "got  %s\nwant %s", got, want)
	}
	values := map[string]string{}
	for k, v := range s.Values {
		values[strconv.FormatInt(k, 10)] = v
	}
	if g, w := fmt.Sprint(values), fmt.Sprint(w.Values); g != w {
		c.differ(m.Name+"/"+s.Name, "values: got %s\nwant %s", g, w)
	}
}

// payloads are random ones, with the multiplexors at values that select.
func (c *comparison) payloads(mp *dbc.MessagePlan) [][]byte {
	m := mp.Message
	n := 6
	for _, s := range m.Signals {
		if s.Mux != nil {
			n = min(n+1, 60)
		}
	}
	out := [][]byte{make([]byte, m.Len), slices.Repeat([]byte{0xff}, m.Len)}
	for range n {
		p := make([]byte, m.Len)
		for i := range p {
			p[i] = byte(c.rng.Uint32())
		}
		if len(m.Signals) > 0 {
			c.choose(mp, p, c.rng.IntN(len(m.Signals)))
		}
		out = append(out, p)
	}
	return out
}

// choose sets the multiplexors so that a signal is there, and the others to
// values that select something.
func (c *comparison) choose(mp *dbc.MessagePlan, p []byte, signal int) {
	m := mp.Message
	for i, s := range m.Signals {
		if s.Switch {
			var users []*dbc.Signal
			for _, u := range m.Signals {
				if u.Mux != nil && u.Mux.Switch == i {
					users = append(users, u)
				}
			}
			if len(users) > 0 {
				c.set(mp, p, users[c.rng.IntN(len(users))])
			}
		}
	}
	for s := m.Signals[signal]; s.Mux != nil; s = m.Signals[s.Mux.Switch] {
		c.set(mp, p, s)
	}
}

func (c *comparison) set(mp *dbc.MessagePlan, p []byte, s *dbc.Signal) {
	r := s.Mux.Ranges[c.rng.IntN(len(s.Mux.Ranges))]
	_ = mp.EncodeRaw(p, s.Mux.Switch, r.Low+c.rng.Int64N(min(r.High-r.Low, 1<<20)+1))
}

// decode compares one payload both ways.
func (c *comparison) decode(mp *dbc.MessagePlan, payload []byte, want oracleDecoded) {
	c.sum.payloads++
	m := mp.Message
	if want.Error != "" {
		c.sum.refused++
		if !strings.Contains(want.Error, "expected multiplexer id") {
			c.differ(m.Name, "cantools cannot decode % x: %s", payload, want.Error)
		}
		return
	}
	switch {
	case c.doubled(m):
		c.sum.doubled++
		return
	case renamed(m):
		c.sum.renamed++
		return
	}
	readings := mp.Decode(payload, nil)
	got := map[string]dbc.Reading{}
	for _, r := range readings {
		got[m.Signals[r.Signal].Name] = r
	}
	for _, s := range m.Signals {
		w, there := want.Raw[s.Name]
		r, here := got[s.Name]
		switch {
		case s.Length > 64: // not decoded here
		case there != here:
			c.differ(m.Name+"/"+s.Name, "payload % x: here %t, in cantools %t", payload, here, there)
		case !here:
		case s.Float == 0 && w != raw(s, r.Raw):
			c.differ(m.Name+"/"+s.Name, "payload % x: raw %s, cantools %s", payload, raw(s, r.Raw), w)
		case !near(r.Value, number(want.Value[s.Name])):
			c.differ(m.Name+"/"+s.Name, "payload % x: value %v, cantools %v", payload, r.Value, number(want.Value[s.Name]))
		default:
			c.sum.decoded++
		}
	}
	c.encode(mp, payload, readings, want)
}

// encode compares what both make of the readings. Signals that share bits
// have no right answer, and cantools cannot encode NaN.
func (c *comparison) encode(mp *dbc.MessagePlan, payload []byte, readings []dbc.Reading, want oracleDecoded) {
	m := mp.Message
	byRaw, byValue, used := make([]byte, m.Len), make([]byte, m.Len), make([]byte, m.Len)
	exact := true // scaling loses no bit of the raw values
	for _, r := range readings {
		before := slices.Clone(used)
		if err := mp.EncodeRaw(byRaw, int(r.Signal), r.Raw); err != nil {
			c.differ(m.Name, "raw value as decoded is refused: %v", err)
		}
		s := m.Signals[r.Signal]
		ones := int64(-1)
		if !s.Signed && s.Float == 0 && s.Length < 64 || s.Float > 0 && s.Float < 64 {
			ones = 1<<s.Length - 1
		}
		if err := mp.EncodeRaw(used, int(r.Signal), ones); err != nil || bitCount(used) != bitCount(before)+s.Length {
			return
		}
		if math.IsNaN(r.Value) || s.Scale == 0 || s.Float == 0 && (math.Abs(r.Value) > 1<<52 || r.Raw > 1<<50 || r.Raw < -1<<50 || r.Raw < 0 && !s.Signed) {
			byValue = nil
		}
		exact = exact && (s.Float == 0 || s.Offset == 0 && s.Scale == 1)
		if byValue != nil {
			if err := mp.Encode(byValue, int(r.Signal), r.Value); err != nil {
				c.differ(m.Name+"/"+s.Name, "value as decoded is refused: %v", err)
			}
		}
	}
	for i := range byRaw {
		if byRaw[i] != payload[i]&used[i] {
			c.differ(m.Name, "decoded and encoded again: got % x, want % x & % x", byRaw, payload, used)
			break
		}
	}
	if exact && byValue != nil && !slices.Equal(byValue, byRaw) {
		c.differ(m.Name, "encoded from values: got % x, want % x", byValue, byRaw)
	}
	if want.EncodeError != "" {
		c.differ(m.Name, "cantools cannot encode: %s", want.EncodeError)
	}
	if want.Encoded == "" || strings.Contains(fmt.Sprint(want.Value), "nan") {
		return
	}
	if hex.EncodeToString(byRaw) != want.Encoded {
		c.differ(m.Name, "encoded: got %x, cantools %s", byRaw, want.Encoded)
	}
	if byValue != nil && want.EncodedValue != "" && hex.EncodeToString(byValue) != want.EncodedValue {
		c.differ(m.Name, "encoded from values: got %x, cantools %s", byValue, want.EncodedValue)
	}
	c.sum.encoded++
}

func bitCount(b []byte) int {
	n := 0
	for _, v := range b {
		for ; v != 0; v &= v - 1 {
			n++
		}
	}
	return n
}

// raw prints a raw value as an integer of the signal's signedness.
func raw(s *dbc.Signal, v int64) string {
	if !s.Signed {
		return strconv.FormatUint(uint64(v), 10)
	}
	return strconv.FormatInt(v, 10)
}

// near allows one rounding more: cantools multiplies integers exactly.
func near(a, b float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) && math.IsNaN(b)
	}
	return a == b || math.Abs(a-b) <= 4e-16*max(math.Abs(a), math.Abs(b))
}
