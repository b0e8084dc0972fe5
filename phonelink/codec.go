package phonelink

import (
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// The link's encoding is deterministic CBOR (RFC 8949, 4.2.1): maps with small
// integer keys, no tags, no indefinite lengths. PROTOCOL.md, section 4, is the
// description for others; keys that are not known are passed over.

// MaxMessage bounds an encoded message, in bytes.
const MaxMessage = 256 << 10

var (
	encMode = must(func() cbor.EncOptions {
		o := cbor.CoreDetEncOptions()
		o.Time, o.TimeTag = cbor.TimeUnix, cbor.EncTagNone
		o.IndefLength, o.TagsMd = cbor.IndefLengthForbidden, cbor.TagsForbidden
		return o
	}().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 16, MaxArrayElements: 4096, MaxMapPairs: 4096,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return v
}

// wireSession is a session, and a Replica, on the wire and on disk.
type wireSession struct {
	ID      SessionID       `cbor:"1,keyasint,omitzero"`
	Kind    Kind            `cbor:"2,keyasint,omitempty"`
	Profile Profile         `cbor:"3,keyasint,omitempty"`
	Epoch   Epoch           `cbor:"4,keyasint,omitzero"`
	Seq     uint64          `cbor:"5,keyasint,omitempty"`
	Stamp   Stamp           `cbor:"6,keyasint,omitempty"`
	TTL     int64           `cbor:"7,keyasint,omitempty"` // ms
	Heir    Device          `cbor:"8,keyasint,omitempty"`
	Doc     cbor.RawMessage `cbor:"9,keyasint,omitempty"`
	Assets  []Asset         `cbor:"10,keyasint,omitempty"`
	URI     string          `cbor:"11,keyasint,omitempty"`
	Web     string          `cbor:"12,keyasint,omitempty"`
	Title   string          `cbor:"13,keyasint,omitempty"`
	App     string          `cbor:"14,keyasint,omitempty"`
	Icon    [32]byte        `cbor:"15,keyasint,omitzero"`
	Needs   Needs           `cbor:"16,keyasint,omitempty"`
	Privacy Privacy         `cbor:"17,keyasint,omitempty"`
	Expires int64           `cbor:"18,keyasint,omitempty"` // s since 1970
	CopyOf  SessionID       `cbor:"19,keyasint,omitzero"`
	Applied []OpID          `cbor:"20,keyasint,omitempty"`
	Ended   bool            `cbor:"21,keyasint,omitempty"`
}

// wireOp is an operation.
type wireOp struct {
	ID   OpID            `cbor:"1,keyasint,omitzero"`
	At   Stamp           `cbor:"2,keyasint,omitempty"`
	Type uint8           `cbor:"3,keyasint,omitempty"`
	Kind Kind            `cbor:"4,keyasint,omitempty"` // of Replace's document
	Body cbor.RawMessage `cbor:"5,keyasint,omitempty"`
}

// wireMsg is any message.
type wireMsg struct {
	Type    uint8        `cbor:"0,keyasint"`
	Try     uint64       `cbor:"1,keyasint,omitempty"`
	ID      SessionID    `cbor:"2,keyasint,omitzero"`
	Mark    Mark         `cbor:"3,keyasint,omitzero"`
	State   *wireSession `cbor:"4,keyasint,omitempty"`
	Epoch   Epoch        `cbor:"5,keyasint,omitzero"`
	Moment  Moment       `cbor:"6,keyasint,omitzero"`
	Text    string       `cbor:"7,keyasint,omitempty"`
	Ops     []wireOp     `cbor:"8,keyasint,omitempty"`
	Applied []OpID       `cbor:"9,keyasint,omitempty"`
	Sync    uint64       `cbor:"10,keyasint,omitempty"`
	Part    uint64       `cbor:"11,keyasint,omitempty"`
	Marks   []Mark       `cbor:"12,keyasint,omitempty"`
	IDs     []SessionID  `cbor:"13,keyasint,omitempty"`
	Refuse  bool         `cbor:"14,keyasint,omitempty"`
	Boot    uint64       `cbor:"15,keyasint,omitempty"`
}

// Types of messages.
const (
	msgOffer uint8 = iota + 1
	msgTake
	msgPrepare
	msgReady
	msgCommit
	msgDone
	msgMismatch
	msgRefuse
	msgCancel
	msgState
	msgHave
	msgOps
	msgApplied
	msgDigest
	msgWant
	msgGone
	msgRenew
	msgRenewed
)

// EncodeMessage is the message's bytes.
func EncodeMessage(m Msg) []byte {
	return must(encMode.Marshal(wireOf(m)))
}

func wireOf(m Msg) *wireMsg {
	switch m := m.(type) {
	case OfferMsg:
		return &wireMsg{Type: msgOffer, Try: m.Try, State: toWire(&m.State)}
	case TakeMsg:
		return &wireMsg{Type: msgTake, Try: m.Try, Mark: m.Mark}
	case PrepareMsg:
		return &wireMsg{Type: msgPrepare, Try: m.Try, State: toWire(&m.State)}
	case ReadyMsg:
		return &wireMsg{Type: msgReady, Try: m.Try, ID: m.ID, Moment: m.Sent}
	case CommitMsg:
		return &wireMsg{Type: msgCommit, Try: m.Try, State: toWire(&m.State), Epoch: m.Epoch, Moment: m.Echo}
	case DoneMsg:
		return &wireMsg{Type: msgDone, ID: m.ID, Epoch: m.Epoch}
	case MismatchMsg:
		return &wireMsg{Type: msgMismatch, Try: m.Try, ID: m.ID, Text: m.Need}
	case RefuseMsg:
		return &wireMsg{Type: msgRefuse, Try: m.Try, ID: m.ID, Text: string(m.Code)}
	case CancelMsg:
		return &wireMsg{Type: msgCancel, Try: m.Try, ID: m.ID}
	case StateMsg:
		return &wireMsg{Type: msgState, State: toWire(&m.State)}
	case HaveMsg:
		return &wireMsg{Type: msgHave, Mark: m.Mark, Refuse: m.Refuse, Boot: m.Boot}
	case OpsMsg:
		w := &wireMsg{Type: msgOps, ID: m.ID, Epoch: m.Epoch}
		for _, o := range m.Ops {
			w.Ops = append(w.Ops, opToWire(o))
		}
		return w
	case AppliedMsg:
		return &wireMsg{Type: msgApplied, ID: m.ID, Applied: m.Applied}
	case DigestMsg:
		return &wireMsg{Type: msgDigest, Sync: m.Sync, Part: m.Part, Marks: m.Marks}
	case WantMsg:
		return &wireMsg{Type: msgWant, Sync: m.Sync, Part: m.Part, IDs: m.IDs}
	case GoneMsg:
		return &wireMsg{Type: msgGone, ID: m.ID, Epoch: m.Epoch}
	case RenewMsg:
		return &wireMsg{Type: msgRenew, ID: m.ID, Epoch: m.Epoch, Moment: m.Sent}
	case RenewedMsg:
		return &wireMsg{Type: msgRenewed, ID: m.ID, Epoch: m.Epoch, Moment: m.Echo}
	}
	panic(fmt.Sprintf("internal error: message %T", m))
}

// DecodeMessage reads what a peer sent. It is refused whole if any of it is
// not as PROTOCOL.md says.
func DecodeMessage(b []byte) (Msg, error) {
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("message: has %d bytes, at most %d are read", len(b), MaxMessage)
	}
	var w wireMsg
	if err := decMode.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	m, err := w.message()
	if err != nil {
		return nil, fmt.Errorf("message of type %d: %w", w.Type, err)
	}
	return m, nil
}

var errNoState = errors.New("has no state")

func (w *wireMsg) message() (Msg, error) {
	if len(w.Text) > MaxTitle {
		return nil, fmt.Errorf("text has %d bytes, at most %d are read", len(w.Text), MaxTitle)
	}
	var st Replica
	switch w.Type {
	case msgOffer, msgPrepare, msgCommit, msgState:
		if w.State == nil {
			return nil, errNoState
		}
		var err error
		if st, err = w.State.replica(); err != nil {
			return nil, err
		}
	}
	switch w.Type {
	case msgDone, msgGone, msgRenew, msgRenewed, msgCommit, msgOps:
		if err := w.Epoch.check(); err != nil {
			return nil, err
		}
	}
	switch w.Type {
	case msgOffer:
		return OfferMsg{w.Try, st}, nil
	case msgTake:
		return TakeMsg{w.Try, w.Mark}, nil
	case msgPrepare:
		return PrepareMsg{w.Try, st}, nil
	case msgReady:
		return ReadyMsg{w.Try, w.ID, w.Moment}, nil
	case msgCommit:
		return CommitMsg{w.Try, st, w.Epoch, w.Moment}, nil
	case msgDone:
		return DoneMsg{w.ID, w.Epoch}, nil
	case msgMismatch:
		return MismatchMsg{w.Try, w.ID, w.Text}, nil
	case msgRefuse:
		return RefuseMsg{w.Try, w.ID, RefusalCode(w.Text)}, nil
	case msgCancel:
		return CancelMsg{w.Try, w.ID}, nil
	case msgState:
		return StateMsg{st}, nil
	case msgHave:
		return HaveMsg{w.Mark, w.Refuse, w.Boot}, nil
	case msgOps:
		return w.ops()
	case msgApplied:
		return AppliedMsg{w.ID, w.Applied}, checkIDs(w.Applied)
	case msgDigest:
		if len(w.Marks) > 2*digestPart {
			return nil, fmt.Errorf("digest has %d sessions, at most %d are read", len(w.Marks), 2*digestPart)
		}
		for _, m := range w.Marks {
			if err := m.Epoch.check(); err != nil {
				return nil, err
			}
		}
		return DigestMsg{w.Sync, w.Part, w.Marks}, nil
	case msgWant:
		return WantMsg{w.Sync, w.Part, w.IDs}, nil
	case msgGone:
		return GoneMsg{w.ID, w.Epoch}, nil
	case msgRenew:
		return RenewMsg{w.ID, w.Epoch, w.Moment}, nil
	case msgRenewed:
		return RenewedMsg{w.ID, w.Epoch, w.Moment}, nil
	}
	return nil, errors.New("is not known")
}

func (w *wireMsg) ops() (Msg, error) {
	if len(w.Ops) > 4*opsPart {
		return nil, fmt.Errorf("has %d operations, at most %d are read", len(w.Ops), 4*opsPart)
	}
	m := OpsMsg{ID: w.ID, Epoch: w.Epoch}
	for i := range w.Ops {
		o, err := w.Ops[i].op()
		if err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, err)
		}
		m.Ops = append(m.Ops, o)
	}
	return m, nil
}

func toWire(r *Replica) *wireSession {
	w := &wireSession{
		ID: r.ID, Kind: r.Kind, Profile: r.Profile, Epoch: r.Rev.Epoch, Seq: r.Rev.Seq, Stamp: r.Rev.Stamp,
		TTL: r.Lease.TTL.Milliseconds(), Heir: r.Lease.Heir, Assets: r.Assets, URI: r.URI, Web: r.Web, Title: r.Title, App: r.App,
		Icon: r.Icon, Needs: r.Needs, Privacy: r.Privacy, CopyOf: r.CopyOf, Applied: r.Applied, Ended: r.Ended,
	}
	if !r.Expires.IsZero() {
		w.Expires = r.Expires.Unix()
	}
	if r.Doc != nil {
		w.Doc = must(encMode.Marshal(r.Doc))
	}
	return w
}

func (w *wireSession) replica() (r Replica, err error) {
	if w.TTL < 0 || w.TTL > 1<<40 {
		return r, fmt.Errorf("lease of %d ms is out of range", w.TTL)
	}
	r = Replica{Session: Session{
		ID: w.ID, Kind: w.Kind, Profile: w.Profile, Rev: Rev{w.Epoch, w.Seq, w.Stamp},
		Lease: Lease{time.Duration(w.TTL) * time.Millisecond, w.Heir}, Assets: w.Assets, URI: w.URI, Web: w.Web, Title: w.Title,
		App: w.App, Icon: w.Icon, Needs: w.Needs, Privacy: w.Privacy, CopyOf: w.CopyOf,
	}, Applied: w.Applied, Ended: w.Ended}
	if w.Expires != 0 {
		r.Expires = time.Unix(w.Expires, 0).UTC()
	}
	if len(w.Doc) > 0 {
		if r.Doc, err = decodeDoc(w.Kind, w.Doc); err != nil {
			return r, err
		}
	}
	if r.Doc == nil && !r.Ended {
		return r, errors.New("session has no document")
	}
	if err := r.Rev.Epoch.check(); err != nil {
		return r, err
	}
	if err := checkIDs(r.Applied); err != nil {
		return r, err
	}
	if !r.Ended {
		err = checkSession(&r.Session)
	}
	return r, err
}

// decodeDoc reads a document of the kind.
func decodeDoc(k Kind, b []byte) (Document, error) {
	if len(b) > MaxDocument {
		return nil, fmt.Errorf("document has %d bytes, at most %d are read", len(b), MaxDocument)
	}
	d := newDoc(k)
	if d == nil {
		return nil, fmt.Errorf("document of %s is not known", k)
	}
	if err := decMode.Unmarshal(b, d); err != nil {
		return nil, fmt.Errorf("document of %s: %w", k, err)
	}
	inUTC(d)
	return d, checkDoc(d)
}

func newDoc(k Kind) Document {
	switch k {
	case Media:
		return &MediaDoc{}
	case Navigation:
		return &NavigationDoc{}
	case Call:
		return &CallDoc{}
	case Draft:
		return &DraftDoc{}
	case Page:
		return &PageDoc{}
	case Clipboard:
		return &ClipboardDoc{}
	case File:
		return &FileDoc{}
	case Scene:
		return &SceneDoc{}
	}
	return nil
}

// inUTC makes equal times equal values: a decoder has no time zone.
func inUTC(d Document) {
	switch d := d.(type) {
	case *NavigationDoc:
		if !d.Arrival.IsZero() {
			d.Arrival = d.Arrival.UTC()
		}
	case *CallDoc:
		if !d.Start.IsZero() {
			d.Start = d.Start.UTC()
		}
	}
}
