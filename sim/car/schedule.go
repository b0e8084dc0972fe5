package car

import (
	"context"
	"errors"
	"time"

	brutella "github.com/brutella/can"

	"tandem/canbus"
	bd "tandem/sim/car/tandemone/bodycan"
	pt "tandem/sim/car/tandemone/powertraincan"
)

// slot is one message of the rest-bus: who sends it, how often, and when within
// its cycle.
type slot struct {
	bus     int // index into busNames
	ecu     string
	name    string
	cycle   int64 // ticks
	phase   int64 // ticks
	dataID  uint16
	guarded bool // has counter and checksum
	encode  func(count uint8) out
}

const (
	onPowertrain = iota
	onBody
	onADAS
)

type powertrainMessages struct {
	motion      pt.EspMotion
	wheels      pt.EspWheels
	yaw         pt.EspYaw
	brake       pt.EspBrake
	pads        pt.EspPads
	steering    pt.EpsSteering
	drive       pt.VcuDrive
	cruise      pt.VcuCruise
	motor       pt.InvMotor
	thermal     pt.InvThermal
	rng         pt.VcuRange
	odometer    pt.VcuOdometer
	trip        pt.VcuTrip
	service     pt.VcuService
	pack        pt.BmsPack
	charge      pt.BmsCharge
	packThermal pt.BmsThermal
	cells       pt.BmsCells
	limits      pt.BmsLimits
	charging    pt.ObcCharging
	grid        pt.ObcGrid
	supply      pt.DcdcSupply
	restraints  pt.SrsRestraints
}

type bodyMessages struct {
	vehicle        bd.GwVehicle
	lights         bd.BcmLights
	access         bd.BcmAccess
	driverDoors    bd.DdmState
	passengerDoors bd.PdmState
	wiper          bd.BcmWiper
	ambient        bd.BcmAmbient
	clock          bd.BcmClock
	hvac           bd.HvacState
	cabin          bd.HvacCabin
	seats          bd.SeatComfort
	tyre           bd.TpmsTyre
	position       bd.TcuPosition
	travel         bd.TcuMotion
}

// reset gives the messages the start values of their databases.
func (c *Car) reset() {
	p, b := &c.pt, &c.bd
	for _, m := range []interface{ Reset() }{
		&p.motion, &p.wheels, &p.yaw, &p.brake, &p.pads, &p.steering, &p.drive, &p.cruise, &p.motor, &p.thermal, &p.rng, &p.odometer,
		&p.trip, &p.service, &p.pack, &p.charge, &p.packThermal, &p.cells, &p.limits, &p.charging, &p.grid, &p.supply, &p.restraints,
		&b.vehicle, &b.lights, &b.access, &b.driverDoors, &b.passengerDoors, &b.wiper, &b.ambient, &b.clock, &b.hvac, &b.cabin,
		&b.seats, &b.tyre, &b.position, &b.travel,
	} {
		m.Reset()
	}
}

// schedule is the rest-bus. The phases spread the load: no bus has to carry
// more than fits into a step. Within a step, frames go out in this order.
func (c *Car) schedule() []slot {
	return []slot{
		{onPowertrain, "ESP", "EspMotion", 1, 0, 0x1A01, true, c.espMotion},
		{onPowertrain, "EPS", "EpsSteering", 1, 0, 0x1B00, true, c.epsSteering},
		{onPowertrain, "VCU", "VcuDrive", 1, 0, 0x1C00, true, c.vcuDrive},
		{onPowertrain, "INV", "InvMotor", 1, 0, 0, false, c.invMotor},
		{onPowertrain, "ESP", "EspWheels", 2, 0, 0, false, c.espWheels},
		{onPowertrain, "ESP", "EspYaw", 2, 1, 0x1A04, true, c.espYaw},
		{onPowertrain, "ESP", "EspBrake", 2, 1, 0x1A06, true, c.espBrake},
		{onPowertrain, "BMS", "BmsPack", 5, 2, 0, false, c.bmsPack},
		{onPowertrain, "VCU", "VcuCruise", 10, 3, 0, false, c.vcuCruise},
		{onPowertrain, "BMS", "BmsLimits", 10, 5, 0, false, c.bmsLimits},
		{onPowertrain, "SRS", "SrsRestraints", 10, 7, 0x1D00, true, c.srsRestraints},
		{onPowertrain, "BMS", "BmsCharge", 20, 4, 0, false, c.bmsCharge},
		{onPowertrain, "BMS", "BmsCells", 20, 8, 0, false, c.bmsCells},
		{onPowertrain, "OBC", "ObcCharging", 20, 14, 0, false, c.obcCharging},
		{onPowertrain, "DCDC", "DcdcSupply", 20, 16, 0, false, c.dcdcSupply},
		{onPowertrain, "VCU", "VcuOdometer", 20, 18, 0, false, c.vcuOdometer},
		{onPowertrain, "BMS", "BmsThermal", 50, 10, 0, false, c.bmsThermal},
		{onPowertrain, "OBC", "ObcGrid", 50, 20, 0, false, c.obcGrid},
		{onPowertrain, "VCU", "VcuRange", 50, 30, 0, false, c.vcuRange},
		{onPowertrain, "INV", "InvThermal", 50, 40, 0, false, c.invThermal},
		{onPowertrain, "VCU", "VcuTrip", 100, 25, 0, false, c.vcuTrip},
		{onPowertrain, "VCU", "VcuService", 100, 35, 0, false, c.vcuService},
		{onPowertrain, "ESP", "EspPads", 100, 45, 0, false, c.espPads},

		{onBody, "BCM", "BcmLights", 5, 0, 0, false, c.bcmLights},
		{onBody, "HVAC", "HvacState", 5, 2, 0, false, c.hvacState},
		{onBody, "GW", "GwVehicle", 10, 1, 0, false, c.gwVehicle},
		{onBody, "BCM", "BcmAccess", 10, 3, 0, false, c.bcmAccess},
		{onBody, "DDM", "DdmState", 10, 4, 0, false, c.ddmState},
		{onBody, "PDM", "PdmState", 10, 6, 0, false, c.pdmState},
		{onBody, "BCM", "BcmWiper", 10, 8, 0, false, c.bcmWiper},
		{onBody, "SEAT", "SeatComfort", 10, 9, 0, false, c.seatComfort},
		{onBody, "TPMS", "TpmsTyre", 10, 5, 0, false, c.tpmsTyre},
		{onBody, "TCU", "TcuPosition", 20, 11, 0, false, c.tcuPosition},
		{onBody, "TCU", "TcuMotion", 20, 16, 0, false, c.tcuMotion},
		{onBody, "BCM", "BcmAmbient", 50, 13, 0, false, c.bcmAmbient},
		{onBody, "HVAC", "HvacCabin", 50, 38, 0, false, c.hvacCabin},
		{onBody, "BCM", "BcmClock", 100, 21, 0, false, c.bcmClock},

		{onADAS, "ADCU", "AdcuObstacles", 5, 0, 0, false, c.adcuObstacles},
		{onADAS, "ADCU", "AdcuAssist", 5, 1, 0x3A04, true, c.adcuAssist},
		{onADAS, "RADAR", "RadarObjects", 5, 2, 0, false, c.radarObjects},
		{onADAS, "CAM", "CamLane", 5, 3, 0, false, c.camLane},
		{onADAS, "PDC", "PdcSensors", 5, 4, 0, false, c.pdcSensors},
	}
}

// transmit sends what is due in this step.
func (c *Car) transmit() {
	faulty := len(c.world.faults.list) > 0
	for i := range c.plan {
		s := &c.plan[i]
		if (c.world.now-1)%s.cycle != s.phase {
			continue
		}
		l := c.buses[s.bus]
		if l.bus == nil && c.enc.meant == nil || faulty && c.silent(s, l) {
			continue
		}
		c.enc.bus, c.enc.message = l.name, s.name
		count := c.counters[i]
		o := s.encode(count)
		if s.guarded {
			if !faulty || !c.world.faults.named("message", s.name, "counter") {
				c.counters[i] = (count + 1) % 15
			}
			protect(o.data[:o.len], s.dataID)
			if faulty && c.world.faults.named("message", s.name, "crc") {
				o.data[0] ^= 0x5a
			}
			c.enc.checksum(o.data[0])
		}
		c.send(l, &o)
	}
}

// checksum tells what the checksum of the frame is.
func (e *encoder) checksum(crc byte) {
	if e.meant != nil {
		e.meant(Meaning{Bus: e.bus, Message: e.message, Signal: "CRC", Value: float64(crc), Raw: int64(crc)})
	}
}

func (c *Car) silent(s *slot, l *link) bool {
	f := &c.world.faults
	return f.named("bus", l.name, "silence") || f.named("ecu", s.ecu, "silence") || f.named("message", s.name, "silence")
}

// send puts a frame on its bus. In virtual time its stamp is the moment at
// which it would have ended on a wire: after the step began and after the
// frames before it.
func (c *Car) send(l *link, o *out) {
	if l.bus == nil {
		return
	}
	l.stamp = 0
	if c.virtual {
		l.busy = max(l.busy, c.origin+(c.world.now-1)*int64(tick)) + int64(l.duration(o))
		l.stamp = l.busy
	}
	var err error
	if l.wire != nil {
		f := brutella.Frame{ID: o.id, Length: uint8(o.len)}
		copy(f.Data[:], o.data[:o.len])
		err = l.wire.Publish(f)
	} else {
		f := &l.buf[0]
		*f = canbus.Frame{Time: l.stamp, ID: o.id, Flags: canbus.FD | canbus.BitRateSwitch, Len: uint8(o.len), Data: o.data}
		_, err = l.bus.Send(context.Background(), l.buf[:])
	}
	switch {
	case err != nil:
		c.lost.Add(1)
		if !l.failing && !errors.Is(err, canbus.ErrClosed) { // closed: the end, not a fault
			c.log.Warn("bus takes no frames", "bus", l.name, "error", err)
		}
		l.failing = true
	case l.failing:
		c.log.Info("bus takes frames again", "bus", l.name, "lost", c.lost.Load())
		l.failing = false
	}
}

// duration is how long a frame takes on the wire, with as many stuff bits as
// come on average (ISO 11898-1).
func (l *link) duration(o *out) time.Duration {
	if o.fd {
		crc := 17
		if o.len > 16 {
			crc = 21
		}
		return 30*l.bitTime + time.Duration(o.len*8*11/10+crc+12)*l.dataTime
	}
	return time.Duration(47+o.len*8*11/10) * l.bitTime
}
