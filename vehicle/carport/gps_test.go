package carport_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tandem/canbus"
	"tandem/canbus/canlog"
	"tandem/vehicle"
	"tandem/vehicle/carport"
	"tandem/vehicle/cars"
)

// gpsFiles finds the recorded drive and its database.
func gpsFiles(t *testing.T) (log, dbc string) {
	t.Helper()
	corpus := os.Getenv("TANDEM_CORPUS")
	if corpus == "" {
		t.Skip("TANDEM_CORPUS is not set: no recorded drive")
	}
	return filepath.Join(corpus, "logs", "gps-drive-10min.candump.log"),
		filepath.Join(corpus, "dbc", "CSS-Electronics+api-examples__canmod-gps.dbc")
}

// drive is the recorded drive through a Port: the samples after each frame in
// which one of the paths was reported.
func drive(t *testing.T, paths ...vehicle.Path) (samples [][]vehicle.Sample, counts carport.Counts) {
	t.Helper()
	log, dbc := gpsFiles(t)
	car, err := carport.LoadCar(cars.FS, "canmod-gps", carport.Overrides{DBC: map[string]string{"gps": dbc}})
	if err != nil {
		t.Fatal(err)
	}
	store, err := vehicle.NewStore(car.Signals())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := canlog.NewReader(log, bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	tape := &tape{t: t, r: r, store: store, paths: paths, ended: make(chan struct{})}
	port, err := carport.New(carport.Config{Car: car, Store: store, Buses: map[string]canbus.Bus{"gps": tape}, Now: tape.now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-tape.ended; cancel() }()
	if err := port.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return tape.samples, port.Counts()
}

// tape is a bus that gives a recording's frames one by one, and looks at the
// store between them; the recording's time is the time.
type tape struct {
	t       *testing.T
	r       *canlog.Reader
	store   *vehicle.Store
	paths   []vehicle.Path
	samples [][]vehicle.Sample
	last    canbus.Frame
	clock   clock
	ended   chan struct{}
}

func (b *tape) now() time.Time { return b.clock.get() }

func (b *tape) Receive(_ context.Context, frames []canbus.Frame) (int, error) {
	if b.last.Time != 0 {
		row := make([]vehicle.Sample, len(b.paths))
		fresh := false
		for i, p := range b.paths {
			row[i] = b.store.Sample(b.now(), p)
			fresh = fresh || row[i].Source.UnixNano() == b.last.Time
		}
		if fresh {
			b.samples = append(b.samples, row)
		}
	}
	if _, err := b.r.Next(&b.last); err != nil {
		close(b.ended)
		if !errors.Is(err, io.EOF) {
			b.t.Error(err)
		}
		return 0, io.EOF
	}
	b.clock.set(time.Unix(0, b.last.Time))
	frames[0] = b.last
	return 1, nil
}

func (b *tape) Send(context.Context, []canbus.Frame) (int, error) { return 0, canbus.ErrClosed }
func (b *tape) Close() error                                      { return nil }

func TestTheRecordedDrive(t *testing.T) {
	samples, counts := drive(t, vehicle.Speed)
	lo, hi, valid := math.Inf(1), math.Inf(-1), 0
	for _, s := range samples {
		if v, ok := s[0].Number(); ok {
			lo, hi, valid = min(lo, v), max(hi, v), valid+1
		}
	}
	// 5.7 to 23.8 m/s, as the maker's own tools decode it.
	if math.Abs(lo/3.6-5.7) > 0.05 || math.Abs(hi/3.6-23.8) > 0.05 {
		t.Errorf("got %.3f to %.3f m/s, want 5.7 to 23.8", lo/3.6, hi/3.6)
	}
	if valid != 569 || counts.Frames != 73_799 {
		t.Errorf("got %d valid speeds of %d frames, want 569 of 73799", valid, counts.Frames)
	}
}

// decodeScript decodes the drive with cantools, one JSON line for each frame
// of interest.
const decodeScript = `
import sys, json, re, cantools
db = cantools.database.load_file(sys.argv[1], strict=False)
names = {3, 4, 5, 6, 7, 9}
for line in open(sys.argv[2]):
    m = re.match(r'\(([\d.]+)\) \S+ (\w+)#(\w*)', line)
    i = int(m[2], 16)
    if len(m[2]) == 3 and i in names:
        d = db.get_message_by_frame_id(i).decode(bytes.fromhex(m[3]), decode_choices=False)
        print(json.dumps({"id": i, "d": d}))
`

// TestTheRecordedDriveAgainstCantools holds every value of the drive against
// another decoder, with the conversions written out here.
func TestTheRecordedDriveAgainstCantools(t *testing.T) {
	if err := exec.Command("python3", "-c", "import cantools").Run(); err != nil {
		if os.Getenv("TANDEM_RIG") == "1" {
			t.Fatalf("TANDEM_RIG=1 and no cantools: pip install cantools: %v", err)
		}
		t.Skip("cantools is not installed (pip install cantools)")
	}
	type rule struct {
		id            int
		signal, valid string
		path          vehicle.Path
		factor        float64
	}
	rules := []rule{
		{7, "Speed", "SpeedValid", vehicle.Speed, 3.6},
		{3, "Latitude", "PositionValid", vehicle.Latitude, 1},
		{3, "Longitude", "PositionValid", vehicle.Longitude, 1},
		{4, "Altitude", "AltitudeValid", vehicle.Altitude, 1},
		{5, "Heading", "AttitudeValid", vehicle.Heading, 1},
		{6, "DistanceTrip", "DistanceValid", vehicle.TripMeterReading, 1},
		{6, "DistanceTotal", "DistanceValid", vehicle.TraveledDistance, 1000},
		{9, "AccelerationX", "ImuValid", vehicle.AccelerationLongitudinal, 1},
		{9, "AccelerationY", "ImuValid", vehicle.AccelerationLateral, 1},
		{9, "AngularRateZ", "ImuValid", vehicle.AngularVelocityYaw, 1},
	}
	var paths []vehicle.Path
	for _, r := range rules {
		paths = append(paths, r.path)
	}
	samples, _ := drive(t, paths...)
	log, dbc := gpsFiles(t)
	out, err := exec.Command("python3", "-c", decodeScript, dbc, log).Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	compared, wrong := 0, 0
	for i := 0; ; i++ {
		var line struct {
			ID int
			D  map[string]float64
		}
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			if i != len(samples) {
				t.Errorf("cantools saw %d frames, the port reported %d", i, len(samples))
			}
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if i >= len(samples) {
			continue
		}
		for j, r := range rules {
			if r.id != line.ID {
				continue
			}
			compared++
			got, ok := samples[i][j].Number()
			want := line.D[r.signal] * r.factor
			if valid := line.D[r.valid] == 1; ok != valid || valid && math.Abs(got-want) > 1e-6 {
				if wrong++; wrong < 10 {
					t.Errorf("frame %d: %s: got %v (valid %v), want %v (%v)", i, r.path, got, ok, want, valid)
				}
			}
		}
	}
	if compared < 180_000 || wrong > 0 {
		t.Errorf("compared %d values, %d wrong", compared, wrong)
	}
	t.Logf("%d values agree", compared-wrong)
}
