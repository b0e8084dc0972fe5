package vehicle_test

import (
	"testing"
	"time"

	"tandem/vehicle"
)

// known is a Reader of fixed samples.
type known map[vehicle.Path]vehicle.Sample

func (k known) Sample(_ time.Time, p vehicle.Path) vehicle.Sample { return k[p] }

func valid(v vehicle.Value) vehicle.Sample {
	return vehicle.Sample{Value: v, Quality: vehicle.Valid}
}

func num(v float64) vehicle.Sample { return valid(vehicle.NumberOf(v)) }
func yes(v bool) vehicle.Sample    { return valid(vehicle.BoolOf(v)) }

func TestPredicates(t *testing.T) {
	const speed, gear, lock = vehicle.Speed, vehicle.CurrentGear, vehicle.IsParkLockEngaged
	for _, c := range []struct {
		name string
		in   known
		want string // the predicates that hold, in the order below
	}{
		{"nothing known", known{}, ""},
		{"standing in P", known{speed: num(0), gear: num(126)}, "parked stationary known below10"},
		{"standing in P with the lock", known{speed: num(0), gear: num(126), lock: yes(true)}, "parked stationary known below10"},
		{"standing, only the lock is known", known{speed: num(0), lock: yes(true)}, "parked stationary known below10"},
		{"P, but the lock is open", known{speed: num(0), gear: num(126), lock: yes(false)}, "stationary known below10"},
		{"lock in, but in D", known{speed: num(0), gear: num(1), lock: yes(true)}, "stationary known below10"},
		{"lock open, gear unknown", known{speed: num(0), lock: yes(false)}, "stationary known below10"},
		{"in neutral", known{speed: num(0), gear: num(0)}, "stationary known below10"},
		{"in gear 127", known{speed: num(0), gear: num(127)}, "stationary known below10"},
		{"P at the limit", known{speed: num(0.49), gear: num(126)}, "parked stationary known below10"},
		{"P and rolling", known{speed: num(0.5), gear: num(126)}, "moving known below10"},
		{"P and rolling back", known{speed: num(-0.5), gear: num(126)}, "moving known below10"},
		{"P without speed", known{gear: num(126)}, ""},
		{"only standing", known{speed: num(0)}, "stationary known below10"},
		{"in R", known{speed: num(3), gear: num(-1)}, "moving reversing known below10"},
		{"in second R", known{speed: num(3), gear: num(-2)}, "moving reversing known below10"},
		{"at 10", known{speed: num(10), gear: num(1)}, "moving known"},
		{"over 10", known{speed: num(10.1), gear: num(1)}, "moving known above10"},
		{"backwards over 10", known{speed: num(-11), gear: num(-1)}, "moving reversing known above10"},
		{"charging", known{vehicle.IsCharging: yes(true), vehicle.IsChargingCableConnected: yes(true)}, "charging plugged"},
		{"plugged only", known{vehicle.IsCharging: yes(false), vehicle.IsChargingCableConnected: yes(true)}, "plugged"},
		{"belted", known{vehicle.SeatRow1DriverIsBelted: yes(true)}, "belted"},
		{"not belted", known{vehicle.SeatRow1DriverIsBelted: yes(false)}, ""},
		{"wrong types", known{speed: yes(false), gear: yes(true), lock: num(1), vehicle.IsCharging: num(1)}, ""},
	} {
		if got := holding(c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// holding lists the predicates that hold.
func holding(r vehicle.Reader) string {
	out := ""
	for _, p := range []struct {
		name  string
		holds bool
	}{
		{"parked", vehicle.Parked(epoch, r)},
		{"stationary", vehicle.Stationary(epoch, r)},
		{"moving", vehicle.Moving(epoch, r)},
		{"reversing", vehicle.Reversing(epoch, r)},
		{"charging", vehicle.Charging(epoch, r)},
		{"plugged", vehicle.Plugged(epoch, r)},
		{"belted", vehicle.Belted(epoch, r)},
		{"known", vehicle.SpeedKnown(epoch, r)},
		{"below10", vehicle.SpeedBelow(10)(epoch, r)},
		{"above10", vehicle.SpeedAbove(10)(epoch, r)},
	} {
		if p.holds {
			if out != "" {
				out += " "
			}
			out += p.name
		}
	}
	return out
}

func TestPredicatesSayNoToWhatIsNotValid(t *testing.T) {
	all := func(bad vehicle.Path, q vehicle.Quality) known {
		k := known{
			vehicle.Speed: num(0), vehicle.CurrentGear: num(126), vehicle.IsParkLockEngaged: yes(true),
			vehicle.IsCharging: yes(true), vehicle.IsChargingCableConnected: yes(true), vehicle.SeatRow1DriverIsBelted: yes(true),
		}
		s := k[bad]
		s.Quality = q
		k[bad] = s
		return k
	}
	for _, q := range []vehicle.Quality{vehicle.Stale, vehicle.Invalid, vehicle.NotAvailable, vehicle.Error} {
		for _, c := range []struct {
			bad  vehicle.Path
			want string
		}{
			{vehicle.Speed, "charging plugged belted"},
			{vehicle.CurrentGear, "stationary charging plugged belted known below10"},
			{vehicle.IsParkLockEngaged, "stationary charging plugged belted known below10"},
			{vehicle.IsCharging, "parked stationary plugged belted known below10"},
			{vehicle.IsChargingCableConnected, "parked stationary charging belted known below10"},
			{vehicle.SeatRow1DriverIsBelted, "parked stationary charging plugged known below10"},
		} {
			if got := holding(all(c.bad, q)); got != c.want {
				t.Errorf("%s %v: got %q, want %q", c.bad, q, got, c.want)
			}
		}
		moving := known{vehicle.Speed: num(50), vehicle.CurrentGear: vehicle.Sample{Value: vehicle.NumberOf(-1), Quality: q}}
		if got := holding(moving); got != "moving known above10" {
			t.Errorf("R %v: got %q", q, got)
		}
	}
}

func TestPredicateByName(t *testing.T) {
	standing := known{vehicle.Speed: num(0), vehicle.CurrentGear: num(126)}
	fast := known{vehicle.Speed: num(50), vehicle.CurrentGear: num(-1)}
	for _, c := range []struct {
		name           string
		standing, fast bool
	}{
		{"parked", true, false}, {"stationary", true, false}, {"moving", false, true}, {"reversing", false, true},
		{"speed_known", true, true}, {"charging", false, false}, {"plugged", false, false}, {"belted", false, false},
		{"speed_below_30", true, false}, {"speed_above_30", false, true}, {"speed_above_7.5", false, true}, {"speed_below_50.1", true, true},
	} {
		p, ok := vehicle.Predicate(c.name)
		if !ok {
			t.Errorf("%s is not known", c.name)
			continue
		}
		if a, b := p(epoch, standing), p(epoch, fast); a != c.standing || b != c.fast {
			t.Errorf("%s: got %v standing and %v fast, want %v and %v", c.name, a, b, c.standing, c.fast)
		}
	}
	for _, bad := range []string{"", "Parked", "not_parked", "speed_below_", "speed_below_x", "speed_below_-1", "speed_above_NaN", "speed_above_1001", "speed_10"} {
		if p, ok := vehicle.Predicate(bad); ok || p != nil {
			t.Errorf("%q is taken for a predicate", bad)
		}
	}
	if got := vehicle.Predicates(); len(got) != 10 {
		t.Errorf("got %v, want 10 names", got)
	}
}
