package kdeconnect

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// carBattery is the car's traction battery, as phones are told.
type carBattery struct {
	percent  int
	charging bool
	known    bool
}

// setBattery tells the phones when the car's battery has changed.
func (s *state) setBattery(now time.Time, b carBattery) {
	if b == s.car {
		return
	}
	s.car = b
	for _, p := range s.phones {
		if p.linked() {
			s.greetBattery(now, p)
		}
	}
}

func (s *state) greetBattery(now time.Time, p *phone) {
	if s.car.known {
		s.hint(now, p, &packet.Battery{Charge: int64(s.car.percent), Charging: s.car.charging})
	}
}

// reception takes the best of the subscriptions: the one that the phone would
// use. Strength below 0 is none known.
func (p *phone) reception(b *packet.Connectivity) {
	p.network, p.signal = "", -1
	names := make([]string, 0, len(b.Signals))
	for name := range b.Signals {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := b.Signals[name]
		if int(s.Strength) > p.signal || p.network == "" {
			p.network, p.signal = line(s.Network, 32), int(min(max(s.Strength, -1), 4))
		}
	}
	if p.network == "Unknown" {
		p.network = ""
	}
}

// telephony follows one call at a time: a phone does not say which call an
// event is about.
//
//	ringing ----> talking ----> (isCancel) gone
//	   +--(isCancel)--> gone        missedCall: listed for a day
func (p *phone) telephony(now time.Time, b *packet.Telephony) {
	number, name := line(b.Number, maxTitle), line(b.Contact, maxTitle)
	if name == "" {
		name = p.book.name(number)
	}
	call := phonelink.CallView{Device: p.device, CallDoc: phonelink.CallDoc{Number: number, Name: name, Start: now, Audio: p.device}}
	switch b.Event {
	case "ringing":
		call.State = phonelink.CallRinging
	case "talking":
		call.State = phonelink.CallActive
	case "missedCall":
		if b.Cancel {
			return
		}
		call.State = phonelink.CallMissed
		p.missed = append([]phonelink.CallView{call}, p.missed...)
		p.missed = p.missed[:min(len(p.missed), maxMissed)]
		if p.call != nil && p.call.State == phonelink.CallRinging {
			p.call = nil
		}
		return
	default: // "sms", which the message plugin says better
		return
	}
	switch {
	case b.Cancel && p.call != nil && p.call.State == call.State:
		p.call = nil
	case b.Cancel:
	case p.call != nil && p.call.State == call.State && p.call.Number == call.Number:
		p.call.Name = name // said again: it goes on since it began
	default:
		p.call = &call
	}
}

// mute silences the ringing.
func (s *state) mute(now time.Time, p *phone) error {
	if !may(p.takes, "kdeconnect.telephony.request_mute") && may(p.takes, "kdeconnect.telephony.request") {
		return s.tell(now, p, &packet.TelephonyRequest{Action: "mute"})
	}
	return s.tell(now, p, &packet.TelephonyMute{})
}

func (s *state) commands(p *phone, b *packet.RunCommand) {
	list, err := b.Commands()
	if err != nil {
		s.log.Debug("commands not understood", "device", p.device, "err", err)
		return
	}
	p.live.commands = nil
	for key, c := range list {
		if len(p.live.commands) == maxCommands {
			break
		}
		p.live.commands = append(p.live.commands, phonelink.PhoneCommand{Key: key, Name: line(c.Name, maxTitle)})
	}
	slices.SortFunc(p.live.commands, func(a, b phonelink.PhoneCommand) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Key, b.Key))
	})
}

// run asks for one of the commands that the phone offers, and no other.
func (s *state) run(now time.Time, p *phone, key string) error {
	if !slices.ContainsFunc(p.live.commands, func(c phonelink.PhoneCommand) bool { return c.Key == key }) {
		return refuse(phonelink.RefusedUnknown, "%s offers no such command.", p.name)
	}
	return s.tell(now, p, &packet.RunCommandRequest{Key: key})
}

// volume takes the list of the device's outputs, or a change of one.
func (p *phone) volume(b *packet.SystemVolume) {
	if b.HasSinks() {
		p.sinks = b.Sinks[:min(len(b.Sinks), maxSinks)]
	}
	for i := range p.sinks {
		if p.sinks[i].Name != b.Name {
			continue
		}
		if b.Volume != nil {
			p.sinks[i].Volume = *b.Volume
		}
		if b.Muted != nil {
			p.sinks[i].Muted = *b.Muted
		}
		if b.Enabled != nil {
			p.sinks[i].Enabled = *b.Enabled
		}
	}
}

// setVolume sets an output; "" is the one in use, or the first.
func (s *state) setVolume(now time.Time, p *phone, output string, percent int) error {
	sink, err := p.sink(output)
	if err != nil {
		return err
	}
	v := math.Round(mostOf(sink) * float64(max(0, min(percent, 100))) / 100)
	return s.tell(now, p, &packet.SystemVolumeRequest{Name: sink.Name, Volume: &v})
}

// setMuted mutes an output, or not.
func (s *state) setMuted(now time.Time, p *phone, output string, muted bool) error {
	sink, err := p.sink(output)
	if err != nil {
		return err
	}
	return s.tell(now, p, &packet.SystemVolumeRequest{Name: sink.Name, Muted: &muted})
}

// sink is one of the outputs that the phone has named, and no other.
func (p *phone) sink(output string) (packet.Sink, error) {
	if len(p.sinks) == 0 {
		return packet.Sink{}, refuse(phonelink.RefusedUnsupported, "%s does not let its volume be set.", p.name)
	}
	if output == "" {
		return p.sinks[max(0, slices.IndexFunc(p.sinks, func(k packet.Sink) bool { return k.Enabled }))], nil
	}
	i := slices.IndexFunc(p.sinks, func(k packet.Sink) bool { return k.Name == output })
	if i < 0 {
		return packet.Sink{}, refuse(phonelink.RefusedUnknown, "%s has no such output.", p.name)
	}
	return p.sinks[i], nil
}

// mostOf is the volume that is 100 percent.
func mostOf(k packet.Sink) float64 {
	if k.MaxVolume == 0 {
		return 100
	}
	return k.MaxVolume
}

// outputs are the sinks as a shell shows them, the one in use first.
func (p *phone) outputs() (out []phonelink.Output) {
	for _, k := range p.sinks {
		o := phonelink.Output{Name: k.Name, Title: line(k.Description, maxTitle), Muted: k.Muted,
			Volume: int(math.Round(min(100*k.Volume/mostOf(k), 1000)))}
		if k.Enabled {
			out = slices.Insert(out, 0, o)
		} else {
			out = append(out, o)
		}
	}
	return out
}

// ownSink is the name of this device's output, as phones know it: the volume of
// the first of its players.
const ownSink = "tandem"

// volumeAsked takes what a phone asks of this device's output.
func (s *state) volumeAsked(now time.Time, p *phone, b *packet.SystemVolumeRequest) {
	if len(s.media) == 0 {
		return
	}
	m := s.media[0]
	if b.RequestSinks {
		s.hint(now, p, &packet.SystemVolume{Sinks: []packet.Sink{{Name: ownSink, Description: m.name(), Volume: math.Round(m.Doc.Volume * 100),
			MaxVolume: 100, Muted: m.Doc.Volume == 0, Enabled: true}}})
	}
	if b.Name != ownSink {
		return
	}
	level := func(v float64) {
		s.out = append(s.out, askEffect{phonelink.Edit{Session: m.Session, Op: phonelink.Op{Act: phonelink.SetLevel{Volume: v}}}})
	}
	switch {
	case b.Muted != nil && *b.Muted:
		level(0)
	case b.Volume != nil:
		level(min(*b.Volume, 100) / 100)
	}
}
