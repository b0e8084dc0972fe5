package cmd_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/player"
	"tandem/vehicle"
)

// pretend is a phone's node with a car that does at once what it is asked, for
// the screen and the texts; the real ones meet in phone_node_test.go.
type pretend struct {
	mu      sync.Mutex
	view    *phonelink.View
	watches map[chan struct{}]bool
	made    byte
	log     []phonelink.Request
}

const theCar phonelink.Device = "tdcar"

func newPretend() *pretend {
	return &pretend{
		watches: map[chan struct{}]bool{},
		view:    &phonelink.View{Self: "tdphone", Name: "Ada's phone", Profile: "owner"},
	}
}

type pretendWatch struct {
	p *pretend
	c chan struct{}
}

func (w pretendWatch) C() <-chan struct{}    { return w.c }
func (w pretendWatch) View() *phonelink.View { w.p.mu.Lock(); defer w.p.mu.Unlock(); return w.p.view }
func (w pretendWatch) Close()                { w.p.mu.Lock(); defer w.p.mu.Unlock(); delete(w.p.watches, w.c) }

func (p *pretend) Watch() phonelink.Watch {
	c := make(chan struct{}, 1)
	c <- struct{}{}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watches[c] = true
	return pretendWatch{p, c}
}

func (p *pretend) Run(ctx context.Context) error {
	p.change(func(*phonelink.View) {})
	<-ctx.Done()
	return nil
}

// change shows a changed copy of the view.
func (p *pretend) change(f func(v *phonelink.View)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := *p.view
	v.Sessions, v.Offers, v.Transfers = slices.Clone(v.Sessions), slices.Clone(v.Offers), slices.Clone(v.Transfers)
	f(&v)
	p.view = &v
	for c := range p.watches {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (p *pretend) PairWith(_ context.Context, text string) error {
	if text != "tandem:good" {
		return &phonelink.Refusal{Code: phonelink.RefusedPairing, Reason: "that code was used already"}
	}
	p.pair()
	return nil
}

func (p *pretend) PairCode(_ context.Context, addr string, compare func(string) bool) error {
	if !compare("482913") {
		return errors.New("the digits differ")
	}
	p.pair()
	return nil
}

func (p *pretend) CarValues(context.Context, phonelink.Device) (map[vehicle.Path]vehicle.Value, error) {
	return map[vehicle.Path]vehicle.Value{
		vehicle.StateOfChargeDisplayed: vehicle.NumberOf(64), vehicle.BatteryRange: vehicle.NumberOf(287_000), vehicle.IsCharging: vehicle.BoolOf(true),
		vehicle.ChargingTimeToComplete: vehicle.NumberOf(2520), vehicle.DoorRow1DriverIsLocked: vehicle.BoolOf(true), vehicle.TrunkRearIsOpen: vehicle.BoolOf(true),
		vehicle.CabinTemperature: vehicle.NumberOf(23.4), vehicle.CurrentGear: vehicle.NumberOf(vehicle.GearPark),
	}, nil
}

func (p *pretend) AskCar(_ context.Context, _ phonelink.Device, path vehicle.Path, v vehicle.Value) (vehicle.Outcome, error) {
	if path == vehicle.SeatRow1DriverHeating {
		return vehicle.Outcome{}, &phonelink.Refusal{Code: phonelink.RefusedMoving, Reason: "only while the car is parked"}
	}
	if n, ok := v.Number(); ok && n > 28 {
		return vehicle.Outcome{State: vehicle.Uncertain, Reason: "no report within 2 s"}, nil
	}
	return vehicle.Outcome{State: vehicle.Done}, nil
}

func (p *pretend) pair() {
	p.change(func(v *phonelink.View) {
		v.Phones = []phonelink.Phone{{Device: theCar, Name: "Tandem One", Model: "car", Presence: phonelink.Linked, Battery: 64, Charging: true}}
	})
}

func (p *pretend) Do(_ context.Context, r phonelink.Request) (err error) {
	p.change(func(v *phonelink.View) {
		p.log = append(p.log, r)
		err = p.apply(v, r)
	})
	return err
}

func (p *pretend) apply(v *phonelink.View, r phonelink.Request) error {
	find := func(id phonelink.SessionID) *phonelink.SessionView {
		if i := slices.IndexFunc(v.Sessions, func(s phonelink.SessionView) bool { return s.ID == id }); i >= 0 {
			return &v.Sessions[i]
		}
		return &phonelink.SessionView{}
	}
	own := func(s *phonelink.SessionView, d phonelink.Device) {
		s.Rev = phonelink.Rev{Epoch: phonelink.Epoch{N: s.Rev.Epoch.N + 1, Device: d}, Seq: 1}
		s.Local = d == v.Self
		s.Render = s.Local
	}
	switch r := r.(type) {
	case phonelink.Open:
		s := phonelink.SessionView{Session: r.Session}
		p.made++
		s.ID = phonelink.NewSessionID(time.Unix(1_800_000_000, 0), [10]byte{9: p.made})
		own(&s, v.Self)
		v.Sessions = append([]phonelink.SessionView{s}, v.Sessions...)
	case phonelink.Take:
		own(find(r.Session), v.Self)
	case phonelink.Send:
		s := find(r.Session)
		own(s, r.To)
		s.TakeBack = time.Now().Add(10 * time.Minute)
	case phonelink.TakeBack:
		s := find(r.Session)
		if s.TakeBack.IsZero() {
			return &phonelink.Refusal{Code: phonelink.RefusedExpired, Reason: "too late to take it back"}
		}
		own(s, v.Self)
		s.TakeBack = time.Time{}
	case phonelink.End:
		v.Sessions = slices.DeleteFunc(v.Sessions, func(s phonelink.SessionView) bool { return s.ID == r.Session })
	case phonelink.Accept:
		i := slices.IndexFunc(v.Offers, func(o phonelink.Offer) bool { return o.Session.ID == r.Session })
		s := v.Offers[i].Session
		own(&s, v.Self)
		v.Sessions, v.Offers = append(v.Sessions, s), slices.Delete(v.Offers, i, i+1)
	case phonelink.SendFile:
		v.Transfers = append(v.Transfers, phonelink.Transfer{ID: "1", Device: r.Device, Name: filepath.Base(r.Path), Size: 2500, Done: 2500, Finished: true})
	case phonelink.Unpair:
		v.Phones = nil
	case phonelink.Edit:
		edit(find(r.Session), r.Op.Act)
	}
	return nil
}

func edit(s *phonelink.SessionView, a phonelink.Action) {
	switch d := s.Doc.(type) {
	case *phonelink.MediaDoc:
		n, now := *d, time.Now()
		n.Position, n.At = player.Where(d, now), phonelink.Stamp(now.UnixMilli())<<16
		switch a := a.(type) {
		case phonelink.Play:
			n.Playing = a.Playing
		case phonelink.Seek:
			n.Position = a.To
		case phonelink.SetLevel:
			n.Volume = a.Volume
		case phonelink.Skip:
			n.Index, n.Position = slices.IndexFunc(d.Queue, func(t phonelink.Track) bool { return t.ID == a.To }), 0
		}
		s.Doc = &n
	case *phonelink.DraftDoc:
		n := *d
		switch a := a.(type) {
		case phonelink.SetText:
			n.Text, n.Cursor = a.Text, a.Cursor
		case phonelink.Dispatch:
			n.Sent = true
		}
		s.Doc = &n
	}
}
