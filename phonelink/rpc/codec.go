package rpc

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"tandem/phonelink"
)

var encoding = func() cbor.EncMode {
	o := cbor.CoreDetEncOptions()
	o.Time = cbor.TimeRFC3339Nano
	m, err := o.EncMode()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return m
}()

var decoding = func() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   16,
		MaxArrayElements:  1 << 16,
		MaxMapPairs:       1 << 16,
		UTF8:              cbor.UTF8RejectInvalid,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return m
}()

// byName finds the types of one interface by their names.
func byName[T any](of ...T) map[string]reflect.Type {
	m := make(map[string]reflect.Type, len(of))
	for _, v := range of {
		m[reflect.TypeOf(v).Name()] = reflect.TypeOf(v)
	}
	return m
}

var requests = byName[phonelink.Request](
	phonelink.OpenPairing{}, phonelink.ClosePairing{}, phonelink.Confirm{}, phonelink.RequestPair{}, phonelink.Unpair{},
	phonelink.SetProfile{}, phonelink.Unlock{},
	phonelink.Take{}, phonelink.Send{}, phonelink.TakeBack{}, phonelink.Accept{}, phonelink.Decline{}, phonelink.Open{},
	phonelink.Edit{}, phonelink.End{}, phonelink.Copy{}, phonelink.Loaded{}, phonelink.Playhead{},
	phonelink.Control{}, phonelink.Dismiss{}, phonelink.Reply{}, phonelink.Act{}, phonelink.SendMessage{}, phonelink.ReadThread{},
	phonelink.MuteRinger{}, phonelink.SendClipboard{}, phonelink.SendFile{}, phonelink.SendText{}, phonelink.Cancel{},
	phonelink.Ring{}, phonelink.Ping{}, phonelink.Run{}, phonelink.Lock{}, phonelink.SetVolume{}, phonelink.SetMuted{}, phonelink.Input{},
)

var actions = byName[phonelink.Action](
	phonelink.Play{}, phonelink.Seek{}, phonelink.Skip{}, phonelink.Enqueue{}, phonelink.Dequeue{}, phonelink.Move{},
	phonelink.SetLevel{}, phonelink.SetMode{}, phonelink.SetGoal{}, phonelink.AddStop{}, phonelink.DropStop{}, phonelink.Arrive{},
	phonelink.SetText{}, phonelink.Dispatch{}, phonelink.Scroll{}, phonelink.Replace{}, phonelink.Route{}, phonelink.Finish{},
)

// document is a phonelink.Document with its kind; Kind 0 is none.
type document struct {
	Kind phonelink.Kind
	Body cbor.RawMessage `cbor:",omitempty"`
}

func newDocument(k phonelink.Kind) (phonelink.Document, error) {
	switch k {
	case phonelink.Media:
		return new(phonelink.MediaDoc), nil
	case phonelink.Navigation:
		return new(phonelink.NavigationDoc), nil
	case phonelink.Call:
		return new(phonelink.CallDoc), nil
	case phonelink.Draft:
		return new(phonelink.DraftDoc), nil
	case phonelink.Page:
		return new(phonelink.PageDoc), nil
	case phonelink.Clipboard:
		return new(phonelink.ClipboardDoc), nil
	case phonelink.File:
		return new(phonelink.FileDoc), nil
	case phonelink.Scene:
		return new(phonelink.SceneDoc), nil
	}
	return nil, fmt.Errorf("document of %s", k)
}

func packDocument(d phonelink.Document) (document, error) {
	if d == nil || reflect.ValueOf(d).IsNil() {
		return document{}, nil
	}
	body, err := encoding.Marshal(d)
	return document{d.Kind(), body}, err
}

func (d document) unpack() (phonelink.Document, error) {
	if d.Kind == 0 {
		return nil, nil
	}
	out, err := newDocument(d.Kind)
	if err != nil {
		return nil, err
	}
	if err := decoding.Unmarshal(d.Body, out); err != nil {
		return nil, fmt.Errorf("document of %s: %w", d.Kind, err)
	}
	return out, nil
}

// view is a phonelink.View whose sessions have lost their documents, and
// these: of the sessions, then of the offers.
type view struct {
	View phonelink.View
	Docs []document
}

func encodeView(v *phonelink.View) ([]byte, error) {
	w := view{View: *v, Docs: make([]document, 0, len(v.Sessions)+len(v.Offers))}
	w.View.Sessions = slices.Clone(v.Sessions)
	w.View.Offers = slices.Clone(v.Offers)
	take := func(s *phonelink.Session) error {
		d, err := packDocument(s.Doc)
		w.Docs, s.Doc = append(w.Docs, d), nil
		return err
	}
	for i := range w.View.Sessions {
		if err := take(&w.View.Sessions[i].Session); err != nil {
			return nil, fmt.Errorf("encode the view: %w", err)
		}
	}
	for i := range w.View.Offers {
		if err := take(&w.View.Offers[i].Session.Session); err != nil {
			return nil, fmt.Errorf("encode the view: %w", err)
		}
	}
	b, err := encoding.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode the view: %w", err)
	}
	return b, nil
}

func decodeView(b []byte) (*phonelink.View, error) {
	var w view
	if err := decoding.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("read the view: %w", err)
	}
	if got, want := len(w.Docs), len(w.View.Sessions)+len(w.View.Offers); got != want {
		return nil, fmt.Errorf("read the view: has %d documents, want %d", got, want)
	}
	for i, d := range w.Docs {
		doc, err := d.unpack()
		if err != nil {
			return nil, fmt.Errorf("read the view: %w", err)
		}
		if n := len(w.View.Sessions); i < n {
			w.View.Sessions[i].Doc = doc
		} else {
			w.View.Offers[i-n].Session.Doc = doc
		}
	}
	return &w.View, nil
}

// opened is an Open whose session has lost its document.
type opened struct {
	Session phonelink.Session
	Doc     document
}

// edited is an Edit whose operation has lost its action.
type edited struct {
	Session phonelink.SessionID
	ID      phonelink.OpID
	At      phonelink.Stamp
	Name    string
	Act     cbor.RawMessage
	Doc     document // of a Replace
}

func encodeRequest(r phonelink.Request) (name string, body []byte, err error) {
	name = reflect.TypeOf(r).Name()
	if requests[name] != reflect.TypeOf(r) {
		return "", nil, fmt.Errorf("encode a request: %T is none", r)
	}
	var wire any = r
	switch r := r.(type) {
	case phonelink.Open:
		o := opened{Session: r.Session}
		o.Session.Doc = nil
		o.Doc, err = packDocument(r.Session.Doc)
		wire = o
	case phonelink.Edit:
		wire, err = packEdit(r)
	}
	if err == nil {
		body, err = encoding.Marshal(wire)
	}
	if err != nil {
		return "", nil, fmt.Errorf("encode a request %s: %w", name, err)
	}
	return name, body, nil
}

func packEdit(r phonelink.Edit) (e edited, err error) {
	act := r.Op.Act
	if act == nil || actions[reflect.TypeOf(act).Name()] != reflect.TypeOf(act) {
		return e, fmt.Errorf("action %T is none", act)
	}
	e = edited{Session: r.Session, ID: r.Op.ID, At: r.Op.At, Name: reflect.TypeOf(act).Name()}
	if replace, ok := act.(phonelink.Replace); ok {
		if e.Doc, err = packDocument(replace.Doc); err != nil {
			return e, err
		}
		act = phonelink.Replace{}
	}
	e.Act, err = encoding.Marshal(act)
	return e, err
}

func (e edited) unpack() (phonelink.Edit, error) {
	t := actions[e.Name]
	if t == nil {
		return phonelink.Edit{}, fmt.Errorf("action %q is not known", e.Name)
	}
	act := reflect.New(t)
	if err := decoding.Unmarshal(e.Act, act.Interface()); err != nil {
		return phonelink.Edit{}, fmt.Errorf("action %s: %w", e.Name, err)
	}
	a, ok := act.Elem().Interface().(phonelink.Action)
	if !ok {
		return phonelink.Edit{}, fmt.Errorf("internal error: %s is no action", e.Name)
	}
	if _, ok := a.(phonelink.Replace); ok {
		doc, err := e.Doc.unpack()
		if err != nil {
			return phonelink.Edit{}, err
		}
		a = phonelink.Replace{Doc: doc}
	}
	return phonelink.Edit{Session: e.Session, Op: phonelink.Op{ID: e.ID, At: e.At, Act: a}}, nil
}

func decodeRequest(name string, body []byte) (phonelink.Request, error) {
	fail := func(err error) (phonelink.Request, error) {
		return nil, fmt.Errorf("read a request %s: %w", name, err)
	}
	t := requests[name]
	switch {
	case t == nil:
		return nil, fmt.Errorf("read a request: %.32q is not known", name)
	case t == reflect.TypeFor[phonelink.Open]():
		var o opened
		if err := decoding.Unmarshal(body, &o); err != nil {
			return fail(err)
		}
		doc, err := o.Doc.unpack()
		if err != nil {
			return fail(err)
		}
		o.Session.Doc = doc
		return phonelink.Open{Session: o.Session}, nil
	case t == reflect.TypeFor[phonelink.Edit]():
		var e edited
		if err := decoding.Unmarshal(body, &e); err != nil {
			return fail(err)
		}
		r, err := e.unpack()
		if err != nil {
			return fail(err)
		}
		return r, nil
	}
	v := reflect.New(t)
	if err := decoding.Unmarshal(body, v.Interface()); err != nil {
		return fail(err)
	}
	r, ok := v.Elem().Interface().(phonelink.Request)
	if !ok {
		return fail(fmt.Errorf("internal error: it is no request"))
	}
	return r, nil
}
