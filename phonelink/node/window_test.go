package node_test

import (
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/node"
)

// TestPairingLapses: when the time of the screen is over it goes; neither the
// code nor a yes that comes a moment later pairs anybody.
func TestPairingLapses(t *testing.T) {
	car, phone, late := newCar(t, node.Config{}), newPhone(t, "Ana's phone", node.Config{}), newPhone(t, "Late", node.Config{})
	car.must(phonelink.OpenPairing{})
	qr := car.until("a code", func(v *phonelink.View) bool { return v.Pairing != nil }).Pairing.QR
	result := make(chan error, 1)
	go func() {
		result <- phone.PairCode(within(t), car.Addr().String(), func(string) bool { return true })
	}()
	car.until("a code to compare", func(v *phonelink.View) bool {
		return v.Pairing != nil && len(v.Pairing.Tries) == 1 && v.Pairing.Tries[0].Code != ""
	})
	must(t, node.ConfirmLate(car.Node, phone.Self()))
	car.until("a closed screen", func(v *phonelink.View) bool { return v.Pairing == nil })
	if err := <-result; err == nil {
		t.Error("a yes after the screen's time paired")
	}
	if err := late.PairWith(within(t), qr); err == nil {
		t.Error("the code worked after the screen's time")
	}
	if v := car.view(); len(v.Phones) != 0 {
		t.Errorf("got %+v paired, want nobody", v.Phones)
	}
}
