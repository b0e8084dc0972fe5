package guard_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/canbus"
	"tandem/canbus/guard"
)

func TestSend(t *testing.T) {
	float := func(b ...byte) []byte { return append(b, make([]byte, 8)...) }
	for _, tt := range []struct {
		name   string
		frame  canbus.Frame
		origin string
		false  string // a predicate that is not true
		reason string // empty: passes
	}{
		{"allowed", climate(200, 3, 0), "", "", ""},
		{"temperature at the lower end", climate(161, 0, 0), "", "", ""},
		{"temperature below the lower end", climate(160, 0, 0), "", "", guard.ReasonValue},
		{"temperature at the upper end", climate(280, 0, 0), "", "", ""},
		{"temperature above the upper end", climate(281, 0, 0), "", "", guard.ReasonValue},
		{"fan listed first", climate(200, 0, 0), "", "", ""},
		{"fan listed last", climate(200, 15, 0), "", "", ""},
		{"fan not listed", climate(200, 1, 0), "", "", guard.ReasonValue},
		{"fan between listed", climate(200, 14, 0), "", "", guard.ReasonValue},
		{"trim, negative scale, upper end", climate(200, 0, -2), "", "", ""},
		{"trim, negative scale, above", climate(200, 0, -3), "", "", guard.ReasonValue},
		{"trim, negative scale, lower end", climate(200, 0, 6), "", "", ""},
		{"trim, negative scale, below", climate(200, 0, 7), "", "", guard.ReasonValue},
		{"unused bits", frame(256, 0, 200, 0x20, 0, 0), "", "", guard.ReasonUnused},
		{"unused byte", frame(256, 0, 200, 0, 0, 1), "", "", guard.ReasonUnused},
		{"one byte short", frame(256, 0, 200, 0, 0), "", "", guard.ReasonLength},
		{"one byte long", frame(256, 0, 200, 0, 0, 0, 0), "", "", guard.ReasonLength},
		{"FD instead of classic", frame(256, canbus.FD, 200, 0, 0, 0), "", "", guard.ReasonFormat},
		{"error-state flag", frame(400, canbus.FD|canbus.ErrorState, make([]byte, 12)...), "", "", guard.ReasonFormat},
		{"classic instead of FD", frame(400, 0, 0, 0, 0, 0, 0, 0, 0, 0), "", "", guard.ReasonFormat},
		{"unnamed flag", frame(256, 1<<12, 200, 0, 0, 0), "", "", guard.ReasonFormat},
		{"29 bits instead of 11", frame(256+2048, canbus.Extended, 200, 0, 0, 0), "", "", guard.ReasonUnknown},
		{"29 bits, diagnostic id", frame(0x7df, canbus.Extended, ones...), "", "", guard.ReasonIdentifier},
		{"diagnostic id, payload not looked at", frame(0x7df, 0, ones...), "", "", ""},
		{"sent before", frame(0x7df, canbus.Sent, ones...), "", "", ""},
		{"unknown id", frame(257, 0, 200, 0, 0, 0), "", "", guard.ReasonUnknown},
		{"id of another bus", frame(0x123, 0, ones...), "", "", guard.ReasonUnknown},
		{"remote frame", frame(256, canbus.Remote, 0, 0, 0, 0), "", "", guard.ReasonRemote},
		{"error frame", frame(256, canbus.Error, 0, 0, 0, 0), "", "", guard.ReasonError},
		{"no such id", frame(1<<11, 0), "", "", guard.ReasonInvalid},
		{"not a length", canbus.Frame{ID: 256, Len: 9}, "", "", guard.ReasonInvalid},
		{"extended", frame(256, canbus.Extended, ones...), "driver", "", ""},
		{"other origin", frame(256, canbus.Extended, ones...), "update", "", ""},
		{"wrong origin", frame(256, canbus.Extended, ones...), "phone", "", guard.ReasonOrigin},
		{"no origin", frame(256, canbus.Extended, ones...), "", "", guard.ReasonOrigin},
		{"any origin", climate(200, 3, 0), "phone", "", ""},
		{"unused must be ones", frame(256, canbus.Extended, 7, 255, 255, 255, 255, 255, 255, 254), "driver", "", guard.ReasonUnused},
		{"level too low", frame(256, canbus.Extended, append([]byte{0}, ones[1:]...)...), "driver", "", guard.ReasonValue},
		{"level too high", frame(256, canbus.Extended, append([]byte{255}, ones[1:]...)...), "driver", "", guard.ReasonValue},
		{"first condition", frame(256, canbus.Extended, ones...), "driver", "parked", guard.ReasonCondition},
		{"second condition", frame(256, canbus.Extended, ones...), "driver", "belted", guard.ReasonCondition},
		{"condition that is not asked for", climate(200, 3, 0), "", "parked", ""},
		{"mux 0", frame(300, 0, 0, 2), "", "", ""},
		{"mux 0, value", frame(300, 0, 0, 4), "", "", guard.ReasonValue},
		{"mux 0, unused there", frame(300, 0, 0, 0x12), "", "", guard.ReasonUnused},
		{"mux 1, the same bits are a signal", frame(300, 0, 1, 0x12), "", "", ""},
		{"mux 2 is not listed", frame(300, 0, 2, 0), "", "", guard.ReasonValue},
		{"float", frame(400, canbus.FD, float(0, 0, 0x20, 0x40)...), "", "", ""},
		{"float with bit-rate switch", frame(400, canbus.FD|canbus.BitRateSwitch, float(0, 0, 0xc0, 0xbf)...), "", "", ""},
		{"float above", frame(400, canbus.FD, float(1, 0, 0x20, 0x40)...), "", "", guard.ReasonValue},
		{"float below", frame(400, canbus.FD, float(1, 0, 0xc0, 0xbf)...), "", "", guard.ReasonValue},
		{"not a number", frame(400, canbus.FD, float(0, 0, 0xc0, 0x7f)...), "", "", guard.ReasonValue},
		{"64 bits, upper end", frame(400, canbus.FD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80), "", "", ""},
		{"64 bits, above", frame(400, canbus.FD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81), "", "", guard.ReasonValue},
		{"shorter than the database says", frame(500, 0, 1, 2), "", "", ""},
		{"as long as the database says", frame(500, 0, 1, 2, 3), "", "", guard.ReasonLength},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			b.truth[tt.false] = false
			n, err := b.For(tt.origin).Send(t.Context(), []canbus.Frame{tt.frame})
			var refused *guard.RefusedError
			switch {
			case tt.reason == "" && (err != nil || n != 1 || len(b.bus.sent) != 1 || b.bus.sent[0] != tt.frame):
				t.Errorf("got %d, %v and %d sent, want the frame sent", n, err, len(b.bus.sent))
			case tt.reason != "" && (!errors.As(err, &refused) || n != 0 || len(b.bus.sent) != 0):
				t.Errorf("got %d, %v and %d sent, want a refusal", n, err, len(b.bus.sent))
			case tt.reason != "" && (refused.Reason != tt.reason || refused.Frame != tt.frame || refused.Bus != "body"):
				t.Errorf("got %+v, want %s", refused, tt.reason)
			}
			want := map[string]uint64{}
			if tt.reason != "" {
				want[tt.reason] = 1
			}
			if got := b.Refused(); !maps.Equal(got, want) {
				t.Errorf("refused: got %v, want %v", got, want)
			}
			if got, want := b.Passed() == 1, tt.reason == ""; got != want {
				t.Errorf("passed: got %t, want %t", got, want)
			}
		})
	}
}

func TestFailsClosed(t *testing.T) {
	extended, plain := frame(256, canbus.Extended, ones...), frame(0x7df, 0, ones...)
	for _, tt := range []struct {
		name   string
		change func(*guard.Config)
		frame  canbus.Frame
		reason string
	}{
		{"no policy", func(c *guard.Config) { c.Policy = nil }, plain, guard.ReasonNoPolicy},
		{"empty policy", func(c *guard.Config) { c.Policy = &guard.Policy{} }, plain, guard.ReasonUnknown},
		{"policy of another bus", func(c *guard.Config) { c.BusName = "powertrain" }, plain, guard.ReasonUnknown},
		{"no predicate function", func(c *guard.Config) { c.Predicate = nil }, extended, guard.ReasonCondition},
		{"no predicate function, no condition", func(c *guard.Config) { c.Predicate = nil }, plain, ""},
		{"predicate panics", func(c *guard.Config) { c.Predicate = func(string) bool { panic("broken") } }, extended, guard.ReasonCondition},
		{"no database", func(c *guard.Config) {
			c.Database = nil
			c.Policy = mustPolicy(t, "transmit: [{bus: body, id: 0x7df, length: 8, signals: {X: {any: true}}, rate: {per_second: 1, burst: 1}}]")
		}, plain, guard.ReasonNoDatabase},
		{"no database, no values", func(c *guard.Config) {
			c.Database = nil
			c.Policy = mustPolicy(t, "transmit: [{bus: body, id: 0x7df, length: 8, rate: {per_second: 1, burst: 1}}]")
		}, plain, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, tt.change)
			_, err := b.For("driver").Send(t.Context(), []canbus.Frame{tt.frame})
			var refused *guard.RefusedError
			if got := errors.As(err, &refused); got != (tt.reason != "") || got && refused.Reason != tt.reason {
				t.Errorf("got %v, want reason %q", err, tt.reason)
			}
			if got, want := len(b.bus.sent) == 1, tt.reason == ""; got != want {
				t.Errorf("sent: got %t, want %t", got, want)
			}
			if got, want := strings.Contains(b.log.String(), "predicate panicked"), tt.name == "predicate panics"; got != want {
				t.Errorf("log of a panic: got %t, want %t", got, want)
			}
		})
	}
}

func TestRate(t *testing.T) {
	b := newBench(t, nil)
	send := func(want bool) {
		t.Helper()
		_, err := b.Send(t.Context(), []canbus.Frame{climate(200, 0, 0)})
		var refused *guard.RefusedError
		if errors.As(err, &refused) == want || !want && refused.Reason != guard.ReasonRate {
			t.Errorf("at %v: got %v, want passed %t", b.now.Sub(time.Unix(1000, 0)), err, want)
		}
	}
	for _, want := range []bool{true, true, true, false} { // the burst
		send(want)
	}
	b.now = b.now.Add(10*time.Millisecond - 1)
	send(false)
	b.now = b.now.Add(1) // one token at 100 per second
	send(true)
	send(false)
	b.now = b.now.Add(20 * time.Millisecond)
	send(true)
	send(true)
	send(false)
	b.now = b.now.Add(time.Hour) // fills to the burst, not beyond
	for _, want := range []bool{true, true, true, false} {
		send(want)
	}
	if _, err := b.Send(t.Context(), []canbus.Frame{frame(0x7df, 0, ones...)}); err != nil {
		t.Errorf("another message: got %v, want a bucket of its own", err)
	}
	if got := b.Passed(); got != 10 {
		t.Errorf("passed: got %d, want 10", got)
	}
}

// TestEnds checks ends of ranges that the policy above does not have.
func TestEnds(t *testing.T) {
	rules := func(temperature, fan string) *guard.Policy {
		return mustPolicy(t, "transmit: [{bus: body, message: Climate, signals: {Temperature: "+temperature+", Fan: "+fan+", Trim: {any: true}}, rate: {per_second: 1, burst: 1}}]")
	}
	long := func(low, high string) *guard.Policy {
		return mustPolicy(t, "transmit: [{bus: body, message: Long, signals: {L: {min: "+low+", max: "+high+"}}, rate: {per_second: 1, burst: 1}}]")
	}
	for _, tt := range []struct {
		name   string
		policy *guard.Policy
		frame  canbus.Frame
		passes bool
	}{
		{"just within a millionth of a step", rules("{any: true}", "{min: 0.00000095, max: 3}"), climate(0, 0, 0), true},
		{"just outside of it", rules("{any: true}", "{min: 0.00000105, max: 3}"), climate(0, 0, 0), false},
		{"just within at the top", rules("{any: true}", "{min: 0, max: 2.99999905}"), climate(0, 3, 0), true},
		{"just outside at the top", rules("{any: true}", "{min: 0, max: 2.99999895}"), climate(0, 3, 0), false},
		{"one value", rules("{min: 16, max: 16}", "{any: true}"), climate(160, 0, 0), true},
		{"another value", rules("{min: 16, max: 16}", "{any: true}"), climate(161, 0, 0), false},
		{"explicit length 0", mustPolicy(t, "transmit: [{bus: body, message: Climate, length: 0, rate: {per_second: 1, burst: 1}}]"), frame(256, 0), true},
		{"explicit length 0, longer", mustPolicy(t, "transmit: [{bus: body, message: Climate, length: 0, rate: {per_second: 1, burst: 1}}]"), climate(0, 0, 0), false},
		{"53 bits, end", long("0.3", "0.3"), frame(600, 0, 3, 0, 0, 0, 0, 0, 0), true},
		{"53 bits, above", long("0.3", "0.3"), frame(600, 0, 4, 0, 0, 0, 0, 0, 0), false},
		{"53 bits, below", long("0.3", "0.3"), frame(600, 0, 2, 0, 0, 0, 0, 0, 0), false},
		{"53 bits, just outside of a millionth", long("0.300000105", "0.4"), frame(600, 0, 3, 0, 0, 0, 0, 0, 0), false},
		{"53 bits, just within", long("0.300000095", "0.4"), frame(600, 0, 3, 0, 0, 0, 0, 0, 0), true},
		{"53 bits, just outside at the top", long("0.2", "0.299999895"), frame(600, 0, 3, 0, 0, 0, 0, 0, 0), false},
		{"53 bits, just within at the top", long("0.2", "0.299999905"), frame(600, 0, 3, 0, 0, 0, 0, 0, 0), true},
	} {
		b := newBench(t, func(c *guard.Config) { c.Policy = tt.policy })
		if _, err := b.Send(t.Context(), []canbus.Frame{tt.frame}); (err == nil) != tt.passes {
			t.Errorf("%s: got %v, want passed %t", tt.name, err, tt.passes)
		}
	}
}

// A refused frame spends no token: a flood of bad frames must not silence a
// good one.
func TestRefusedSpendsNoToken(t *testing.T) {
	b := newBench(t, nil)
	for range 10 {
		if _, err := b.Send(t.Context(), []canbus.Frame{climate(0, 0, 0)}); err == nil {
			t.Fatal("a value that is not allowed passed")
		}
	}
	if _, err := b.Send(t.Context(), []canbus.Frame{climate(200, 0, 0)}); err != nil {
		t.Errorf("got %v, want it sent", err)
	}
}

func TestBatch(t *testing.T) {
	b := newBench(t, nil)
	good, bad := frame(0x7df, 0, ones...), frame(1, 0)
	frames := slices.Repeat([]canbus.Frame{good}, 40)
	for i := range frames {
		frames[i].Data[0] = byte(i)
	}
	if n, err := b.Send(t.Context(), frames); n != 40 || err != nil || !slices.Equal(b.bus.sent, frames) {
		t.Errorf("40 frames: got %d, %v, want all in order", n, err)
	}
	for _, at := range []int{0, 5, 16, 17} {
		b.bus.sent = nil
		fs := slices.Clone(frames)
		fs[at] = bad
		n, err := b.Send(t.Context(), fs)
		var refused *guard.RefusedError
		if !errors.As(err, &refused) || n != at || !slices.Equal(b.bus.sent, fs[:at]) {
			t.Errorf("bad frame at %d: got %d, %v and %d sent", at, n, err, len(b.bus.sent))
		}
	}
	if n, err := b.Send(t.Context(), nil); n != 0 || err != nil || b.bus.empty {
		t.Errorf("no frames: got %d, %v; the bus was asked to send nothing: %t", n, err, b.bus.empty)
	}
}

func TestBusFails(t *testing.T) {
	b := newBench(t, nil)
	frames := slices.Repeat([]canbus.Frame{frame(0x7df, 0, ones...)}, 4)
	b.bus.limit = 3
	if n, err := b.Send(t.Context(), frames); n != 3 || err != nil {
		t.Errorf("bus takes 3: got %d, %v", n, err)
	}
	b.bus.err = errors.New("no buffer space")
	if n, err := b.Send(t.Context(), frames); n != 3 || !errors.Is(err, b.bus.err) {
		t.Errorf("bus fails: got %d, %v", n, err)
	}
	b.bus.limit = 0
	if n, err := b.Send(t.Context(), append(frames, frame(1, 0))); n != 4 || !errors.Is(err, b.bus.err) {
		t.Errorf("bus fails before a refused frame: got %d, %v, want the bus's error", n, err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := b.Send(t.Context(), frames); !errors.Is(err, canbus.ErrClosed) {
		t.Errorf("after close: got %v, want %v", err, canbus.ErrClosed)
	}
}

func TestReceivePasses(t *testing.T) {
	b := newBench(t, func(c *guard.Config) { c.Policy = nil })
	fs := make([]canbus.Frame, 1)
	if n, err := b.Receive(t.Context(), fs); n != 1 || err != nil || fs[0].ID != 99 {
		t.Errorf("got %d, %v, %v", n, err, fs)
	}
}

// What is checked is what is sent, whoever changes the caller's frames
// meanwhile.
func TestCheckedIsSent(t *testing.T) {
	frames := []canbus.Frame{frame(256, canbus.Extended, ones...)}
	b := newBench(t, func(c *guard.Config) {
		c.Predicate = func(string) bool { frames[0].Data[0] = 255; return true }
	})
	if _, err := b.For("driver").Send(t.Context(), frames); err != nil {
		t.Fatal(err)
	}
	if got := b.bus.sent[0].Data[0]; got != 7 {
		t.Errorf("sent value: got %d, want the checked 7", got)
	}
}

func TestPredicatesReadOnce(t *testing.T) {
	b := newBench(t, nil)
	driver := b.For("driver")
	frames := slices.Repeat([]canbus.Frame{frame(300, 0, 0, 2), frame(256, canbus.Extended, ones...)}, 20)
	if _, err := driver.Send(t.Context(), frames); err != nil {
		t.Fatal(err)
	}
	if want := []string{"parked", "belted"}; !slices.Equal(b.asked, want) {
		t.Errorf("asked: got %v, want %v", b.asked, want)
	}
	b.truth["parked"] = false
	if _, err := driver.Send(t.Context(), frames); err == nil {
		t.Error("a predicate of an earlier Send still counts")
	}
}

func TestLogsOncePerReasonAndSecond(t *testing.T) {
	b := newBench(t, nil)
	lines := func(want int) {
		t.Helper()
		if got := strings.Count(b.log.String(), "frame refused"); got != want {
			t.Errorf("at %v: got %d log lines, want %d:\n%s", b.now.Sub(time.Unix(1000, 0)), got, want, b.log.String())
		}
	}
	send := func(f canbus.Frame) { _, _ = b.Send(t.Context(), []canbus.Frame{f}) }
	for range 100 {
		send(frame(1, 0))
	}
	lines(1)
	send(frame(256, canbus.Remote|canbus.Extended))
	lines(2)
	for _, want := range []string{`reason="unknown identifier" detail="" id=1 extended=false length_bytes=0 refused=1`, `reason="remote frame" detail="" id=256 extended=true`} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("log lacks %s:\n%s", want, b.log.String())
		}
	}
	b.now = b.now.Add(time.Second - 1)
	send(frame(1, 0))
	lines(2)
	b.now = b.now.Add(1)
	send(frame(1, 0))
	lines(3)
	if !strings.Contains(b.log.String(), "refused=101") {
		t.Errorf("the line after a second does not count what was quiet:\n%s", b.log.String())
	}
	send(frame(1, 0))
	lines(3)
	if got := b.Refused()[guard.ReasonUnknown]; got != 103 {
		t.Errorf("refused: got %d, want 103", got)
	}
}

func TestRefusedErrorText(t *testing.T) {
	b := newBench(t, nil)
	for _, tt := range []struct {
		frame canbus.Frame
		want  string
	}{
		{climate(0, 0, 0), "send 100 on body: refused by policy: value not allowed: Temperature"},
		{frame(257, canbus.Extended), "send 00000101 on body: refused by policy: unknown identifier"},
	} {
		_, err := b.Send(t.Context(), []canbus.Frame{tt.frame})
		if err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

func TestSendAtOnce(t *testing.T) {
	b := newBench(t, func(c *guard.Config) { c.Predicate = nil })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				_, _ = b.Send(t.Context(), []canbus.Frame{frame(0x7df, 0, ones...), climate(200, 0, 0), frame(1, 0)})
			}
		})
	}
	wg.Wait()
	refused := b.Refused()
	if got := b.Passed() + refused[guard.ReasonRate] + refused[guard.ReasonUnknown]; got < 400 || b.Passed() != uint64(len(b.bus.sent)) || b.Passed() > 403 {
		t.Errorf("passed %d, sent %d, refused %v", b.Passed(), len(b.bus.sent), refused)
	}
}

func TestAllocations(t *testing.T) {
	b := newBench(t, func(c *guard.Config) { c.Predicate = func(string) bool { return true } })
	frames := []canbus.Frame{frame(256, canbus.Extended, ones...), frame(300, 0, 1, 0x12), frame(400, canbus.FD, make([]byte, 12)...)}
	b.bus.sent = make([]canbus.Frame, 0, 4096)
	driver := b.For("driver")
	ctx := context.Background()
	if got := testing.AllocsPerRun(100, func() {
		b.now = b.now.Add(time.Second)
		if _, err := driver.Send(ctx, frames); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("accepting a batch: got %g allocations, want 0", got)
	}
}

// BenchmarkSend is the cost of the accept path. opendbc's safety hooks, the
// model for this guard, are C on a microcontroller and publish no figure.
func BenchmarkSend(b *testing.B) {
	g := newBench(b, func(c *guard.Config) { c.Predicate = func(string) bool { return true } })
	frames := []canbus.Frame{climate(200, 3, 0)}
	b.ReportAllocs()
	for b.Loop() {
		g.now = g.now.Add(time.Second)
		g.bus.sent = g.bus.sent[:0]
		if _, err := g.Send(b.Context(), frames); err != nil {
			b.Fatal(err)
		}
	}
}
