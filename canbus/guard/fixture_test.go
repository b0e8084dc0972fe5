package guard_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"tandem/canbus"
	"tandem/canbus/dbc"
	"tandem/canbus/guard"
)

const database = `VERSION ""
BU_: Head Body
BO_ 256 Climate: 4 Head
 SG_ Temperature : 0|9@1+ (0.1,0) [0|40] "degC" Body
 SG_ Fan : 9|4@1+ (1,0) [0|15] "" Body
 SG_ Trim : 16|8@1- (-0.5,1) [0|0] "" Body
BO_ 2147483904 Wide: 8 Head
 SG_ Level : 0|8@1+ (1,0) [0|0] "" Body
BO_ 300 Muxed: 2 Head
 SG_ Kind M : 0|4@1+ (1,0) [0|0] "" Body
 SG_ A m0 : 8|4@1+ (1,0) [0|0] "" Body
 SG_ B m1 : 8|8@1+ (1,0) [0|0] "" Body
BO_ 400 Fast: 12 Head
 SG_ Wish : 0|32@1- (1,0) [0|0] "" Body
 SG_ Big : 32|64@1+ (1,0) [0|0] "" Body
BO_ 500 Plain: 3 Head
 SG_ X : 0|24@1+ (1,0) [0|0] "" Body
BO_ 600 Long: 7 Head
 SG_ L : 0|53@1+ (0.1,0) [0|0] "" Body
BO_ 700 Flat: 1 Head
 SG_ F : 0|8@1+ (0,5) [0|0] "" Body
BA_DEF_ BO_ "VFrameFormat" ENUM "StandardCAN","ExtendedCAN","StandardCAN_FD";
BA_ "VFrameFormat" BO_ 400 2;
SIG_VALTYPE_ 400 Wish : 1;
`

const policy = `transmit:
  - bus: body
    message: Climate
    signals:
      Temperature: {min: 16.1, max: 28}
      Fan: {values: [0, 3, 15]}
      Trim: {min: -2, max: 2}
    rate: {per_second: 100, burst: 3}
  - bus: body
    message: Wide
    signals: {Level: {min: 1, max: 254}}
    unused: one
    rate: {per_second: 1000, burst: 1000}
    when: [parked, belted]
    origin: [driver, update]
  - bus: body
    message: Muxed
    signals: {Kind: {values: [0, 1]}, A: {min: 2, max: 3}, B: {any: true}}
    rate: {per_second: 1000, burst: 1000}
    when: [parked]
  - bus: body
    message: Fast
    signals: {Wish: {min: -1.5, max: 2.5}, Big: {min: 0, max: 9223372036854775808}}
    rate: {per_second: 1000, burst: 1000}
  - bus: body
    message: Plain
    length: 2
    signals: {X: {any: true}}
    unused: any
    rate: {per_second: 1000, burst: 1000}
  - bus: body
    id: 0x7df
    length: 8
    rate: {per_second: 1000, burst: 1000}
  - bus: adas
    id: 0x123
    length: 8
    rate: {per_second: 1, burst: 1}
`

// recorder is a bus that keeps what is sent.
type recorder struct {
	mu    sync.Mutex
	sent  []canbus.Frame
	limit int  // frames that a Send takes; 0: all
	empty bool // a Send had no frames
	err   error
}

func (r *recorder) Receive(_ context.Context, fs []canbus.Frame) (int, error) {
	fs[0] = canbus.Frame{ID: 99}
	return 1, nil
}

func (r *recorder) Send(_ context.Context, fs []canbus.Frame) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(fs) == 0 {
		r.empty = true
	}
	n := len(fs)
	if r.limit > 0 {
		n = min(n, r.limit)
	}
	r.sent = append(r.sent, fs[:n]...)
	return n, r.err
}

func (r *recorder) Close() error { r.err = canbus.ErrClosed; return nil }

var _ canbus.Bus = (*guard.Guard)(nil)

// bench is a guard with everything that it asks under control.
type bench struct {
	*guard.Guard
	bus   *recorder
	now   time.Time
	truth map[string]bool
	asked []string
	log   bytes.Buffer
}

func mustPolicy(t testing.TB, text string) *guard.Policy {
	t.Helper()
	p, err := guard.LoadPolicy("policy.yaml", []byte(text))
	if err != nil {
		t.Fatalf("load policy: %v", err)
	}
	return p
}

func mustDatabase(t testing.TB, text string) *dbc.Database {
	t.Helper()
	db, diags, err := dbc.Load("body.dbc", []byte(text))
	if err != nil || len(diags) > 1 { // one is on the scale of 0
		t.Fatalf("load database: %v %v", err, diags)
	}
	return db
}

func newBench(t testing.TB, change func(*guard.Config)) *bench {
	t.Helper()
	b := &bench{bus: &recorder{}, now: time.Unix(1000, 0), truth: map[string]bool{"parked": true, "belted": true}}
	c := guard.Config{
		Bus: b.bus, BusName: "body", Policy: mustPolicy(t, policy), Database: mustDatabase(t, database),
		Predicate:  func(name string) bool { b.asked = append(b.asked, name); return b.truth[name] },
		Predicates: []string{"belted", "parked"},
		Now:        func() time.Time { return b.now },
		Logger:     slog.New(slog.NewTextHandler(&b.log, nil)),
	}
	if change != nil {
		change(&c)
	}
	g, err := guard.New(c)
	if err != nil {
		t.Fatalf("new guard: %v", err)
	}
	b.Guard = g
	return b
}

func frame(id uint32, flags canbus.Flags, data ...byte) canbus.Frame {
	f := canbus.Frame{ID: id, Flags: flags, Len: uint8(len(data))}
	copy(f.Data[:], data)
	return f
}

// climate is a Climate frame with raw values.
func climate(temperature, fan uint16, trim int8) canbus.Frame {
	v := temperature | fan<<9
	return frame(256, 0, byte(v), byte(v>>8), byte(trim), 0)
}

var ones = []byte{7, 255, 255, 255, 255, 255, 255, 255}
