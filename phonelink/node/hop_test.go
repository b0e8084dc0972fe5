package node_test

import (
	"slices"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/node"
	"tandem/vehicle"
)

// offered waits for an offer of the session.
func (d *device) offered(id phonelink.SessionID, why phonelink.OfferWhy) phonelink.Offer {
	d.t.Helper()
	var out phonelink.Offer
	d.until("the offer "+string(why), func(v *phonelink.View) bool {
		i := slices.IndexFunc(v.Offers, func(o phonelink.Offer) bool { return o.Session.ID == id && o.Why == why })
		if i >= 0 {
			out = v.Offers[i]
		}
		return i >= 0
	})
	return out
}

// TestGetInAndOut: what goes on at the phone is offered when the driver gets in,
// and what goes on in the car when he gets out, the way on foot.
func TestGetInAndOut(t *testing.T) {
	car := newCar(t, node.Config{})
	phone := newPhone(t, "Ana's phone", node.Config{AskFirst: true})
	pair(t, car, phone)
	music, way := phone.open(song("One")), phone.open(route("Home"))
	quiet := phone.open(draft("not under way"))
	car.has(music, false)
	car.has(quiet, false)

	car.car.set(t, "open off P empty 0")
	node.WaitForLook(car.Node)
	car.car.set(t, "shut on P occupied 0")
	if o := car.offered(music, phonelink.OfferGetIn); o.From != phone.Self() {
		t.Errorf("got an offer of %s", o.From)
	}
	car.offered(way, phonelink.OfferGetIn)
	if slices.ContainsFunc(car.view().Offers, func(o phonelink.Offer) bool { return o.Session.ID == quiet }) {
		t.Error("what is not under way was offered")
	}
	car.must(phonelink.Accept{Session: way})
	car.has(way, true)
	car.must(phonelink.Decline{Session: music})
	car.until("no offers", func(v *phonelink.View) bool { return len(v.Offers) == 0 })
	car.must(phonelink.Take{Session: music})
	car.has(music, true)

	car.car.set(t, "open on P occupied 0")
	car.offered(way, phonelink.OfferGetOut)
	if o := phone.offered(way, phonelink.OfferSent); !o.Session.Doc.(*phonelink.NavigationDoc).Walking {
		t.Error("the way that the phone is offered is not on foot")
	}
	phone.offered(music, phonelink.OfferSent)
	phone.must(phonelink.Accept{Session: way})
	phone.has(way, true)
	car.until("one offer", func(v *phonelink.View) bool { return len(v.Offers) == 1 })

	car.car.set(t, "shut on P occupied 0") // the driver stays
	phone.until("no offers", func(v *phonelink.View) bool { return len(v.Offers) == 0 })
	car.has(music, true)
	car.offered(way, phonelink.OfferGetIn)
}

// TestCompanyKeepsTheMusic: the driver gets out, and somebody stays.
func TestCompanyKeepsTheMusic(t *testing.T) {
	for seat, want := range map[string]bool{"occupied": false, "empty": true, "unknown": true} {
		car := newCar(t, node.Config{})
		phone := newPhone(t, "Ana's phone", node.Config{AskFirst: true})
		pair(t, car, phone)
		music, way := car.open(song("One")), car.open(route("Home"))
		phone.has(music, false)
		car.car.set(t, "shut on P occupied 0 "+seat)
		node.WaitForLook(car.Node)
		car.car.set(t, "open on P occupied 0 "+seat)
		car.offered(way, phonelink.OfferGetOut)
		is := func(o phonelink.Offer) bool { return o.Session.ID == music }
		if got := slices.ContainsFunc(car.view().Offers, is); got != want {
			t.Errorf("a seat behind is %s: the music is offered %v, want %v", seat, got, want)
		}
		car.stop()
		phone.stop()
	}
}

// TestWish: a phone may ask for what is on the list, and is told the truth.
func TestWish(t *testing.T) {
	car, phone := pairOf(t)
	o, err := phone.AskCar(within(t), car.Self(), vehicle.ClimateDriverTemperature, numberOf(21))
	if err != nil || o.State != vehicle.Done {
		t.Errorf("got %v, %v; want done", o, err)
	}
	for path, v := range map[vehicle.Path]vehicle.Value{
		vehicle.DoorRow1DriverIsLocked: vehicle.BoolOf(false), vehicle.SelectedGear: numberOf(1), "": {},
	} {
		if _, err := phone.AskCar(within(t), car.Self(), path, v); codeOf(err) != phonelink.RefusedPolicy {
			t.Errorf("%s: got %v, want %s", path, err, phonelink.RefusedPolicy)
		}
	}
	car.car.mu.Lock()
	asked := slices.Clone(car.car.asked)
	car.car.mu.Unlock()
	want := vehicle.Command{Path: vehicle.ClimateDriverTemperature, Value: numberOf(21), Origin: "phone:" + string(phone.Self())}
	if len(asked) != 1 || asked[0] != want {
		t.Errorf("the car was asked %+v, want only %+v", asked, want)
	}
	values, err := phone.CarValues(within(t), car.Self())
	if gear := values[vehicle.CurrentGear]; err != nil || gear != numberOf(vehicle.GearPark) {
		t.Errorf("got %v, %v; want the gear", values, err)
	}
	if _, ok := values[vehicle.Speed]; ok {
		t.Error("the phone was told the speed")
	}
	if _, err := car.AskCar(within(t), phone.Self(), vehicle.ChargeLimit, numberOf(80)); codeOf(err) != phonelink.RefusedUnsupported {
		t.Errorf("of a phone: got %v, want %s", err, phonelink.RefusedUnsupported)
	}
	phone.stop()
	car.until("no link", func(v *phonelink.View) bool { return presence(v, phone.Self()) != phonelink.Linked })
	if _, err := car.CarValues(within(t), phone.Self()); codeOf(err) != phonelink.RefusedAbsent {
		t.Errorf("absent: got %v, want %s", err, phonelink.RefusedAbsent)
	}
}
