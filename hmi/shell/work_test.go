package shell_test

import (
	"image"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/driver/mobile"

	"tandem/hmi"
	"tandem/hmi/fynedriver"
	"tandem/hmi/paint"
	"tandem/hmi/shell"
	"tandem/phonelink"
	"tandem/vehicle"
)

// typing reports whether the on-screen keyboard has something to type into.
func (r *rig) typing() (on bool) {
	r.do(func() {
		_, on = r.s.Driver().AllWindows()[0].Canvas().Focused().(mobile.Keyboardable)
	})
	return on
}

// drawn reports whether a text is painted.
func (r *rig) drawn(text string) (on bool) {
	r.do(func() {
		for _, it := range r.s.Driver().AllWindows()[0].(*fynedriver.Window).Painter().Items() {
			on = on || it.Kind == paint.Text && it.Text() == text && !it.Visible().Empty()
		}
	})
	return on
}

// open opens a session from the list of what is under way.
func (r *rig) open(key string) {
	r.tap("Home")
	r.settle()
	r.tap("Phone")
	r.settle()
	r.tap("Ongoing")
	r.settle()
	r.do(func() { r.s.DoForTest(hmi.Read{Key: key}) })
	r.settle()
}

const draftWords = "Wir sind gerade erst los"

// setText is the operation that a draft of the scenes is changed by.
func setText(id phonelink.SessionID, text, base string) phonelink.Request {
	return phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.SetText{Text: text, Base: base, Cursor: len(text)}}}
}

// A draft that is here is read, changed with the keyboard, sent as a message,
// and sent back to the phone.
func TestDraftIsWorkedOn(t *testing.T) {
	withLink(t, shell.Asked, shell.Works, func(r *rig, l *link) {
		draft := l.view.Sessions[1]
		old := draft.Doc.(*phonelink.DraftDoc).Text
		r.tap("Phone")
		r.settle()
		r.tap("Ongoing")
		r.settle()
		r.want(`text "Café am Rosengarten"`, draftWords)
		r.tap("Open")
		r.settle()
		r.want(`text "Message draft"`, `text "to Clara Hoffmann"`, draftWords, "Brot ist dabei!", `control "Edit" on`, `control "Send now"`, `control "Send to Anas Telefon"`)
		time.Sleep(5 * time.Minute) // what Fyne draws a field with is forgotten meanwhile
		r.tap("Edit")
		r.settle()
		if !r.typing() {
			t.Fatal("no keyboard")
		}
		if !r.drawn("Brot ist dabei!") {
			t.Error("the field shows nothing")
		}
		r.ui.save(t, "draft-1280x720-writes")
		for _, k := range []string{"⇧", "J", "a", "éè", "é"} {
			r.tapText(k, 300)
		}
		r.want("Brot ist dabei!Jaé")
		r.tap("Done")
		r.settle()
		l.got(setText(draft.ID, old+"Jaé", old))
		if r.typing() {
			t.Error("done: the keyboard is still there")
		}
		r.want("Brot ist dabei!Jaé")
		r.tap("Send now")
		r.settle()
		l.got(phonelink.Edit{Session: draft.ID, Op: phonelink.Op{Act: phonelink.Dispatch{}}})
		r.want(`text "Sent"`)
		r.wantNot(`control "Edit"`, `control "Send now"`)
		r.tap("Send to Anas Telefon")
		r.settle()
		l.got(phonelink.Send{Session: draft.ID, To: anas})
		r.want(`control "Take back"`, "now on Anas Telefon")
		r.tap("Back")
		r.settle()
		r.want(`control "Ongoing" on`)
	})
}

// While the car moves nothing of a draft or a page is shown, and all that can be
// done is to send it to the phone.
func TestReaderWhileDriving(t *testing.T) {
	withLink(t, shell.Asked, shell.Works, func(r *rig, l *link) {
		for _, at := range []int{1, 2} {
			s := l.view.Sessions[at]
			r.open(s.ID.String())
			r.drive()
			r.want(`text "Its text shows when parked"`, `control "Send to Anas Telefon"`)
			r.wantNot(draftWords, "Hochfelln", "example.org", `control "Edit"`, `control "Send now"`, `control "End"`, "scan the code")
			r.tap("Send to Anas Telefon")
			time.Sleep(100 * time.Millisecond)
			l.got(phonelink.Send{Session: s.ID, To: anas})
			r.park()
			l.change(func(v *phonelink.View) { *v = *shell.Works.View(time.Now()) })
		}
		for _, q := range []phonelink.Request{setText(l.view.Sessions[1].ID, "x", ""), phonelink.Edit{Session: l.view.Sessions[1].ID, Op: phonelink.Op{Act: phonelink.Dispatch{}}}} {
			r.drive()
			r.do(func() { r.s.DoForTest(hmi.Tell{Request: q}) })
			r.settle()
			l.got()
			r.park()
			r.do(func() { r.s.DoForTest(hmi.Tell{Request: q}) })
			r.settle()
			l.got(q)
		}
	})
}

// Setting off ends the typing: what was typed is kept, the keyboard goes.
func TestWritingEndsWhenDriving(t *testing.T) {
	withLink(t, shell.Asked, shell.Works, func(r *rig, l *link) {
		draft := l.view.Sessions[1]
		old := draft.Doc.(*phonelink.DraftDoc).Text
		r.open(draft.ID.String())
		r.tap("Edit")
		r.settle()
		r.tapText("x", 300)
		r.drive()
		l.got(setText(draft.ID, old+"x", old))
		r.want(`text "Kept. Go on when parked."`, `text "Its text shows when parked"`)
		if r.typing() {
			t.Error("the keyboard is still there")
		}
		r.do(func() { r.s.DoForTest(hmi.Write{}) })
		r.do(func() { r.s.DoForTest(hmi.Typed{Text: "y"}) })
		r.settle()
		if w := r.s.State().Writing; w.On() {
			t.Errorf("driving: got %+v, want nothing written", w)
		}
		r.park()
		r.want(`control "Edit" on`)
	})
}

// Whenever the typing rests what was typed is handed on, so that a power cut
// costs two seconds of it; day and night may change meanwhile.
func TestWritingIsKeptWhileItRests(t *testing.T) {
	withLink(t, shell.Asked, shell.Works, func(r *rig, l *link) {
		draft := l.view.Sessions[1]
		old := draft.Doc.(*phonelink.DraftDoc).Text
		r.open(draft.ID.String())
		r.tap("Edit")
		r.settle()
		r.tapText("a", 300)
		l.got()
		time.Sleep(4 * time.Second)
		l.got(setText(draft.ID, old+"a", old))
		r.do(func() { r.s.DoForTest(hmi.Choose{Name: "light", Value: "day"}) })
		r.settle()
		if !r.typing() {
			t.Error("another look: the keyboard is gone")
		}
		r.tapText("b", 300)
		r.key("Back")
		r.settle()
		time.Sleep(4 * time.Second)
		l.got(setText(draft.ID, old+"ab", old+"a"))
	})
}

// A page is its title, its address and what is said honestly of the rest; the
// code to scan is for a parked car.
func TestPageIsRead(t *testing.T) {
	withLink(t, shell.Asked, shell.Works, func(r *rig, l *link) {
		page := l.view.Sessions[2]
		r.open(page.ID.String())
		r.want(`text "Hochfelln-Überschreitung: Etappe 3"`, "https://www.example.org/wandern", "Only its link came along", "scan the code")
		r.tap("End")
		r.settle()
		l.got(phonelink.End{Session: page.ID})
		r.want(`text "It is not here any more"`)
	})
}

// What is taken to be read is opened at once, if it may be read now.
func TestContinueOpensADraft(t *testing.T) {
	withLink(t, shell.Asked, shell.Calm, func(r *rig, l *link) {
		draft := shell.Works.View(time.Now()).Sessions[5]
		l.change(func(v *phonelink.View) { v.Sessions = append(v.Sessions, draft) })
		r.settle()
		r.tap("Continue")
		time.Sleep(100 * time.Millisecond)
		l.got(phonelink.Take{Session: draft.ID})
		r.want(`text "Morgen um acht?"`, "Coming from Anas Telefon")
		r.settle()
		r.want(`control "Edit" on`)
		r.tap("Back")
		r.settle()
		r.want(`control "Home" on`, `control "Open"`, `control "Send"`)
		r.drive()
		r.wantNot(`control "Open"`)
		r.want(`control "Send"`)
	})
}

// Where the car is to go is on the first screen whatever phones do, with what
// can be done about it.
func TestDestinationStaysOnHome(t *testing.T) {
	withLink(t, shell.Driving, shell.Works, func(r *rig, l *link) {
		goal := l.view.Sessions[0]
		r.want(`text "Destination"`, `text "Café am Rosengarten"`, `text "Am Wasser entlang"`)
		l.change(func(v *phonelink.View) { v.Offers = shell.Offers.View(time.Now()).Offers[1:] })
		r.settle()
		r.want(`text "Café am Rosengarten"`, `control "Accept"`)
		r.tap("Send")
		r.settle()
		l.got(phonelink.Send{Session: goal.ID, To: anas})
	})
	withLink(t, shell.Driving, shell.Lone, func(r *rig, l *link) {
		goal := l.view.Sessions[0]
		r.want(`text "Werkstatt Lindner"`, `text "No phone in reach"`, `text "Trip"`)
		l.change(func(v *phonelink.View) { v.Phones = nil })
		r.settle()
		r.want(`text "Werkstatt Lindner"`, `text "No phone in reach"`)
		l.change(func(v *phonelink.View) {
			v.Sessions[0].Title = ""
			v.Sessions[0].Doc = &phonelink.NavigationDoc{Destination: phonelink.Place{Latitude: 47.857, Longitude: 12.118}}
		})
		r.settle()
		r.want(`text "47.857° N 12.118° E"`, `text "No phone in reach"`)
		r.tap("End")
		r.settle()
		l.got(phonelink.End{Session: goal.ID})
		r.wantNot("Werkstatt Lindner")
		r.want(`text "Climate"`)
	})
}

// On a small panel a ringing call takes the place of the destination, which is
// then among what is said of the car.
func TestDestinationOnASmallPanel(t *testing.T) {
	withLink(t, shell.Driving, shell.Works, func(r *rig, l *link) {
		r.want(`text "Café am Rosengarten" 24 f2f5f8 5`)
		r.wantNot("Am Wasser entlang")
		l.change(func(v *phonelink.View) { v.Calls = shell.Rings.View(time.Now()).Calls })
		r.settle()
		r.want(`text "Clara Hoffmann"`, `text "Café am Rosengarten"`)
		if y := strings.Count(r.scene(), `control "End"`); y != 0 {
			t.Errorf("%d controls to end it, want none meanwhile", y)
		}
	}, func(c *shell.Config) { c.Size = image.Pt(800, 480) })
}

// A file is on the screen from the offer on, with who sent it, how far it is,
// why it failed, and where it is.
func TestFilesOnTheWay(t *testing.T) {
	withLink(t, shell.Driving, shell.Busy, func(r *rig, l *link) {
		file := phonelink.SessionView{Session: phonelink.Session{ID: phonelink.SessionID{9}, Kind: phonelink.File, Doc: &phonelink.FileDoc{Name: "Karte.gpx", Size: 81_000}}, OnPhone: anas}
		l.change(func(v *phonelink.View) {
			v.Offers = append(v.Offers, phonelink.Offer{Session: file, From: anas, Why: phonelink.OfferSent, Until: time.Now().Add(time.Minute)})
		})
		r.tap("Phone")
		r.settle()
		r.tap("Files")
		r.settle()
		r.want(`text "Karte.gpx"`, `text "Waits for a yes · 81\u00a0kB"`, `text "from Anas Telefon"`)
		r.tap("Accept")
		time.Sleep(100 * time.Millisecond)
		l.got(phonelink.Accept{Session: file.ID})
		l.change(func(v *phonelink.View) {
			s := session(v, file.ID)
			s.Local, s.Handoff, s.Progress = false, phonelink.Preparing, 0.5
		})
		r.settle()
		r.want(`text "50\u00a0% · 81\u00a0kB"`, `text "from Anas Telefon"`)
		r.tap("Cancel")
		r.settle()
		l.got(phonelink.Cancel{Transfer: file.ID.String()})
		r.tap("IMG_2041.jpg")
		r.settle()
		r.want(`text "Received · 5.2\u00a0MB"`, `text "from Bens Galaxy · in …/profiles/owner/files"`)
		r.wantNot(`control "Cancel"`)
		r.tap("Urlaub.zip")
		r.settle()
		r.want(`text "Failed · from Bens Galaxy"`, `text "no space left on device"`)
	})
}

// The list has all of it, page by page.
func TestOngoingIsTurned(t *testing.T) {
	withLink(t, shell.Asked, shell.Works, func(r *rig, l *link) {
		r.tap("Phone")
		r.settle()
		r.tap("Ongoing")
		r.settle()
		seen := r.scene()
		for range 2 {
			r.tap("Further down")
			r.settle()
			seen += r.scene()
		}
		for _, s := range []string{"Café am Rosengarten", "Wir sind gerade", "Hochfelln", "Am Wasser entlang", "Werkstatt Lindner", "Morgen um acht?", "Clipboard"} {
			if !strings.Contains(seen, s) {
				t.Errorf("no %s on any page", s)
			}
		}
		r.want(`control "Further down" disabled`)
		r.car.report(0, values{vehicle.Speed: vehicle.NumberOf(50)})
		r.settle()
		r.wantNot("Morgen um acht?")
	})
}
