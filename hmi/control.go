package hmi

import "tandem/phonelink"

// Bounds of what a phone lets be commanded.
const (
	maxCommands = 64
	maxOutputs  = 16
)

// commanded takes over what of a phone is commanded from the car: what its
// software can do, and only while it answers. Pointer and keys
// (CanRemoteControl) are not among it: they move something on a screen that
// nobody in the car sees, or that a driver would have to look at.
func (l Limits) commanded(p *Phone, x phonelink.Phone) {
	p.Commands, p.Outputs = nil, nil
	if !p.Reached() {
		return
	}
	if x.Can&phonelink.CanCommands != 0 {
		for _, c := range first(x.Commands, min(maxCommands, l.items(maxCommands))) {
			p.Commands = append(p.Commands, phonelink.PhoneCommand{Key: c.Key, Name: l.title(c.Name)})
		}
	}
	if x.Can&phonelink.CanVolume != 0 {
		for _, o := range first(x.Outputs, maxOutputs) {
			o.Title = l.title(o.Title)
			p.Outputs = append(p.Outputs, o)
		}
	}
}
