package kdeconnect

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestPairMachine(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ts := now.Unix()
	open := func(w pairWhat) pairInput { return pairInput{What: w, Window: true} }
	peer := func(at int64) pairInput { return pairInput{What: peerYes, Time: at, Window: true} }
	shut := func(w pairWhat) pairInput { return pairInput{What: w, Time: ts} }
	type step struct {
		after time.Duration
		in    pairInput
		want  []pairDo
		err   error
	}
	for name, c := range map[string]struct {
		version int
		steps   []step
		phase   pairPhase
	}{
		"asked here, phone first":  {8, []step{{0, open(sayAsk), []pairDo{doAsk, doShow}, nil}, {0, peer(0), nil, nil}, {0, open(sayYes), []pairDo{doTrust, doDone}, nil}}, paired},
		"asked here, person first": {8, []step{{0, open(sayAsk), []pairDo{doAsk, doShow}, nil}, {0, open(sayYes), nil, nil}, {0, peer(0), []pairDo{doTrust, doDone}, nil}}, paired},
		"asked there":              {8, []step{{0, peer(ts), []pairDo{doShow}, nil}, {0, open(sayYes), []pairDo{doTrust, doYes, doDone}, nil}}, paired},
		"asked there, version 7":   {7, []step{{0, peer(0), []pairDo{doShow}, nil}, {0, open(sayYes), []pairDo{doTrust, doYes, doDone}, nil}}, paired},
		"without a time":           {8, []step{{0, peer(0), []pairDo{doNo, doRefuse}, errClock}}, unpaired},
		"clock 1800 s ahead":       {8, []step{{0, peer(ts + 1800), []pairDo{doShow}, nil}}, peerAsks},
		"clock 1801 s ahead":       {8, []step{{0, peer(ts + 1801), []pairDo{doNo, doRefuse}, errClock}}, unpaired},
		"clock 1801 s behind":      {8, []step{{0, peer(ts - 1801), []pairDo{doNo, doRefuse}, errClock}}, unpaired},
		"asked twice there":        {8, []step{{0, peer(ts), []pairDo{doShow}, nil}, {20 * time.Second, peer(ts + 20), nil, nil}, {10 * time.Second, open(sayTick), []pairDo{doNo, doDone}, errPairTime}}, unpaired},
		"yes at the end":           {8, []step{{0, peer(ts), []pairDo{doShow}, nil}, {30 * time.Second, open(sayYes), []pairDo{doNo, doDone}, errPairTime}}, unpaired},
		"phone's yes at the end":   {8, []step{{0, open(sayAsk), []pairDo{doAsk, doShow}, nil}, {0, open(sayYes), nil, nil}, {30 * time.Second, peer(0), []pairDo{doNo, doDone}, errPairTime}}, unpaired},
		"phone's no at the end":    {8, []step{{0, open(sayAsk), []pairDo{doAsk, doShow}, nil}, {30 * time.Second, open(peerNo), []pairDo{doDone}, errRejected}}, unpaired},
		"unpaired here at the end": {8, []step{{0, open(sayAsk), []pairDo{doAsk, doShow}, nil}, {30 * time.Second, open(sayDrop), []pairDo{doNo, doDone}, errRejected}}, unpaired},
		"clock 1800 s behind":      {8, []step{{0, peer(ts - 1800), []pairDo{doShow}, nil}}, peerAsks},
		"anew at once when paired": {8, []step{{0, peer(ts), []pairDo{doShow}, nil}, {0, open(sayYes), []pairDo{doTrust, doYes, doDone}, nil}, {10 * time.Second, peer(ts + 10), []pairDo{doLose, doShow}, nil}}, peerAsks},
		"phone says no":            {8, []step{{0, open(sayAsk), []pairDo{doAsk, doShow}, nil}, {0, open(peerNo), []pairDo{doDone}, errRejected}}, unpaired},
		"person says no":           {8, []step{{0, peer(ts), []pairDo{doShow}, nil}, {0, open(sayNo), []pairDo{doNo, doDone}, errRejected}}, unpaired},
		"no after the phone's yes": {8, []step{{0, open(sayAsk), []pairDo{doAsk, doShow}, nil}, {0, peer(0), nil, nil}, {0, open(sayNo), []pairDo{doNo, doDone}, errRejected}}, unpaired},
		"phone takes back its yes": {8, []step{{0, open(sayAsk), []pairDo{doAsk, doShow}, nil}, {0, peer(0), nil, nil}, {0, open(peerNo), []pairDo{doDone}, errRejected}}, unpaired},
		"window closes":            {8, []step{{0, peer(ts), []pairDo{doShow}, nil}, {0, shut(sayTick), []pairDo{doNo, doDone}, errWindow}}, unpaired},
		"yes after the window":     {8, []step{{0, peer(ts), []pairDo{doShow}, nil}, {0, shut(sayYes), []pairDo{doNo, doDone}, errWindow}}, unpaired},
		"asked there, window shut": {8, []step{{0, shut(peerYes), []pairDo{doNo, doRefuse}, errWindow}}, unpaired},
		"asked here, window shut":  {8, []step{{0, shut(sayAsk), []pairDo{doRefuse}, errWindow}}, unpaired},
		"heard again when paired":  {8, []step{{0, peer(ts), []pairDo{doShow}, nil}, {0, open(sayYes), []pairDo{doTrust, doYes, doDone}, nil}, {time.Minute, peer(ts), nil, nil}}, paired},
		"again, version 7":         {7, []step{{0, peer(0), []pairDo{doShow}, nil}, {0, open(sayYes), []pairDo{doTrust, doYes, doDone}, nil}, {29 * time.Second, peer(0), nil, nil}}, paired},
		"asked anew when paired":   {8, []step{{0, peer(ts), []pairDo{doShow}, nil}, {0, open(sayYes), []pairDo{doTrust, doYes, doDone}, nil}, {time.Minute, peer(ts + 60), []pairDo{doLose, doShow}, nil}}, peerAsks},
		"anew, version 7":          {7, []step{{0, peer(0), []pairDo{doShow}, nil}, {0, open(sayYes), []pairDo{doTrust, doYes, doDone}, nil}, {31 * time.Second, peer(0), []pairDo{doLose, doShow}, nil}}, peerAsks},
		"yes out of nothing":       {8, []step{{0, open(sayYes), nil, nil}, {0, open(peerNo), nil, nil}, {0, open(sayNo), nil, nil}, {0, open(sayTick), nil, nil}}, unpaired},
	} {
		t.Run(name, func(t *testing.T) {
			s, at := pairState{Version: c.version}, now
			for i, st := range c.steps {
				at = at.Add(st.after)
				var effects []pairEffect
				s, effects = s.next(at, st.in)
				var got []pairDo
				var err error
				for _, e := range effects {
					got = append(got, e.Do)
					err = errors.Join(err, e.Err)
				}
				if !slices.Equal(got, st.want) || !errors.Is(err, st.err) {
					t.Fatalf("step %d: got %v, %v; want %v, %v", i, got, err, st.want, st.err)
				}
			}
			if s.Phase != c.phase {
				t.Errorf("got %v, want %v", s.Phase, c.phase)
			}
		})
	}
}

func TestPairMachineWhilePaired(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		in    pairInput
		want  []pairDo
		err   error
		phase pairPhase
	}{
		"unpaired here":             {pairInput{What: sayDrop}, []pairDo{doNo, doForget}, nil, unpaired},
		"unpaired there":            {pairInput{What: peerNo}, []pairDo{doLose}, nil, unpaired},
		"forgotten, window open":    {pairInput{What: peerYes, Time: now.Unix(), Window: true}, []pairDo{doLose, doShow}, nil, peerAsks},
		"forgotten, window shut":    {pairInput{What: peerYes, Time: now.Unix()}, []pairDo{doNo, doRefuse}, errForgotten, paired},
		"forgotten, clock is wrong": {pairInput{What: peerYes, Time: 1, Window: true}, []pairDo{doNo, doRefuse}, errClock, paired},
		"forgotten, without a time": {pairInput{What: peerYes, Window: true}, []pairDo{doNo, doRefuse}, errClock, paired},
		"time passes":               {pairInput{What: sayTick}, nil, nil, paired},
	} {
		s, effects := pairState{Phase: paired, Version: 8}.next(now, c.in)
		var got []pairDo
		var err error
		for _, e := range effects {
			got, err = append(got, e.Do), errors.Join(err, e.Err)
		}
		if !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, want %v", name, err, c.err)
		}
		if name == "forgotten, clock is wrong" && s.Phase == unpaired {
			t.Errorf("%s: the trust is gone", name)
		}
		if !slices.Equal(got, c.want) || s.Phase != c.phase {
			t.Errorf("%s: got %v and %v, want %v and %v", name, got, s.Phase, c.want, c.phase)
		}
	}
}

// TestNobodyIsTrustedWithoutAPerson tries long random sequences: trust comes
// only after a yes of the person here, to a request that is open, in an open
// window, and after a yes of the peer.
func TestNobodyIsTrustedWithoutAPerson(t *testing.T) {
	const seed = 20261122
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20000 {
		s, now := pairState{Version: 7 + r.IntN(2)}, time.Unix(1_800_000_000, 0)
		person, other := false, false
		for range 12 {
			now = now.Add(time.Duration(r.IntN(12)) * time.Second)
			in := pairInput{What: pairWhat(r.IntN(7)), Window: r.IntN(8) > 0, Time: now.Unix() + int64(r.IntN(5000)-2500)}
			before := s
			var effects []pairEffect
			s, effects = s.next(now, in)
			switch {
			case before.Phase == unpaired || before.Phase == paired:
				person, other = false, in.What == peerYes
			case in.What == sayYes:
				person = true
			case in.What == peerYes:
				other = true
			}
			if before.Phase != paired && s.Phase == paired {
				if !person || !other || !in.Window || !now.Before(before.Until) {
					t.Fatalf("seed %d: %+v by %+v became paired; person %v, peer %v", seed, before, in, person, other)
				}
				if !slices.ContainsFunc(effects, func(e pairEffect) bool { return e.Do == doTrust }) {
					t.Fatalf("seed %d: paired without a pin: %v", seed, effects)
				}
			}
		}
	}
}
