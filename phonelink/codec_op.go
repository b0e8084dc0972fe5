package phonelink

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// Types of operations.
const (
	opPlay uint8 = iota + 1
	opSeek
	opSkip
	opEnqueue
	opDequeue
	opMove
	opSetLevel
	opSetMode
	opSetGoal
	opAddStop
	opDropStop
	opArrive
	opSetText
	opDispatch
	opScroll
	opReplace
	opRoute
	opFinish
)

func typeOf(a Action) uint8 {
	switch a.(type) {
	case Play:
		return opPlay
	case Seek:
		return opSeek
	case Skip:
		return opSkip
	case Enqueue:
		return opEnqueue
	case Dequeue:
		return opDequeue
	case Move:
		return opMove
	case SetLevel:
		return opSetLevel
	case SetMode:
		return opSetMode
	case SetGoal:
		return opSetGoal
	case AddStop:
		return opAddStop
	case DropStop:
		return opDropStop
	case Arrive:
		return opArrive
	case SetText:
		return opSetText
	case Dispatch:
		return opDispatch
	case Scroll:
		return opScroll
	case Replace:
		return opReplace
	case Route:
		return opRoute
	case Finish:
		return opFinish
	}
	panic(fmt.Sprintf("internal error: operation %T", a))
}

func opToWire(o Op) wireOp {
	w := wireOp{ID: o.ID, At: o.At, Type: typeOf(o.Act)}
	var body any = o.Act
	if r, ok := o.Act.(Replace); ok {
		w.Kind, body = r.Doc.Kind(), r.Doc
	}
	w.Body = must(encMode.Marshal(body))
	return w
}

func (w *wireOp) op() (o Op, err error) {
	o.ID, o.At = w.ID, w.At
	if err := o.ID.check(); err != nil {
		return o, err
	}
	if len(w.Body) > MaxDocument {
		return o, fmt.Errorf("body has %d bytes, at most %d are read", len(w.Body), MaxDocument)
	}
	o.Act, err = w.action()
	return o, err
}

func (w *wireOp) action() (Action, error) {
	switch w.Type {
	case opPlay:
		return readAction[Play](w.Body)
	case opSeek:
		return readAction[Seek](w.Body)
	case opSkip:
		return readAction[Skip](w.Body)
	case opEnqueue:
		return readAction[Enqueue](w.Body)
	case opDequeue:
		return readAction[Dequeue](w.Body)
	case opMove:
		return readAction[Move](w.Body)
	case opSetLevel:
		return readAction[SetLevel](w.Body)
	case opSetMode:
		return readAction[SetMode](w.Body)
	case opSetGoal:
		return readAction[SetGoal](w.Body)
	case opAddStop:
		return readAction[AddStop](w.Body)
	case opDropStop:
		return readAction[DropStop](w.Body)
	case opArrive:
		return readAction[Arrive](w.Body)
	case opSetText:
		return readAction[SetText](w.Body)
	case opDispatch:
		return Dispatch{}, nil
	case opScroll:
		return readAction[Scroll](w.Body)
	case opReplace:
		d, err := decodeDoc(w.Kind, w.Body)
		if err != nil {
			return nil, err
		}
		return Replace{d}, nil
	case opRoute:
		return readAction[Route](w.Body)
	case opFinish:
		return Finish{}, nil
	}
	return nil, fmt.Errorf("type %d is not known", w.Type)
}

func readAction[T Action](b cbor.RawMessage) (Action, error) {
	var a T
	if len(b) == 0 {
		return a, nil
	}
	if err := decMode.Unmarshal(b, &a); err != nil {
		return nil, err
	}
	return a, nil
}

// maxEpoch bounds an epoch's number, so that no peer can count it to its end.
const maxEpoch = 1 << 40

func (e Epoch) check() error {
	if e.N < 1 || e.N > maxEpoch {
		return fmt.Errorf("epoch %d is out of range", e.N)
	}
	return e.Device.check()
}

// maxDevice bounds the bytes of a device's name.
const maxDevice = 128

func (d Device) check() error {
	if len(d) < 1 || len(d) > maxDevice {
		return fmt.Errorf("device name has %d bytes, want 1 to %d", len(d), maxDevice)
	}
	return nil
}

func (id OpID) check() error {
	if id.Seq == 0 {
		return errors.New("operation has no number")
	}
	return id.Origin.check()
}

func checkIDs(list []OpID) error {
	if len(list) > maxOrigins {
		return fmt.Errorf("operations of %d devices, at most %d are kept", len(list), maxOrigins)
	}
	for _, id := range list {
		if err := id.check(); err != nil {
			return err
		}
	}
	return nil
}

// checkSession refuses what a session may not be.
func checkSession(x *Session) error {
	if err := x.Profile.Check(); err != nil {
		return err
	}
	if x.Doc == nil || x.Doc.Kind() != x.Kind {
		return fmt.Errorf("session of kind %s has no document of that kind", x.Kind)
	}
	if x.Privacy > Ephemeral {
		return fmt.Errorf("privacy %d is not known", x.Privacy)
	}
	if len(x.Assets) > MaxAssets {
		return fmt.Errorf("session has %d assets, at most %d are kept", len(x.Assets), MaxAssets)
	}
	for _, a := range x.Assets {
		if len(a.MIME) > MaxTitle || len(a.Name) > MaxTitle || a.Size < 0 {
			return errors.New("asset has a name, type or size out of range")
		}
	}
	if len(x.Title) > MaxTitle || len(x.App) > MaxTitle {
		return fmt.Errorf("title or app has more than %d bytes", MaxTitle)
	}
	if len(x.URI) > 4096 || len(x.Web) > 4096 {
		return errors.New("address has more than 4096 bytes")
	}
	if len(x.Lease.Heir) > maxDevice {
		return fmt.Errorf("heir's name has %d bytes, at most %d", len(x.Lease.Heir), maxDevice)
	}
	for _, t := range []string{x.Title, x.App, x.URI, x.Web} {
		if !utf8.ValidString(t) {
			return errors.New("session has text that is not UTF-8")
		}
	}
	if tooBig(x.Doc) {
		return fmt.Errorf("document has more than %d bytes", MaxDocument)
	}
	return checkDoc(x.Doc)
}

// tooBig reports whether the document is above MaxDocument. Most are far from
// it, so they are measured roughly first.
func tooBig(d Document) bool {
	if roughSize(d) < MaxDocument {
		return false
	}
	b, err := encMode.Marshal(d)
	return err != nil || len(b) > MaxDocument
}

// roughSize is not less than the document's encoded size.
func roughSize(d Document) int {
	const fixed = 256
	place := func(p *Place) int { return len(p.ID) + len(p.Name) + 40 }
	switch d := d.(type) {
	case *MediaDoc:
		n := fixed + len(d.Source) + len(d.Player)
		for i := range d.Queue {
			t := &d.Queue[i]
			n += len(t.ID) + len(t.URL) + len(t.Title) + len(t.Artist) + len(t.Album) + 64
		}
		return n
	case *NavigationDoc:
		n := fixed + len(d.Preference) + place(&d.Destination)
		for i := range d.Via {
			n += place(&d.Via[i])
		}
		return n
	case *CallDoc:
		return fixed + len(d.Number) + len(d.Name) + len(d.Audio)
	case *DraftDoc:
		n := fixed + len(d.Thread) + len(d.Text) + len(d.Base) + len(d.Via) + len(d.SentBy.Origin)
		for _, t := range d.To {
			n += len(t) + 8
		}
		return n
	case *PageDoc:
		return fixed + len(d.URL) + len(d.Title)
	case *ClipboardDoc:
		return fixed + len(d.MIME) + len(d.Data)
	case *FileDoc:
		return fixed + len(d.Name)
	case *SceneDoc:
		return fixed + len(d.Entity) + len(d.State)
	}
	return MaxDocument
}

// checkDoc refuses numbers that are none and places that are nowhere.
func checkDoc(d Document) error {
	ok := true
	switch d := d.(type) {
	case *MediaDoc:
		ok = finite(d.Rate, 0, 100) && finite(d.Volume, 0, 1) && d.Index >= 0 && d.Position >= 0 && d.Loop <= LoopQueue &&
			len(d.Gone) <= maxGone
	case *NavigationDoc:
		ok = d.Destination.sane() && d.Leg >= 0 && d.Leg <= len(d.Via)
		for _, p := range d.Via {
			ok = ok && p.sane()
		}
	case *DraftDoc:
		ok = d.Cursor >= 0 && d.Cursor <= len(d.Text)
	case *PageDoc:
		ok = finite(d.Scroll, 0, 100)
	case *FileDoc:
		ok = d.Size >= 0 && d.Have >= 0
	case nil:
		ok = false
	}
	if !ok {
		return fmt.Errorf("document of %T has a number out of range", d)
	}
	return nil
}
