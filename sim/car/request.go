package car

import (
	"context"
	"fmt"
	"strings"

	brutella "github.com/brutella/can"
	einride "go.einride.tech/can"

	"tandem/canbus"
	bd "tandem/sim/car/tandemone/bodycan"
	pt "tandem/sim/car/tandemone/powertraincan"
	"tandem/sim/scenario"
)

// request is a frame of the head unit, not yet looked at.
type request struct {
	bus  string
	id   uint32
	len  int
	data [8]byte
}

// maxInbox bounds what can wait for a step; a real control unit has less.
const maxInbox = 256

// idAdasRequest is the only request on the FD bus.
const idAdasRequest = 0x440

// lastRequest is what the control units remember of a request.
type lastRequest struct {
	counter uint8
	at      int64 // tick
}

// fresh is how long a repeated counter counts as a repetition: longer than the
// head unit waits between two frames of a request, shorter than a person.
const fresh = 50 // ticks

func (c *Car) listenClassic(l *link) error {
	l.wire.SubscribeFunc(func(f brutella.Frame) {
		if f.ID&^brutella.MaskIDSff != 0 || f.Length > 8 {
			return // extended, remote and error frames are not for us
		}
		c.post(request{l.name, f.ID, int(f.Length), f.Data})
	})
	return l.wire.ConnectAndPublish()
}

func (c *Car) listenFD(ctx context.Context, l *link) error {
	var frames [16]canbus.Frame
	for {
		n, err := l.bus.Receive(ctx, frames[:])
		for _, f := range frames[:n] {
			if f.ID == idAdasRequest && f.Flags&(canbus.Extended|canbus.Remote|canbus.Error) == 0 {
				r := request{bus: l.name, id: f.ID, len: int(f.Len)}
				copy(r.data[:], f.Payload())
				c.post(r)
			}
		}
		if err != nil {
			return err
		}
	}
}

func (c *Car) post(r request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.inbox) < maxInbox {
		c.inbox = append(c.inbox, r)
		return
	}
	c.refused.Add(1)
}

// receive looks at the requests that came since the last step, bus by bus.
func (c *Car) receive() {
	c.mu.Lock()
	inbox := c.inbox
	c.inbox = nil
	c.mu.Unlock()
	if len(inbox) == 0 {
		return
	}
	for _, bus := range busNames {
		for i := range inbox {
			if inbox[i].bus == bus && !c.take(&inbox[i]) {
				c.refused.Add(1)
			}
		}
	}
}

// take lets the control units that a frame is for act on it; false means that
// it was not in order. Frames that are not requests are none of our business.
func (c *Car) take(r *request) bool {
	f := einride.Frame{ID: r.id, Length: uint8(min(r.len, 8)), Data: r.data}
	switch {
	case r.bus == Powertrain && r.id == ptd.HuVehicleRequest.ID:
		var m pt.HuVehicleRequest
		return c.accept(r, 0x2A00, m.UnmarshalFrame(f), func() { c.vehicleRequest(&m) })
	case r.bus == Powertrain && r.id == ptd.HuChassisRequest.ID:
		var m pt.HuChassisRequest
		return c.accept(r, 0x2A02, m.UnmarshalFrame(f), func() { c.chassisRequest(&m) })
	case r.bus == Body && r.id == bdd.HuClimateRequest.ID:
		var m bd.HuClimateRequest
		return c.accept(r, 0x2B00, m.UnmarshalFrame(f), func() { c.climateRequest(&m) })
	case r.bus == Body && r.id == bdd.HuComfortRequest.ID:
		var m bd.HuComfortRequest
		return c.accept(r, 0x2B02, m.UnmarshalFrame(f), func() { c.comfortRequest(&m) })
	case r.bus == Body && r.id == bdd.HuAccessRequest.ID:
		var m bd.HuAccessRequest
		return c.accept(r, 0x2B04, m.UnmarshalFrame(f), func() { c.accessRequest(&m) })
	case r.bus == Body && r.id == bdd.HuLightRequest.ID:
		var m bd.HuLightRequest
		return c.accept(r, 0x2B06, m.UnmarshalFrame(f), func() { c.lightRequest(&m) })
	case r.bus == Body && r.id == bdd.HuTrunkRequest.ID:
		var m bd.HuTrunkRequest
		return c.accept(r, 0x2B08, m.UnmarshalFrame(f), func() { c.trunkRequest(&m) })
	case r.bus == ADAS && r.id == idAdasRequest:
		var err error
		if r.len != 3 {
			err = fmt.Errorf("expected 3 bytes, got %d", r.len)
		}
		return c.accept(r, 0x3B40, err, func() { c.adasRequest(r.data[1] >> 4 & 3) })
	}
	return true
}

// accept acts on a request whose length, checksum and counter are right (AUTOSAR
// E2E profile 1): a wrong checksum is refused, and so is a counter that repeats
// within half a second. err is what was wrong with the frame before.
func (c *Car) accept(r *request, dataID uint16, err error, act func()) bool {
	if err != nil || checksum(r.data[:r.len], dataID) != r.data[0] {
		return false
	}
	counter := r.data[1] & 0x0f
	last, known := c.requests[dataID]
	if counter > 14 || known && last.counter == counter && c.world.now-last.at < fresh {
		return false
	}
	c.requests[dataID] = lastRequest{counter, c.world.now}
	act()
	return true
}

// onOff takes a request of two bits: 0 and 1 set it, anything else is none.
func onOff[T ~uint8](v T, set *bool) {
	if v <= 1 {
		*set = v == 1
	}
}

// level takes a request of a byte from 0 to 100.
func level[T ~uint8](v T, set *float64) {
	if v <= 100 {
		*set = float64(v)
	}
}

func (c *Car) vehicleRequest(m *pt.HuVehicleRequest) {
	w := c.world
	if mode := int(m.DriveModeRequest()); mode <= modeRain {
		w.drive.mode = mode
	}
	if m.TripResetRequest() == pt.HuVehicleRequest_TripResetRequest_Reset {
		w.trip.reset()
	}
	if v := m.RawChargeLimitRequest(); v >= 50 && v <= 100 {
		w.energy.limit = float64(v)
	}
}

func (c *Car) chassisRequest(m *pt.HuChassisRequest) {
	if !c.world.motion.moving { // the car's own rule, whatever the head unit's policy says
		onOff(m.EscRequest(), &c.world.brakes.escOn)
	}
}

func (c *Car) climateRequest(m *bd.HuClimateRequest) {
	b := &c.world.cabin
	onOff(m.AirConditioningRequest(), &b.ac)
	onOff(m.RecirculationRequest(), &b.recirculate)
	onOff(m.FrontDefrostRequest(), &b.defrostFront)
	onOff(m.RearDefrostRequest(), &b.rearWindow)
	temperature := func(raw uint8, z *zone) {
		if raw >= 32 && raw <= 56 { // 16 to 28 degrees
			z.set = float64(raw) / 2
		}
	}
	temperature(uint8(m.RawTemperatureDriverRequest()), &b.zones[driverSide])
	temperature(uint8(m.RawTemperaturePassengerRequest()), &b.zones[passengerSide])
	level(m.RawFanDriverRequest(), &b.zones[driverSide].fan)
	level(m.RawFanPassengerRequest(), &b.zones[passengerSide].fan)
	if v := int(m.AirDriverRequest()); v <= airDown {
		b.zones[driverSide].air = v
	}
	if v := int(m.AirPassengerRequest()); v <= airDown {
		b.zones[passengerSide].air = v
	}
}

func (c *Car) comfortRequest(m *bd.HuComfortRequest) {
	b, w := &c.world.cabin, c.world
	level(m.RawSeatHeatDriverRequest(), &b.seatHeat[driverSide])
	level(m.RawSeatHeatPassengerRequest(), &b.seatHeat[passengerSide])
	level(m.RawWheelHeatRequest(), &b.wheelHeat)
	onOff(m.MirrorDriverFoldRequest(), &w.body.mirrors[0].folded)
	onOff(m.MirrorPassengerFoldRequest(), &w.body.mirrors[1].folded)
	onOff(m.MirrorDriverHeatRequest(), &w.body.mirrors[0].heated)
	onOff(m.MirrorPassengerHeatRequest(), &w.body.mirrors[1].heated)
	onOff(m.WindshieldHeatRequest(), &b.windshield)
}

func (c *Car) accessRequest(m *bd.HuAccessRequest) {
	b := &c.world.body
	onOff(m.LockRow1DriverRequest(), &b.doors[row1Driver].locked)
	onOff(m.LockRow1PassengerRequest(), &b.doors[row1Passenger].locked)
	onOff(m.LockRow2DriverRequest(), &b.doors[row2Driver].locked)
	onOff(m.LockRow2PassengerRequest(), &b.doors[row2Passenger].locked)
	level(m.RawWindowRow1DriverRequest(), &b.doors[row1Driver].goal)
	level(m.RawWindowRow1PassengerRequest(), &b.doors[row1Passenger].goal)
	level(m.RawWindowRow2DriverRequest(), &b.doors[row2Driver].goal)
	level(m.RawWindowRow2PassengerRequest(), &b.doors[row2Passenger].goal)
}

func (c *Car) trunkRequest(m *bd.HuTrunkRequest) {
	b := &c.world.body
	onOff(m.TrunkRearLockRequest(), &b.trunkLocked)
	if c.world.drive.current == park { // the car's own rule
		onOff(m.TrunkRearRequest(), &b.trunkWanted)
		if m.TrunkRearRequest() == bd.HuTrunkRequest_TrunkRearRequest_Open {
			b.trunkLocked = false
		}
	}
}

func (c *Car) lightRequest(m *bd.HuLightRequest) {
	if v := int(m.LightSwitchRequest()); v <= lightsBeam {
		c.world.lights.sw = v
	}
}

func (c *Car) adasRequest(lane byte) {
	onOff(lane, &c.laneOn)
}

// check says whether this car has what an event names.
func (c *Car) check(e scenario.Event) error {
	if e.Verb != "fault" {
		return nil
	}
	family, name, _ := strings.Cut(e.Arg(0), ".")
	switch family {
	case "signal":
		return oneOf(family, name, c.signals())
	case "ecu", "message":
	default:
		return nil
	}
	var known []string
	for i := range c.plan {
		s := &c.plan[i]
		if family == "ecu" {
			known = append(known, s.ecu)
			continue
		}
		known = append(known, s.name)
		if s.name == name && e.Arg(1) != "silence" && !s.guarded {
			return fmt.Errorf("message %s has no checksum and no counter", name)
		}
	}
	return oneOf(family, name, known)
}
