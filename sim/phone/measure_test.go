package phone_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/sim/faultnet"
	"tandem/sim/phone"
	"tandem/vehicle"
)

var (
	phones   = flag.Int("phones", 1, "phones at once, of TestNumbers")
	handOffs = flag.Int("handoffs", 4, "hand-offs of each phone, of TestNumbers")
	starts   = flag.Int("starts", 2, "starts of each phone, of TestNumbers")
	holes    = flag.Int("holes", 1, "black holes of each phone, of TestNumbers")
	holeMax  = flag.Duration("hole", 1100*time.Millisecond, "how long a black hole lasts at most, of TestNumbers")
	seed     = flag.Uint64("seed", 1, "of the networks, of TestNumbers")
	rtt      = flag.Duration("rtt", 20*time.Millisecond, "round trip of the networks, of TestNumbers")
	loss     = flag.Float64("loss", 0.01, "loss of the networks each way, of TestNumbers")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// parked is a car that stands, and says little else.
type parked struct{}

func (parked) Sample(now time.Time, p vehicle.Path) vehicle.Sample {
	var v vehicle.Value
	switch p {
	case vehicle.Speed:
		v = vehicle.NumberOf(0)
	case vehicle.CurrentGear:
		v = vehicle.NumberOf(vehicle.GearPark)
	case vehicle.IsParkLockEngaged:
		v = vehicle.BoolOf(true)
	default:
		return vehicle.Sample{}
	}
	return vehicle.Sample{Value: v, Quality: vehicle.Valid, Source: now, Since: now}
}

func (parked) Ask(context.Context, vehicle.Command) vehicle.Outcome {
	return vehicle.Outcome{State: vehicle.Refused, Reason: "it only stands"}
}

// start runs a world.
func start(t *testing.T, cfg phone.Config) *phone.World {
	t.Helper()
	cfg.Dir, cfg.Car = t.TempDir(), parked{}
	w, err := phone.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watchTimers(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-watched
		if err := <-done; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	})
	return w
}

// TestNumbers measures what the flags say, through networks of 20 ms and 1 %
// loss, and prints it with -v. It fails if a trial fails, not by the clock: the
// machine is not alone. Only an overlap is judged, beside what the machine was
// late in that very moment.
//
//	go test -run Numbers -v ./sim/phone -args -phones 4 -handoffs 300 -starts 100 -holes 30
func TestNumbers(t *testing.T) {
	path := faultnet.Path{Delay: *rtt / 2, Loss: *loss}
	w := start(t, phone.Config{Seed: *seed, Path: path, Load: 5 * time.Millisecond})
	r, err := w.Measure(t.Context(), phone.Trials{Phones: *phones, HandOffs: *handOffs, Starts: *starts, Holes: *holes, HoleMax: *holeMax, Seed: *seed})
	if err != nil {
		t.Fatal(err)
	}
	if testing.Verbose() {
		r.Print(os.Stdout)
	}
	if len(r.Failures) > 0 {
		t.Errorf("failed: %q", r.Failures)
	}
	alone(t, w)
	if got, want := len(r.HandOff), *phones**handOffs; got != want {
		t.Errorf("hand-offs: got %d, want %d", got, want)
	}
}
