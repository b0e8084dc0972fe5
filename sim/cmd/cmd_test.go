package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tandem/canbus"
	"tandem/canbus/canlog"
	"tandem/sim/car"
	"tandem/sim/cmd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	root := cmd.Commands()[0]
	root.SilenceErrors, root.SilenceUsage = true, true
	var out, talk bytes.Buffer
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&talk)
	err = root.ExecuteContext(t.Context())
	return out.String(), talk.String(), err
}

func TestRunWritesALog(t *testing.T) {
	name := filepath.Join(t.TempDir(), "drive.log")
	out, _, err := run(t, "run", "--for", "20s", "--seed", "3", "--log", name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out, "drove 20s in ") || !strings.Contains(out, "17220 frames, powertrain 12720, body 2500, adas 2000\n") || !strings.Contains(out, "log: "+name) {
		t.Errorf("got %q", out)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := canlog.NewReader(name, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var f canbus.Frame
	n, last, buses := 0, int64(0), map[string]int{}
	for {
		iface, err := r.Next(&f)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Time < last {
			t.Fatalf("frame %d: got a stamp before its predecessor's", n)
		}
		last = f.Time
		buses[iface]++
		n++
	}
	if n != 17220 || buses[car.ADAS] != 2000 {
		t.Errorf("log: got %d frames, %v", n, buses)
	}
	again, _, err := run(t, "run", "--for", "20s", "--seed", "3", "--log", "-")
	if err != nil || again != string(data) {
		t.Errorf("the same seed: got another log (%v)", err)
	}
}

func TestRunSummaryAsJSON(t *testing.T) {
	out, _, err := run(t, "run", "--for", "1s", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Driven float64        `json:"driven_s"`
		Frames map[string]int `json:"frames"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.Driven != 1 || got.Frames["body"] != 125 {
		t.Errorf("got %s, %v", out, err)
	}
}

func TestRunInRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if _, _, err := run(t, "run", "--for", "4s", "--rate", "2"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("4 s at rate 2: got %s, want 2s", took)
		}
	})
}

func TestMisuse(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.scenario")
	if err := os.WriteFile(bad, []byte("0 gear D\n1 gear Q\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"run", "--rate", "-1"}, "expected a number from 0 to 1000"},
		{[]string{"run", "--for", "soon"}, "expected a time of 10ms or more"},
		{[]string{"run", "a", "b"}, "accepts at most 1 arg"},
		{[]string{"run", filepath.Join(dir, "none")}, "'tandem sim demo' prints one"},
		{[]string{"run", bad}, "bad.scenario:2: gear: unknown word \"Q\""},
		{[]string{"run", "--for", "1s", "--log", dir}, "write the log: open"},
		{[]string{"check", bad}, "bad.scenario:2:"},
		{[]string{"drive"}, `unknown command "drive" for "sim"`},
		{[]string{"serve"}, `required flag(s) "can" not set`},
		{[]string{"serve", "--can", "engine=vcan0"}, "expected BUS=IFACE with a bus of powertrain, body, adas"},
		{[]string{"serve", "--can", "body=vcan0,body=vcan1"}, "bus body has an interface already"},
		{[]string{"serve", "--can", "body=vcan0", "--rate", "0"}, "--rate 0: interfaces have a clock"},
		{[]string{"serve", "--can", "body=nosuchcan0"}, "bus body: open CAN interface nosuchcan0"},
	}
	for _, tt := range tests {
		if _, _, err := run(t, tt.args...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want ...%s...", tt.args, err, tt.want)
		}
	}
}

func TestDemoPassesItsCheck(t *testing.T) {
	text, _, err := run(t, "demo")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "my.scenario")
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	out, _, err := run(t, "check", name)
	if err != nil || !strings.Contains(out, "starts over after 10m0s") {
		t.Errorf("got %q, %v", out, err)
	}
}

// TestServeClosesBuses: they are closed whatever happens, also by a car that
// cannot be made.
func TestServeClosesBuses(t *testing.T) {
	bus := canbus.NewPipe().Join("car")
	err := cmd.Serve(t.Context(), cmd.Config{Rate: -1, Buses: map[string]canbus.Bus{car.Body: bus}})
	if err == nil || !strings.Contains(err.Error(), "simulate a car: rate -1") {
		t.Errorf("got %v, want an error about the rate", err)
	}
	if _, err := bus.Send(t.Context(), nil); !errors.Is(err, canbus.ErrClosed) {
		t.Errorf("got %v from the bus, want %v", err, canbus.ErrClosed)
	}
}

func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipe := canbus.NewPipe()
		hu, bus := pipe.Join("HU"), pipe.Join("car")
		defer hu.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var made *car.Car
		err := cmd.Serve(ctx, cmd.Config{Seed: 1, Buses: map[string]canbus.Bus{car.Body: bus}, Ready: func(c *car.Car) { made = c }})
		if err != nil {
			t.Fatal(err)
		}
		frames := make([]canbus.Frame, 1000)
		if n, err := hu.Receive(t.Context(), frames); err != nil || n < 600 || made.Elapsed() < 4900*time.Millisecond {
			t.Errorf("got %d frames, %v, %s of the car", n, err, made.Elapsed())
		}
	})
}
