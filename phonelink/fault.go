package phonelink

// Faults are breaks of the protocol, for tests that show that its tests see
// them. They are set by sim/continuity and by tests, by nothing else.
type Faults uint64

// Fault is one of them.
type Fault uint8

// Faults.
const (
	NoFault          Fault = iota
	IgnoreEpoch            // take over any state, whatever its epoch
	IgnoreSeq              // take over an older state of the same epoch
	BelieveAnybody         // the owner believes who says that it owns now
	RenderUnrenewed        // render after a restart without having renewed
	ClaimAtRestart         // the heir does not wait after a restart
	NoMargin               // no margin at the end of a lease
	ClaimEarly             // the heir claims at half of the lease
	ClaimByAnybody         // who is not heir claims
	ClaimSameEpoch         // a claim does not count the epoch up
	LeaseFromAnswer        // the owner's lease counts from the answer, not from the renewal
	LeaseFromCommit        // the receiver's lease counts from COMMIT, not from READY
	RenewAny               // the heir answers renewals of any epoch
	ForgetHeir             // the owner drops an heir that was unpaired, unasked
	CommitUnready          // commit before READY
	CommitWithHeir         // commit while a third device is heir
	CommitNoCounters       // hand over without the counters of operations
	CommitUnsaved          // send COMMIT without having it on disk
	DoneUnsaved            // say DONE without having it on disk
	CommitForgotten        // forget at a restart that it was committed
	NoSilence              // go on rendering after COMMIT
	RenderReady            // render at READY
	RenderUnloaded         // render what is not loaded
	OpUnsaved              // acknowledge operations that are not on disk
	AckEarly               // acknowledge one operation more than was applied
	QueueUnsaved           // send operations that are not on disk here
	SeqForgotten           // count operations from the start again after a restart
	NoDedupe               // apply operations again
	AcceptGaps             // apply operations out of order
	DropDivergent          // do not hand on what the heir's claim did not have
	HaveUnsaved            // acknowledge copies that are not on disk
	NoRepeat               // repeat nothing
	NoDigest               // do not compare after a link came back
	IgnoreProfile          // tell everybody of everything
	PersistEphemeral       // write what must not be written
	IgnoreMoving           // render restricted content while moving
	UnknownParked          // take unknown for parked
	StampZeroWins          // let content without a time win
	SceneLate              // act on a scene that expired
	DraftLastWins          // do not merge drafts
	NoRouteBack            // leave a call's sound where it was
	EndedForgotten         // forget at a restart that sessions ended
	TakeRefused            // refuse to take back what is committed and not settled
	TakeNotFollowed        // do not ask the new owner
	WantForgotten          // forget what a peer asked for when it turns out to be in a new life
	GoneUncounted          // end what is gone without counting the state up
	CountOn                // an operation waits for one before it that may never come back
	faultCount
)

var faultNames = [faultCount]string{
	"none", "ignore-epoch", "ignore-seq", "believe-anybody", "render-unrenewed", "claim-at-restart", "no-margin", "claim-early",
	"claim-by-anybody", "claim-same-epoch", "lease-from-answer", "lease-from-commit", "renew-any", "forget-heir", "commit-unready",
	"commit-with-heir", "commit-no-counters", "commit-unsaved", "done-unsaved", "commit-forgotten", "no-silence", "render-ready",
	"render-unloaded", "op-unsaved", "ack-early", "queue-unsaved", "seq-forgotten", "no-dedupe", "accept-gaps", "drop-divergent",
	"have-unsaved", "no-repeat", "no-digest", "ignore-profile", "persist-ephemeral", "ignore-moving", "unknown-parked",
	"stamp-zero-wins", "scene-late", "draft-last-wins", "no-route-back", "ended-forgotten",
	"take-refused", "take-not-followed", "want-forgotten", "gone-uncounted",
	"count-on",
}

// String is the fault's name, as "tandem phonelink simulate --mutant" takes it.
func (f Fault) String() string {
	if f < faultCount {
		return faultNames[f]
	}
	return "unknown"
}

// AllFaults are all there are.
func AllFaults() []Fault {
	out := make([]Fault, 0, faultCount-1)
	for f := NoFault + 1; f < faultCount; f++ {
		out = append(out, f)
	}
	return out
}

// Has reports whether the fault is set.
func (fs Faults) Has(f Fault) bool { return fs>>f&1 != 0 }

// With is fs with one more.
func (fs Faults) With(f Fault) Faults { return fs | 1<<f }
