package lang

import (
	"strings"

	"tandem/phonelink"
)

// PhoneWords is what the shell says of phones and media. %s is the name of a
// phone, of this car or of a person.
type PhoneWords struct {
	Media, Phone                                             string // screens
	Phones, Notifications, Messages, Calls, Files, PairTitle string // parts of the phone screen

	// What is under way, and its buttons.
	Continue, Accept, NotNow, PlayHere, TakeBack, Send, Mute       string
	On, To, From, Coming, Going, BackUntil                         string
	Offer, WhySent, WhyGetIn, WhyGetOut, WhyReturned, WhyCollision string
	KindMedia, KindNavigation, KindCall, KindDraft                 string
	KindPage, KindClipboard, KindFile, KindScene                   string

	// Sessions and their screens.
	Ongoing, NoOngoing, NoOngoingAdvice, Read, Edit, Done, End string
	ToWhom, Empty, SendMessage, Gone, GoneAdvice, ReadTo       string
	LinkOnly, LinkScan, BothChanged, Kept, GoalNoPhone         string

	// Phones.
	Absent, Connecting, Connected, Weak                             string
	CanHandOff, CanMedia, CanClip, CanClipTap, CanCalls, CanTexts   string
	CanNotify, CanFiles, BatterySaving, KeepOpen                    string
	FindPhone, Unpair, UnpairSure, Keep, PairPhone                  string
	NoPhones, NoPhonesAdvice, NoLink, NoLinkAdvice, Broken          string
	BrokenAdvice, LockedTitle, LockedAdvice, Signal, Charge, Unlock string

	// What of the link does not work, and what to do.
	TroubleDisk, TroubleProfile, TroubleSilent, TroubleDamaged, TroubleOthers string

	// Notifications, messages, calls.
	NoNotes, NoNotesAdvice, NoThreads, NoThreadsAdvice    string
	NoCalls, NoCallsAdvice, Hidden, NoText, Dismiss       string
	Unread, You, Sent, Ringing, Dialing, Active, Held     string
	Ended, Missed, Muted, AnswerThere, AnswerThereMute    string
	Replies                                               [4]string // sent as they stand; one tap
	NoFiles, NoFilesAdvice, Received, Delivered, Waiting  string
	Failed, InFolder, FileWaits                           string
	Cancel, SendPlace, ClipOf, ClipNone, ClipHidden, Pass string

	// Pairing.
	Scan, ScanAdvice, OrKDE, OrKDEAdvice, Compare, Same, Refuse string
	AskThere, WaitCode, ClosesIn, OneMoment                     string
	PairedWith, NotPaired, PairTime, PairMoved, PairClosed      string

	// Profiles.
	Profile, Driver, Guest, Valet, DriverAdvice, GuestAdvice, ValetAdvice string

	// Media.
	NothingPlays, NothingPlaysAdvice, Queue, Music, ThisCar string
	Play, Pause, Next, Previous, Sources, EndOfQueue        string
	SendTo, PausedThere                                     string
	Later, Earlier                                          string // pages of a list
	RefMoving, RefAbsent, RefUnknown, RefOwner, RefDeclined string
	RefMismatch, RefExpired, RefProfile, RefPairing         string
	RefUnsupported, RefPolicy, RefOther, RefUncertain       string
}

// With puts a name into one of the words.
func With(word, name string) string { return strings.Replace(word, "%s", name, 1) }

// Kind is what a session is about.
func (w *PhoneWords) Kind(k phonelink.Kind) string {
	names := [...]string{"", w.KindMedia, w.KindNavigation, w.KindCall, w.KindDraft, w.KindPage, w.KindClipboard, w.KindFile, w.KindScene}
	if int(k) < len(names) {
		return names[k]
	}
	return ""
}

// Why is what led to an offer of a phone.
func (w *PhoneWords) Why(o phonelink.OfferWhy, phone string) string {
	word := w.WhySent
	switch o {
	case phonelink.OfferGetIn:
		word = w.WhyGetIn
	case phonelink.OfferGetOut:
		word = w.WhyGetOut
	case phonelink.OfferReturned:
		word = w.WhyReturned
	case phonelink.OfferCollision:
		word = w.WhyCollision
	}
	return With(word, phone)
}

// Presence is how well a phone is reached.
func (w *PhoneWords) Presence(p phonelink.Presence) string {
	return [...]string{w.Absent, w.Connecting, w.Connected, w.Weak}[min(p, phonelink.Quiet)]
}

// Call is how far a call is.
func (w *PhoneWords) Call(s phonelink.CallState) string {
	names := [...]string{w.Ended, w.Ringing, w.Dialing, w.Active, w.Held, w.Ended, w.Missed}
	if int(s) < len(names) {
		return names[s]
	}
	return w.Ended
}

// Trouble is what of the link does not work, and what to do; "" for what is not
// known.
func (w *PhoneWords) Trouble(c phonelink.TroubleCode) string {
	switch c {
	case phonelink.TroubleDisk:
		return w.TroubleDisk
	case phonelink.TroubleProfile:
		return w.TroubleProfile
	case phonelink.TroubleSilent:
		return w.TroubleSilent
	case phonelink.TroubleDamaged:
		return w.TroubleDamaged
	case phonelink.TroubleOthers:
		return w.TroubleOthers
	}
	return ""
}

// Refused is why the phone link did not do something.
func (w *PhoneWords) Refused(c phonelink.RefusalCode) string {
	switch c {
	case phonelink.RefusedMoving:
		return w.RefMoving
	case phonelink.RefusedAbsent:
		return w.RefAbsent
	case phonelink.RefusedUnknown:
		return w.RefUnknown
	case phonelink.RefusedOwner:
		return w.RefOwner
	case phonelink.RefusedDeclined:
		return w.RefDeclined
	case phonelink.RefusedMismatch:
		return w.RefMismatch
	case phonelink.RefusedExpired:
		return w.RefExpired
	case phonelink.RefusedProfile:
		return w.RefProfile
	case phonelink.RefusedPairing:
		return w.RefPairing
	case phonelink.RefusedUnsupported:
		return w.RefUnsupported
	case phonelink.RefusedPolicy:
		return w.RefPolicy
	}
	return w.RefOther
}
