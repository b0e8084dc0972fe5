package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// arg is what may stand in one place: words, or a number in a range, or both.
type arg struct {
	words  []string
	num    bool
	lo, hi float64
	check  func(string) error // in place of the above
}

func words(s string) arg               { return arg{words: strings.Split(s, "|")} }
func number(lo, hi float64) arg        { return arg{num: true, lo: lo, hi: hi} }
func (a arg) or(s string) arg          { a.words = strings.Split(s, "|"); return a }
func form(args ...arg) []arg           { return args }
func forms(fs ...[]arg) [][]arg        { return fs }
func one(args ...arg) [][]arg          { return [][]arg{args} }
func checked(f func(string) error) arg { return arg{check: f} }

var (
	onOff     = words("on|off")
	openClose = words("open|close")
	side      = words("driver|passenger")
	percent   = number(0, 100)
	doorNames = "row1.driver|row1.passenger|row2.driver|row2.passenger"
	seat      = words("driver|passenger|row2.driver|row2.middle|row2.passenger")
	places    = words("front|rear|front.left|front.center|front.right|rear.left|rear.center|rear.right")
)

// grammar has the forms of each verb. fault is read by parseFault.
var grammar = map[string][][]arg{
	"gear": one(words("P|R|N|D")), "drive": one(number(0, 160).or("limit")), "stop": one(), "pedal": one(percent), "brake": one(percent),
	"steer": one(number(-540, 540).or("road")), "drift": one(words("left|right|off")),
	"lead":     forms(form(words("off")), form(words("speed"), number(0, 160)), form(number(2, 250), number(0, 160))),
	"obstacle": one(places, number(0.1, 6).or("off")), "surface": one(words("dry|wet|snow|ice")),
	"mode": one(words("normal|sport|economy|snow|rain")), "cruise": one(number(30, 160).or("on|off|cancel")), "parkbrake": one(onOff),
	"power": one(words("off|accessory|on")),
	"belt":  one(seat, onOff), "seat": one(seat, words("occupied|empty")),
	"door": one(words(doorNames), openClose), "trunk": one(words("rear|front"), openClose), "hood": one(openClose),
	"lock": one(words(doorNames + "|trunk|all")), "unlock": one(words(doorNames + "|trunk|all")), "key": one(words("in|out")),
	"window": one(words(doorNames), percent), "sunroof": one(number(-100, 100)), "mirror": one(side, words("fold|unfold")),
	"indicator": one(words("left|right|off")), "hazard": one(onOff), "horn": one(onOff),
	"lights": one(words("off|position|daytime|auto|beam")), "highbeam": one(onOff), "fog": one(words("front|rear"), onOff), "cabinlight": one(onOff),
	"wiper": one(words("off|slow|medium|fast|interval|auto")), "washer": one(words("on|off|fill")),
	"climate": one(side, number(16, 28)), "fan": one(side, percent), "ac": one(onOff), "recirculation": one(onOff), "defrost": one(words("front|rear"), onOff),
	"seatheat": one(side, percent), "wheelheat": one(percent),
	"ambient": one(number(-40, 60)), "humidity": one(percent), "rain": one(percent),
	"time": one(checked(clock)), "day": one(), "night": one(),
	"charge": forms(form(words("plug|unplug")), form(words("power"), number(1, 250)), form(words("limit"), number(50, 100))),
	"soc":    one(percent), "place": one(number(0, 100000)), "odometer": one(number(0, 4000000)), "service": one(number(-30000, 30000)), "crash": one(),
	"clear": one(checked(clearable)), "loop": one(),
}

// faults has, by target, the kinds that it can have.
var faults = map[string]string{
	"bus.powertrain": "silence", "bus.body": "silence", "bus.adas": "silence",
	"tyre.row1.left": "leak|weak", "tyre.row1.right": "leak|weak", "tyre.row2.left": "leak|weak", "tyre.row2.right": "leak|weak",
	"lamp.lowbeam": "defect", "lamp.highbeam": "defect", "lamp.brake": "defect", "lamp.parking": "defect", "lamp.indicator.left": "defect", "lamp.indicator.right": "defect",
	"battery12v": "low", "esc": "error", "abs": "error", "cruise": "error", "lane": "error", "steering": "error", "airbag": "error",
	"brakefluid": "low", "washerfluid": "low", "isolation": "error", "contactor": "error", "camera": "blind",
	"window.driver": "blocked", "window.passenger": "blocked",
}

// families have targets with a name that only the car knows.
var families = map[string]string{
	"ecu": "silence", "message": "silence|crc|counter", "signal": "stuck|error|unavailable",
}

func parseEvent(w []string) (Event, error) {
	ev := Event{Verb: w[0], Args: w[1:]}
	if ev.Verb == "fault" {
		return parseFault(ev)
	}
	fs, ok := grammar[ev.Verb]
	if !ok {
		return ev, fmt.Errorf("unknown event %q; %s", ev.Verb, oneOf("known events", Verbs()))
	}
	var err error
	for _, f := range fs {
		if err = match(ev, f); err == nil {
			return ev, nil
		}
		if len(f) > 0 && len(ev.Args) > 0 && f[0].accepts(ev.Args[0]) == nil {
			return ev, err // the form was meant
		}
	}
	if len(fs) > 1 {
		var all []string
		for _, f := range fs {
			all = append(all, usage(ev.Verb, f))
		}
		return ev, fmt.Errorf("%q: %s", ev.String(), oneOf("expected", all))
	}
	return ev, err
}

func match(ev Event, f []arg) error {
	if len(ev.Args) != len(f) {
		return fmt.Errorf("%q: expected %s", ev.String(), usage(ev.Verb, f))
	}
	for i, a := range f {
		if err := a.accepts(ev.Args[i]); err != nil {
			return fmt.Errorf("%s: %w", ev.Verb, err)
		}
	}
	return nil
}

func (a arg) accepts(s string) error {
	if a.check != nil {
		return a.check(s)
	}
	if slices.Contains(a.words, s) {
		return nil
	}
	if !a.num {
		return fmt.Errorf("unknown word %q; %s", s, oneOf("allowed", a.words))
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= a.lo && v <= a.hi) {
		return fmt.Errorf("%q is not allowed; expected %s", s, a)
	}
	return nil
}

// String is the argument as a manual has it.
func (a arg) String() string {
	switch {
	case a.check != nil:
		return "TARGET"
	case a.num && len(a.words) > 0:
		return fmt.Sprintf("a number from %g to %g, or %s", a.lo, a.hi, strings.Join(a.words, ", "))
	case a.num:
		return fmt.Sprintf("a number from %g to %g", a.lo, a.hi)
	}
	return strings.Join(a.words, "|")
}

func usage(verb string, f []arg) string {
	var b strings.Builder
	b.WriteString(verb)
	for _, a := range f {
		b.WriteString(" (" + a.String() + ")")
	}
	return b.String()
}

func parseFault(ev Event) (Event, error) {
	if n := len(ev.Args); n < 2 || n > 3 {
		return ev, errors.New("expected fault TARGET KIND [TIME], as in fault tyre.row1.left leak")
	}
	if len(ev.Args) == 3 {
		d, err := time.ParseDuration(ev.Args[2])
		if err != nil || d <= 0 {
			return ev, fmt.Errorf("fault: %q is no duration; as in 500ms, 2s, 1m", ev.Args[2])
		}
		ev.For, ev.Args = d, ev.Args[:2]
	}
	kinds, err := faultKinds(ev.Args[0])
	if err != nil {
		return ev, err
	}
	if list := strings.Split(kinds, "|"); !slices.Contains(list, ev.Args[1]) {
		return ev, fmt.Errorf("fault %s: unknown kind %q; %s", ev.Args[0], ev.Args[1], oneOf("allowed", list))
	}
	return ev, nil
}

func faultKinds(target string) (string, error) {
	if k, ok := faults[target]; ok {
		return k, nil
	}
	family, name, _ := strings.Cut(target, ".")
	if k, ok := families[family]; ok && name != "" {
		return k, nil
	}
	all := []string{"ecu.NAME", "message.NAME", "signal.NAME"}
	for t := range faults {
		all = append(all, t)
	}
	return "", fmt.Errorf("fault: unknown target %q; %s", target, oneOf("allowed", all))
}

func clearable(target string) error {
	if target == "all" {
		return nil
	}
	_, err := faultKinds(target)
	return err
}

func clock(s string) error {
	if _, err := time.Parse("15:04", s); err != nil {
		return fmt.Errorf("%q is no time of day; as in 07:30", s)
	}
	return nil
}

// Verbs are the first words of all events, sorted.
func Verbs() []string {
	out := []string{"fault"}
	for v := range grammar {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}

func oneOf(what string, list []string) string {
	list = slices.Clone(list)
	slices.Sort(list)
	return what + ": " + strings.Join(list, ", ")
}
