package restrict_test

import (
	"math"
	"testing"

	"tandem/hmi/restrict"
	"tandem/vehicle"
)

func num(v float64, q vehicle.Quality) vehicle.Sample {
	return vehicle.Sample{Value: vehicle.NumberOf(v), Quality: q}
}

func belt(on bool, q vehicle.Quality) vehicle.Sample {
	return vehicle.Sample{Value: vehicle.BoolOf(on), Quality: q}
}

const valid = vehicle.Valid

// Each row is one that a mutation of a comparison, a constant or a missing
// quality check would turn.
func TestState(t *testing.T) {
	p, d, n, r := num(126, valid), num(1, valid), num(0, valid), num(-1, valid)
	on, off := belt(true, valid), belt(false, valid)
	stand := num(0, valid)
	for _, c := range []struct {
		name              string
		speed, gear, belt vehicle.Sample
		want              restrict.State
	}{
		{"parked belted", stand, p, on, restrict.Parked},
		{"parked unbelted", stand, p, off, restrict.Parked},
		{"parked, belt unknown", stand, p, vehicle.Sample{}, restrict.Parked},
		{"traffic light", stand, d, on, restrict.Idling},
		{"neutral", stand, n, on, restrict.Idling},
		{"reverse", stand, r, on, restrict.Idling},
		{"in gear unbelted", stand, d, off, restrict.Moving},
		{"in gear, belt stale", stand, d, belt(true, vehicle.Stale), restrict.Moving},
		{"in gear, belt unknown", stand, d, vehicle.Sample{}, restrict.Moving},
		{"in gear, belt not a bool", stand, d, num(1, valid), restrict.Moving},
		{"driving", num(50, valid), d, on, restrict.Moving},
		{"rolling back", num(-3, valid), d, on, restrict.Moving},
		{"rolling back slowly in P", num(-0.5, valid), p, on, restrict.Moving},
		{"rolling in P", num(2, valid), p, on, restrict.Moving},
		{"just standing", num(0.49, valid), p, on, restrict.Parked},
		{"just moving", num(0.5, valid), p, on, restrict.Moving},
		{"speed unknown in P", vehicle.Sample{}, p, on, restrict.Moving},
		{"speed stale in P", num(0, vehicle.Stale), p, on, restrict.Moving},
		{"speed invalid in P", num(0, vehicle.Invalid), p, on, restrict.Moving},
		{"speed failed in P", num(0, vehicle.Error), p, on, restrict.Moving},
		{"speed not available in P", num(0, vehicle.NotAvailable), p, on, restrict.Moving},
		{"speed NaN in P", num(math.NaN(), valid), p, on, restrict.Moving},
		{"speed a text", vehicle.Sample{Value: vehicle.TextOf("0"), Quality: valid}, p, on, restrict.Moving},
		{"gear unknown", stand, vehicle.Sample{}, on, restrict.Moving},
		{"gear stale", stand, num(126, vehicle.Stale), on, restrict.Moving},
		{"gear beside park", stand, num(125, valid), off, restrict.Moving},
		{"gear NaN", stand, num(math.NaN(), valid), off, restrict.Moving},
	} {
		if got := restrict.Of(c.speed, c.gear, c.belt); got.State != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got.State, c.want)
		}
	}
}

func TestAllows(t *testing.T) {
	parked := restrict.Of(num(0, valid), num(126, valid), belt(false, valid))
	idling := restrict.Of(num(0, valid), num(1, valid), belt(true, valid))
	moving := restrict.Of(num(9, valid), num(1, valid), belt(true, valid))
	var none restrict.Restrictions
	for _, c := range []struct {
		name                         string
		needs                        restrict.Flags
		parked, idling, moving, zero bool
	}{
		{"essential", 0, true, true, true, true},
		{"setup", restrict.NoSetup, true, false, false, false},
		{"keyboard", restrict.NoKeyboard, true, false, false, false},
		{"video", restrict.NoVideo, true, false, false, false},
		{"message", restrict.NoTextMessage, true, false, false, false},
		{"filter", restrict.NoFiltering, true, false, false, false},
		{"dial pad", restrict.NoDialpad, true, true, false, false},
		{"content", restrict.LimitContent, true, true, false, false},
		{"transcription", restrict.NoVoiceTranscription, true, true, false, false},
		{"one allowed, one not", restrict.NoDialpad | restrict.NoSetup, true, false, false, false},
	} {
		for name, x := range map[string]struct {
			r    restrict.Restrictions
			want bool
		}{"parked": {parked, c.parked}, "idling": {idling, c.idling}, "moving": {moving, c.moving}, "zero": {none, c.zero}} {
			if got := x.r.Allows(c.needs); got != x.want {
				t.Errorf("%s %s: got %v, want %v", name, c.name, got, x.want)
			}
		}
	}
	for _, c := range []struct {
		name                 string
		r                    restrict.Restrictions
		flags                restrict.Flags
		chars, items, levels int
	}{
		{"parked", parked, 0, 0, 0, 0},
		{"idling", idling, 222, 120, 0, 0},
		{"moving", moving, 511, 120, 21, 3},
		{"zero", none, 0, 120, 21, 3},
	} {
		if c.r.Flags != c.flags || c.r.StringLimit() != c.chars || c.r.ItemLimit() != c.items || c.r.DepthLimit() != c.levels {
			t.Errorf("%s: got %d %d %d %d, want %d %d %d %d", c.name, c.r.Flags, c.r.StringLimit(), c.r.ItemLimit(), c.r.DepthLimit(), c.flags, c.chars, c.items, c.levels)
		}
	}
}

// The numbers are Android's; other programs compare them.
func TestValues(t *testing.T) {
	for i, f := range []restrict.Flags{restrict.NoDialpad, restrict.NoFiltering, restrict.LimitStringLength, restrict.NoKeyboard, restrict.NoVideo,
		restrict.LimitContent, restrict.NoSetup, restrict.NoTextMessage, restrict.NoVoiceTranscription} {
		if f != 1<<i {
			t.Errorf("flag %d: got %d, want %d", i, f, 1<<i)
		}
	}
	if restrict.FullyRestricted != 511 || restrict.Unknown != -1 || restrict.Moving != 2 {
		t.Error("the values are not Android's")
	}
	if got, want := (restrict.NoSetup | restrict.NoVideo).String(), "no-video no-setup"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if restrict.Baseline.String() != "none" || restrict.Moving.String() != "moving" || restrict.Unknown.String() != "unknown" || restrict.Idling.String() != "idling" || restrict.Parked.String() != "parked" {
		t.Error("names are wrong")
	}
}
