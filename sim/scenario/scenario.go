// Package scenario reads what is to happen in and around a simulated car: a
// text, one event per line, the second first. It knows words and times, not
// what they do.
//
//	# comments and empty lines are skipped
//	0    belt driver on
//	1.5  gear D
//	2    drive 50            # km/h
//	60   stop
//	62   door row1.driver open
//	70   fault tyre.row1.left leak
//	80   fault bus.powertrain silence 2s
//	600  loop
//
// Events may stand in any order; those of one time happen in the order of
// their lines. SEAT is driver, passenger, row2.driver, row2.middle or
// row2.passenger; DOOR is row1.driver, row1.passenger, row2.driver or
// row2.passenger; SIDE is driver or passenger.
//
//	gear P|R|N|D                 select a gear
//	drive KMH|limit              hold a speed (0 to 160), or what the road allows
//	stop                         brake to a standstill and hold
//	pedal PERCENT                accelerator by hand, until the next drive or stop
//	brake PERCENT                brake by hand, until the next drive or stop
//	steer DEG|road               steering wheel angle, left positive, or follow the road
//	drift left|right|off         leave the lane without indicating
//	lead METRES KMH              a vehicle ahead; lead speed KMH changes its speed; lead off
//	obstacle PLACE METRES|off    PLACE: front or rear, alone or with .left, .center, .right
//	surface dry|wet|snow|ice     grip of the road
//	mode normal|sport|economy|snow|rain
//	cruise on|off|cancel|KMH     cruise control; a speed sets it
//	parkbrake on|off
//	power off|accessory|on       the 12 V system; on makes the car ready
//	belt SEAT on|off             seat SEAT occupied|empty
//	door DOOR open|close         trunk rear|front open|close    hood open|close
//	lock DOOR|trunk|all          unlock DOOR|trunk|all          key in|out
//	window DOOR PERCENT          sunroof PERCENT (negative: tilted)
//	mirror SIDE fold|unfold
//	indicator left|right|off     hazard on|off                  horn on|off
//	lights off|position|daytime|auto|beam                       highbeam on|off
//	fog front|rear on|off        cabinlight on|off
//	wiper off|slow|medium|fast|interval|auto                    washer on|off|fill
//	climate SIDE CELSIUS         fan SIDE PERCENT               ac on|off
//	recirculation on|off         defrost front|rear on|off
//	seatheat SIDE PERCENT        wheelheat PERCENT
//	ambient CELSIUS              humidity PERCENT               rain PERCENT
//	time HH:MM                   day                            night
//	charge plug|unplug           charge power KW                charge limit PERCENT
//	place METRES                 put the car there on its road, straight, as if it had been there
//	soc PERCENT                  odometer KM                    service KM
//	crash                        the restraint system fires
//	fault TARGET KIND [TIME]     clear TARGET|all
//	loop                         start over at 0; what the car is stays as it is
//
// Faults, for good or for a TIME such as 500ms, 2s or 1m:
//
//	bus.BUS silence                  BUS: powertrain, body, adas
//	ecu.ECU silence                  ECU: a sender of the databases, such as BCM
//	message.NAME silence|crc|counter stop it, spoil its checksum, freeze its counter
//	signal.NAME stuck|error|unavailable
//	tyre.row1.left leak|weak         weak: the sensor's battery; row1.right, row2.left, row2.right
//	lamp.lowbeam defect              highbeam, brake, parking, indicator.left, indicator.right
//	battery12v low
//	esc error, abs error, cruise error, lane error, steering error, airbag error,
//	brakefluid low, washerfluid low, isolation error, contactor error, camera blind, window.SIDE blocked
package scenario

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scenario is a list of events in the order of their times.
type Scenario struct {
	Name   string
	Events []Event
	Period time.Duration // after which it starts over; 0: never
}

// Event is one line.
type Event struct {
	At   time.Duration // from the start
	Verb string        // the first word
	Args []string      // the others, checked against the table of the package comment
	For  time.Duration // of a fault; 0: for good
}

// String is the event as it stands in a file, without its time.
func (e Event) String() string {
	s := strings.Join(append([]string{e.Verb}, e.Args...), " ")
	if e.For > 0 {
		s += " " + e.For.String()
	}
	return s
}

// Number is argument i as a number; Parse has checked it. A word in place of a
// number, or a missing argument, gives ok false.
func (e Event) Number(i int) (v float64, ok bool) {
	if i >= len(e.Args) {
		return 0, false
	}
	v, err := strconv.ParseFloat(e.Args[i], 64)
	return v, err == nil
}

// Arg is argument i, "" if there is none.
func (e Event) Arg(i int) string {
	if i >= len(e.Args) {
		return ""
	}
	return e.Args[i]
}

// On says whether the last argument is one of the words that switch on.
func (e Event) On() bool {
	return len(e.Args) > 0 && slices.Contains([]string{"on", "open", "fold", "in", "occupied", "plug"}, e.Args[len(e.Args)-1])
}

// Error is what is wrong with a line: where, what, and what would be right.
type Error struct {
	File    string
	Line    int // from 1
	Message string
}

// Error is the place and the message.
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message) }

//go:embed demo.scenario
var demo []byte

// Demo is the built-in drive: about ten minutes that start over. It shows town
// and country roads, indicators, a stop in traffic, recuperation, rain, dusk and
// night, reversing into a parking space, doors and the tailgate.
func Demo() *Scenario {
	s, err := Parse("demo.scenario", demo)
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return s
}

// DemoText is the built-in drive as a file, for people to start from.
func DemoText() []byte { return bytes.Clone(demo) }

// Parse reads a scenario. All faulty lines are reported, joined, each as an
// *Error with the name given.
func Parse(name string, data []byte) (*Scenario, error) {
	s := &Scenario{Name: name}
	var problems []error
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, 1<<20)
	line, loopLine := 0, 0
	for sc.Scan() {
		line++
		text, _, _ := strings.Cut(sc.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		ev, err := parseTimed(words)
		if err != nil {
			problems = append(problems, &Error{name, line, err.Error()})
			continue
		}
		if ev.Verb == "loop" {
			if err := s.setPeriod(ev.At); err != nil {
				problems = append(problems, &Error{name, line, err.Error()})
			}
			loopLine = line
			continue
		}
		s.Events = append(s.Events, ev)
	}
	if err := sc.Err(); err != nil {
		problems = append(problems, &Error{name, line + 1, err.Error()})
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	slices.SortStableFunc(s.Events, func(a, b Event) int { return int(min(max(a.At-b.At, -1), 1)) })
	if n := len(s.Events); s.Period > 0 && n > 0 && s.Events[n-1].At >= s.Period {
		return nil, &Error{name, loopLine, fmt.Sprintf("event %q at %s is never reached: loop at %s starts over", s.Events[n-1], s.Events[n-1].At, s.Period)}
	}
	return s, nil
}

func (s *Scenario) setPeriod(at time.Duration) error {
	if s.Period > 0 {
		return errors.New("a second loop; one is enough")
	}
	if at < time.Second {
		return errors.New("loop needs a time of 1 s at least")
	}
	s.Period = at
	return nil
}

// maxSeconds is a year: a longer time is a mistake.
const maxSeconds = 366 * 24 * 3600

func parseTimed(words []string) (Event, error) {
	sec, err := strconv.ParseFloat(words[0], 64)
	if err != nil || !(sec >= 0 && sec <= maxSeconds) {
		return Event{}, fmt.Errorf("%q is no time: a line starts with seconds, as in 12.5 gear D", words[0])
	}
	if len(words) == 1 {
		return Event{}, fmt.Errorf("no event after the time; %s", oneOf("known events", Verbs()))
	}
	ev, err := parseEvent(words[1:])
	ev.At = time.Duration(sec*1000+0.5) * time.Millisecond
	return ev, err
}

// ParseEvent reads one event without a time, as in "door row1.driver open".
func ParseEvent(text string) (Event, error) {
	text, _, _ = strings.Cut(text, "#")
	words := strings.Fields(text)
	if len(words) == 0 {
		return Event{}, errors.New("empty event; " + oneOf("known events", Verbs()))
	}
	ev, err := parseEvent(words)
	if err == nil && ev.Verb == "loop" {
		err = errors.New("loop only has a meaning in a file")
	}
	return ev, err
}
