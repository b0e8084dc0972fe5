package car

import (
	"slices"
	"testing"
	"time"

	"tandem/sim/scenario"
)

// TestEveryEventIsKnown applies one event of every verb of the grammar.
func TestEveryEventIsKnown(t *testing.T) {
	w := newWorld(1, time.Unix(1780000000, 0).UTC())
	done := []string{"loop"} // of files only
	for _, text := range []string{
		"gear D", "drive 50", "drive limit", "stop", "pedal 10", "brake 10", "steer 20", "drift left", "lead 30 20", "lead speed 10", "lead off",
		"obstacle rear 2", "obstacle front.left off", "surface wet", "mode sport", "cruise 80", "cruise off", "parkbrake off", "power on",
		"belt driver on", "seat row2.middle occupied", "door row2.passenger open", "trunk rear open", "hood open", "lock all", "unlock row1.driver", "key out",
		"window row1.driver 50", "sunroof -20", "mirror driver fold", "indicator left", "hazard on", "horn on", "lights beam", "highbeam on", "fog rear on", "cabinlight on",
		"wiper fast", "washer on", "climate driver 21.5", "fan passenger 40", "ac off", "recirculation on", "defrost front on", "seatheat driver 66", "wheelheat 100",
		"ambient -5", "humidity 50", "rain 40", "time 07:30", "day", "night", "charge plug", "charge power 50", "charge limit 90", "soc 50", "odometer 1000",
		"service 100", "place 10", "crash", "fault esc error 2s", "clear all",
	} {
		e, err := scenario.ParseEvent(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !w.apply(e) {
			t.Errorf("%s: the car does not know it", text)
		}
		done = append(done, e.Verb)
		w.step()
	}
	for _, v := range scenario.Verbs() {
		if !slices.Contains(done, v) {
			t.Errorf("%s: no example", v)
		}
	}
}
