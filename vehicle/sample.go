// Package vehicle is what is known of the car, how far to trust it, and what
// may be asked of it, in the vocabulary of the COVESA Vehicle Signal
// Specification (VSS). It imports no room: it does not know that there are
// frames, screens or phones.
//
// What is asked and what is are two fields everywhere: a Command sets what is
// asked for, only a report from the car sets what is.
package vehicle

import "time"

// Path names a signal, as VSS does: "Vehicle.Speed".
type Path string

// Quality says how far a value may be trusted. Only Valid means yes.
type Quality uint8

// Qualities.
const (
	Unknown      Quality = iota // nothing has reported it yet
	Valid                       // reported, in range, within its time to live
	Stale                       // was valid; its time to live has passed
	Invalid                     // reported out of range, or a checksum or counter did not fit
	NotAvailable                // the sender says that it has no value
	Error                       // the sender says that its sensor has failed
)

func (q Quality) String() string {
	names := [...]string{"unknown", "valid", "stale", "invalid", "not available", "error"}
	if int(q) < len(names) {
		return names[q]
	}
	return "unknown"
}

// Sample is what is known of one signal at one moment.
type Sample struct {
	Value   Value     // the last reported value; its Quality says whether to use it
	Quality Quality   // as of the moment of reading
	Source  time.Time // when the sender's report reached the bus
	Since   time.Time // when Value took its present value
	Asked   Value     // what was last asked for, until the report follows or the command ends; None otherwise
}

// Number is the value of a valid numeric sample; ok is false for anything else,
// so that stale, invalid and unknown all mean no.
func (s Sample) Number() (n float64, ok bool) {
	n, ok = s.Value.Number()
	return n, ok && s.Quality == Valid
}

// Bool is the value of a valid boolean sample; ok as in Number.
func (s Sample) Bool() (b, ok bool) {
	b, ok = s.Value.Bool()
	return b, ok && s.Quality == Valid
}

// Text is the value of a valid string sample; ok as in Number.
func (s Sample) Text() (t string, ok bool) {
	t, ok = s.Value.Text()
	return t, ok && s.Quality == Valid
}

// Signal describes one leaf of the catalogue.
type Signal struct {
	Path     Path
	Actuator bool     // may be asked for
	Type     Type     // of its values
	Unit     string   // VSS unit name, "" for none
	Min, Max float64  // range of a Number; NaN where VSS gives none
	Allowed  []string // allowed texts; nil for any

	// Tolerance is how far a reported Number may be from what was asked and
	// still be it: half of the coarsest step on the way there and back. 0 means
	// a thousandth of what was asked.
	Tolerance float64
}
