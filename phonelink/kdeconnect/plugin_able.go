package kdeconnect

import (
	"slices"
	"strings"

	"tandem/phonelink"
)

// adapterName is the adapter in a Candidate, a Phone and a trust.Peer.
const adapterName = "kdeconnect"

// incomingTypes are the packets that the plugins take: what phones are told,
// and the only ones that are read. Pointer and keys from a phone, commands to
// run here and this device's files are not among them.
var incomingTypes = []string{
	"kdeconnect.battery",
	"kdeconnect.battery.request",
	"kdeconnect.clipboard",
	"kdeconnect.clipboard.connect",
	"kdeconnect.connectivity_report",
	"kdeconnect.contacts.response_uids_timestamps",
	"kdeconnect.contacts.response_vcards",
	"kdeconnect.findmyphone.request",
	"kdeconnect.lock",
	"kdeconnect.mousepad.keyboardstate",
	"kdeconnect.mpris",
	"kdeconnect.mpris.request",
	"kdeconnect.notification",
	"kdeconnect.ping",
	"kdeconnect.runcommand",
	"kdeconnect.share.request",
	"kdeconnect.share.request.update",
	"kdeconnect.sms.messages",
	"kdeconnect.systemvolume",
	"kdeconnect.systemvolume.request",
	"kdeconnect.telephony",
}

// outgoingTypes are the packets that the plugins send.
var outgoingTypes = []string{
	"kdeconnect.battery",
	"kdeconnect.battery.request",
	"kdeconnect.clipboard",
	"kdeconnect.clipboard.connect",
	"kdeconnect.connectivity_report.request",
	"kdeconnect.contacts.request_all_uids_timestamps",
	"kdeconnect.contacts.request_vcards_by_uid",
	"kdeconnect.findmyphone.request",
	"kdeconnect.lock.request",
	"kdeconnect.mousepad.request",
	"kdeconnect.mpris",
	"kdeconnect.mpris.request",
	"kdeconnect.notification.action",
	"kdeconnect.notification.reply",
	"kdeconnect.notification.request",
	"kdeconnect.ping",
	"kdeconnect.runcommand.request",
	"kdeconnect.share.request",
	"kdeconnect.sms.request",
	"kdeconnect.sms.request_conversation",
	"kdeconnect.sms.request_conversations",
	"kdeconnect.systemvolume",
	"kdeconnect.systemvolume.request",
	"kdeconnect.telephony.request",
	"kdeconnect.telephony.request_mute",
}

// forGuests are the packets that a guest's phone may send: media and
// destinations, and what keeps the link in sight.
var forGuests = map[string]bool{
	"kdeconnect.battery":       true,
	"kdeconnect.mpris":         true,
	"kdeconnect.mpris.request": true,
	"kdeconnect.ping":          true,
	"kdeconnect.share.request": true,
}

func announced(kind string) bool {
	_, ok := slices.BinarySearch(incomingTypes, kind)
	return ok
}

// able is one line of the table of abilities: the phone sends and takes these
// types. "" is no demand.
type able struct {
	can   phonelink.Ability
	sends string
	takes string
}

var ables = []able{
	{phonelink.CanMedia, "kdeconnect.mpris", "kdeconnect.mpris.request"},
	{phonelink.CanNotify, "kdeconnect.notification", ""},
	{phonelink.CanReply, "kdeconnect.notification", "kdeconnect.notification.reply"},
	{phonelink.CanSMS, "kdeconnect.sms.messages", "kdeconnect.sms.request"},
	{phonelink.CanCall, "kdeconnect.telephony", ""},
	{phonelink.CanMute, "kdeconnect.telephony", "kdeconnect.telephony.request_mute"},
	{phonelink.CanFiles, "", "kdeconnect.share.request"},
	{phonelink.CanRing, "", "kdeconnect.findmyphone.request"},
	{phonelink.CanBattery, "kdeconnect.battery", ""},
	{phonelink.CanSignal, "kdeconnect.connectivity_report", ""},
	{phonelink.CanContacts, "kdeconnect.contacts.response_vcards", "kdeconnect.contacts.request_vcards_by_uid"},
	{phonelink.CanCommands, "kdeconnect.runcommand", "kdeconnect.runcommand.request"},
	{phonelink.CanVolume, "kdeconnect.systemvolume", "kdeconnect.systemvolume.request"},
	{phonelink.CanLock, "", "kdeconnect.lock.request"},
	{phonelink.CanRemoteControl, "", "kdeconnect.mousepad.request"},
}

// can is what the phone's software can do, from what it said when it was linked
// last; nothing before that.
func (p *phone) can() (out phonelink.Ability) {
	if p.takes == nil && p.sends == nil {
		return 0
	}
	for _, a := range ables {
		if (a.sends == "" || may(p.sends, a.sends)) && (a.takes == "" || may(p.takes, a.takes)) {
			out |= a.can
		}
	}
	switch {
	case !may(p.sends, "kdeconnect.clipboard"):
	case p.handheld():
		out |= phonelink.CanClipboardTap
	default:
		out |= phonelink.CanClipboard
	}
	return out
}

// handheld is a phone or tablet: one that sleeps, and that keeps its clipboard
// to itself.
func (p *phone) handheld() bool { return p.kind == "phone" || p.kind == "tablet" }

// android tells Android's app from the one on iOS, which has no notifications
// and no telephony.
func (p *phone) android() bool {
	return p.handheld() && (p.takes == nil || p.sends["kdeconnect.notification"] || p.sends["kdeconnect.telephony"] || p.sends["kdeconnect.mpris"])
}

// Hints, as sentences for a person, and their codes.
const (
	hintBattery = "On the phone, open Settings, Apps, KDE Connect, Battery and choose Unrestricted: otherwise the phone is not found while its screen is off."
	hintTap     = "Android 10 and later gives its clipboard only when you tap Send clipboard in KDE Connect's notification."
	hintMedia   = "Media goes over by pausing on the phone and playing here from what the phone reports."
	hintApple   = "On an iPhone keep KDE Connect open on the screen: iOS lets it do nothing in the background."
)

// hints says what a person should do, or know, on the phone; "" for nothing.
func (p *phone) hints() (text string, codes []phonelink.HintCode) {
	var out []string
	say := func(text string, code phonelink.HintCode) {
		out, codes = append(out, text), append(codes, code)
	}
	switch {
	case p.android():
		say(hintBattery, phonelink.HintBattery)
	case p.handheld():
		say(hintApple, phonelink.HintForeground)
	}
	can := p.can()
	if p.android() && can&phonelink.CanClipboardTap != 0 {
		say(hintTap, phonelink.HintTap)
	}
	if can&phonelink.CanMedia != 0 {
		say(hintMedia, phonelink.HintMedia)
	}
	return strings.Join(out, "\n"), codes
}
