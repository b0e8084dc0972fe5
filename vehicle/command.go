package vehicle

import (
	"context"
	"fmt"
	"time"
)

// Command asks the car for something. The value is in the signal's unit.
type Command struct {
	Path   Path
	Value  Value
	Origin string        // who asks: "hmi", "phone:ID", "kuksa:TOKEN"; for policy and log
	Within time.Duration // how long to wait for the report; 0: two seconds
}

// OutcomeState is how a command ended.
type OutcomeState uint8

// Ends of a command.
const (
	Done      OutcomeState = iota // the reported signal followed
	Refused                       // nothing was sent; Reason says why
	Uncertain                     // it was sent, or may have been, and the report did not follow: it may have happened
)

func (s OutcomeState) String() string {
	return [...]string{"done", "refused", "may have happened"}[min(s, Uncertain)]
}

// Outcome is how a command ended, why, and after how long.
type Outcome struct {
	State  OutcomeState
	Reason string // for Refused and Uncertain: a sentence for a person
	Took   time.Duration
}

func (o Outcome) String() string {
	if o.Reason == "" {
		return o.State.String()
	}
	return fmt.Sprintf("%s: %s", o.State, o.Reason)
}

// Actuator carries a command to the car. It returns nil when the request is on
// its way, a *Refusal when nothing was sent, and any other error when it may
// have been sent. It does not wait for the report.
type Actuator interface {
	Actuate(ctx context.Context, c Command) error
}

// Refusal is an Actuator's no: nothing was sent.
type Refusal struct {
	Path   Path
	Reason string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s refused: %s", r.Path, r.Reason) }
