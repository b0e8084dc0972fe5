package kdeconnect

import (
	"errors"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/kdeconnect/packet"
)

// request carries out what a person wants of one phone.
func (s *state) request(now time.Time, r phonelink.Request, f *openFile) error {
	d, ok := deviceOf(r)
	if !ok {
		return refuse(phonelink.RefusedUnsupported, "KDE Connect has no such request: %T.", r)
	}
	p := s.phones[d]
	if p == nil {
		return refuse(phonelink.RefusedUnknown, "No phone of KDE Connect is called %s.", d)
	}
	if s.profile == phonelink.Guest && !guestMay(r) {
		return refuse(phonelink.RefusedProfile, "A guest has media and destinations only.")
	}
	switch r := r.(type) {
	case phonelink.Control:
		return s.controlPlayer(now, p, r)
	case phonelink.Dismiss:
		return s.dismiss(now, p, r.ID)
	case phonelink.Reply:
		return s.reply(now, p, r.ID, r.Text)
	case phonelink.Act:
		return s.act(now, p, r.ID, r.Action)
	case phonelink.SendMessage:
		return s.sendMessage(now, p, r.To, r.Text)
	case phonelink.ReadThread:
		return s.readThread(now, p, r.ID)
	case phonelink.MuteRinger:
		return s.mute(now, p)
	case phonelink.SendClipboard:
		return s.sendClipboard(now, p, r.Text)
	case phonelink.SendText:
		return s.sendText(now, p, r.Text)
	case phonelink.SendFile:
		return s.sendFile(now, p, f.file, f.info)
	case phonelink.Ring:
		return s.tell(now, p, &packet.FindMyPhone{})
	case phonelink.Ping:
		return s.tell(now, p, &packet.Ping{Message: r.Text})
	case phonelink.Run:
		return s.run(now, p, r.Key)
	case phonelink.Lock:
		yes := true
		return s.tell(now, p, &packet.LockRequest{SetLocked: &yes})
	case phonelink.SetVolume:
		return s.setVolume(now, p, r.Output, r.Percent)
	case phonelink.SetMuted:
		return s.setMuted(now, p, r.Output, r.Muted)
	case phonelink.Input:
		return s.input(now, p, r)
	}
	return refuse(phonelink.RefusedUnsupported, "KDE Connect has no such request: %T.", r)
}

// deviceOf is the phone that a request names.
func deviceOf(r phonelink.Request) (phonelink.Device, bool) {
	switch r := r.(type) {
	case phonelink.Control:
		return r.Device, true
	case phonelink.Dismiss:
		return r.Device, true
	case phonelink.Reply:
		return r.Device, true
	case phonelink.Act:
		return r.Device, true
	case phonelink.SendMessage:
		return r.Device, true
	case phonelink.ReadThread:
		return r.Device, true
	case phonelink.MuteRinger:
		return r.Device, true
	case phonelink.SendClipboard:
		return r.Device, true
	case phonelink.SendFile:
		return r.Device, true
	case phonelink.SendText:
		return r.Device, true
	case phonelink.Ring:
		return r.Device, true
	case phonelink.Ping:
		return r.Device, true
	case phonelink.Run:
		return r.Device, true
	case phonelink.Lock:
		return r.Device, true
	case phonelink.SetVolume:
		return r.Device, true
	case phonelink.SetMuted:
		return r.Device, true
	case phonelink.Input:
		return r.Device, true
	}
	return "", false
}

// guestMay reports whether a guest's phone may be asked for this.
func guestMay(r phonelink.Request) bool {
	switch r.(type) {
	case phonelink.Control, phonelink.Ring, phonelink.Ping, phonelink.Dismiss:
		return true
	}
	return false
}

// answer makes a hub's error one that a shell can show.
func answer(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errAbsent):
		return refuse(phonelink.RefusedAbsent, "The phone is not in reach.")
	case errors.Is(err, errWindow):
		return refuse(phonelink.RefusedPairing, "Open the pairing screen first.")
	case errors.Is(err, errBusy):
		return refuse(phonelink.RefusedAbsent, "The phone does not answer.")
	}
	return err
}

// input sends a pointer movement or a key.
func (s *state) input(now time.Time, p *phone, r phonelink.Input) error {
	body := &packet.Mousepad{Key: r.Key, SpecialKey: int64(r.Special), DX: r.DX, DY: r.DY, Scroll: r.Scroll,
		Alt: r.Alt, Ctrl: r.Ctrl, Shift: r.Shift, Super: r.Super}
	switch r.Button {
	case "":
	case "left":
		body.SingleClick = true
	case "double":
		body.DoubleClick = true
	case "middle":
		body.MiddleClick = true
	case "right":
		body.RightClick = true
	case "hold":
		body.SingleHold = true
	case "release":
		body.SingleRelease = true
	default:
		return refuse(phonelink.RefusedUnsupported, "A pointer has no button %q.", r.Button)
	}
	return s.tell(now, p, body)
}
