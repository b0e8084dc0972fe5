package node_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/phonelink"
	"tandem/phonelink/node"
	"tandem/phonelink/trust"
)

const foreign phonelink.Device = "kde:phone"

// fakeAdapter is an adapter with one phone, which does what it is told.
type fakeAdapter struct {
	incoming chan phonelink.Incoming
	ended    chan error

	mu      sync.Mutex
	view    *phonelink.View
	asked   []string
	watches []chan struct{}
}

func newAdapter() *fakeAdapter {
	return &fakeAdapter{incoming: make(chan phonelink.Incoming), ended: make(chan error), view: &phonelink.View{Phones: []phonelink.Phone{{
		Device: foreign, Name: "Stock phone", Model: "phone", Adapter: "kdeconnect", Presence: phonelink.Linked,
		Can: phonelink.CanMedia | phonelink.CanSMS, Battery: 80, Signal: 3,
		Players: []phonelink.Player{{
			Name: "Radio", Title: "News", URL: "https://example.org/news.ogg", Position: time.Minute, At: time.Now(), Playing: true,
			Volume: 50, CanPause: true, CanPlay: true, CanSeek: true,
		}, {Name: "Silent", Title: "A film", Volume: -1}},
	}}}}
}

func (a *fakeAdapter) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-a.ended:
		return err
	}
}

type fakeWatch struct {
	a *fakeAdapter
	c chan struct{}
}

func (a *fakeAdapter) Watch() phonelink.Watch {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := make(chan struct{}, 1)
	c <- struct{}{}
	a.watches = append(a.watches, c)
	return fakeWatch{a, c}
}

func (w fakeWatch) C() <-chan struct{} { return w.c }
func (w fakeWatch) Close()             {}

func (w fakeWatch) View() *phonelink.View {
	w.a.mu.Lock()
	defer w.a.mu.Unlock()
	return w.a.view
}

func (a *fakeAdapter) Incoming() <-chan phonelink.Incoming { return a.incoming }

func (a *fakeAdapter) Do(_ context.Context, r phonelink.Request) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	text := fmt.Sprintf("%T%+v", r, r)
	a.asked = append(a.asked, strings.TrimPrefix(text, "phonelink."))
	return nil
}

// said are the requests since the last call.
func (a *fakeAdapter) said() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.asked
	a.asked = nil
	return out
}

func carWithAdapter(t *testing.T) (*device, *fakeAdapter) {
	a := newAdapter()
	car := newCar(t, node.Config{Adapters: func(*trust.Store) ([]phonelink.Adapter, error) { return []phonelink.Adapter{a}, nil }})
	car.until("the adapter's phone", func(v *phonelink.View) bool { return presence(v, foreign) == phonelink.Linked && len(v.Sessions) == 2 })
	return car, a
}

// titled finds a session by its title.
func titled(v *phonelink.View, title string) *phonelink.SessionView {
	i := slices.IndexFunc(v.Sessions, func(s phonelink.SessionView) bool { return s.Title == title })
	if i < 0 {
		return nil
	}
	return &v.Sessions[i]
}

// TestPlayerOfAStockPhone: pause there, play here, and back.
func TestPlayerOfAStockPhone(t *testing.T) {
	car, a := carWithAdapter(t)
	v := car.view()
	news, film := titled(v, "News"), titled(v, "A film")
	if news.Local || news.OnPhone != foreign || news.Kind != phonelink.Media || news.App != "Radio" {
		t.Fatalf("got %+v", news)
	}
	car.must(phonelink.Edit{Session: news.ID, Op: phonelink.Op{Act: phonelink.Seek{To: 30 * time.Second}}})
	if err := car.do(phonelink.Take{Session: film.ID}); codeOf(err) != phonelink.RefusedMismatch {
		t.Errorf("no URL: got %v, want %s", err, phonelink.RefusedMismatch)
	}
	if err := car.do(phonelink.End{Session: film.ID}); codeOf(err) != phonelink.RefusedUnsupported {
		t.Errorf("end: got %v, want %s", err, phonelink.RefusedUnsupported)
	}
	car.must(phonelink.Take{Session: news.ID})
	here := car.until("it here", func(v *phonelink.View) bool {
		return slices.ContainsFunc(v.Sessions, func(s phonelink.SessionView) bool { return s.Local && s.Title == "News" })
	}).Sessions
	i := slices.IndexFunc(here, func(s phonelink.SessionView) bool { return s.Local })
	if d := here[i].Doc.(*phonelink.MediaDoc); d.Queue[0].URL != "https://example.org/news.ogg" || d.Position < time.Minute || !d.Playing || !here[i].Render {
		t.Errorf("got %+v, render %v", d, here[i].Render)
	}
	car.must(phonelink.Send{Session: here[i].ID, To: foreign})
	car.until("nothing here", func(v *phonelink.View) bool {
		return !slices.ContainsFunc(v.Sessions, func(s phonelink.SessionView) bool { return s.Local })
	})
	var actions []string
	for _, r := range a.said() {
		_, rest, _ := strings.Cut(r, "Action:")
		action, _, _ := strings.Cut(rest, " ")
		actions = append(actions, action)
	}
	if got := strings.Join(actions, " "); got != "seek pause seek play" {
		t.Errorf("the phone was told %q, want %q", got, "seek pause seek play")
	}
}

// TestIncomingPlace: a link of a map that a stock phone shared is a way to go.
func TestIncomingPlace(t *testing.T) {
	car, a := carWithAdapter(t)
	send := func(s phonelink.Session) { a.incoming <- phonelink.Incoming{From: foreign, Session: s} }
	send(phonelink.Session{Kind: phonelink.Page, Title: "maps", Doc: &phonelink.PageDoc{URL: "geo:0,0?q=52.5163,13.3777(Brandenburger+Tor)"}})
	o := car.until("an offer", func(v *phonelink.View) bool { return len(v.Offers) == 1 }).Offers[0]
	if o.From != foreign || o.Why != phonelink.OfferSent || o.Session.Kind != phonelink.Navigation || o.Session.Title != "Brandenburger Tor" {
		t.Errorf("got %+v", o)
	}
	if find(car.view(), o.Session.ID) != nil {
		t.Error("it is a session before a person said yes")
	}
	car.must(phonelink.Accept{Session: o.Session.ID})
	if d := car.has(o.Session.ID, true).Doc.(*phonelink.NavigationDoc); d.Destination.Latitude != 52.5163 || !d.Active {
		t.Errorf("got %+v", d)
	}
	send(phonelink.Session{Kind: phonelink.Page, Title: "news", Doc: &phonelink.PageDoc{URL: "https://example.org/"}})
	o = car.until("another offer", func(v *phonelink.View) bool { return len(v.Offers) == 1 }).Offers[0]
	car.must(phonelink.Decline{Session: o.Session.ID})
	car.until("no offer", func(v *phonelink.View) bool { return len(v.Offers) == 0 })
	if err := car.do(phonelink.Accept{Session: o.Session.ID}); codeOf(err) != phonelink.RefusedExpired {
		t.Errorf("declined: got %v, want %s", err, phonelink.RefusedExpired)
	}
	car.must(phonelink.Send{Session: car.open(route("Home")), To: foreign})
	if said := a.said(); len(said) != 1 || !strings.Contains(said[0], "geo:52.5") {
		t.Errorf("the phone was told %q", said)
	}
}

// TestRequestsReachTheAdapter: what names its phone, and what every adapter is
// told.
func TestRequestsReachTheAdapter(t *testing.T) {
	car, a := carWithAdapter(t)
	car.must(phonelink.Ring{Device: foreign})
	car.must(phonelink.OpenPairing{})
	car.must(phonelink.ClosePairing{})
	car.must(phonelink.SetProfile{Profile: "ben"})
	var got []string
	for _, r := range a.said() {
		name, _, _ := strings.Cut(r, "{")
		got = append(got, name)
	}
	if want := "Ring OpenPairing ClosePairing SetProfile"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := car.do(phonelink.Ring{Device: "tdnobody"}); codeOf(err) != phonelink.RefusedUnknown {
		t.Errorf("nobody's: got %v, want %s", err, phonelink.RefusedUnknown)
	}
}

// TestDraftIsSentByTheStockPhone: once.
func TestDraftIsSentByTheStockPhone(t *testing.T) {
	car, a := carWithAdapter(t)
	id := car.open(draft("Hello"))
	car.must(phonelink.Edit{Session: id, Op: phonelink.Op{Act: phonelink.Dispatch{}}})
	car.until("it was sent", func(v *phonelink.View) bool {
		s := find(v, id)
		return s == nil || s.Doc.(*phonelink.DraftDoc).Sent
	})
	for late := time.Now().Add(patience); time.Now().Before(late); {
		if said := a.said(); len(said) == 1 && strings.HasPrefix(said[0], "SendMessage{Device:kde:phone To:[+4930123] Text:Hello}") {
			return
		} else if len(said) > 0 {
			t.Fatalf("the phone was told %q", said)
		}
	}
	t.Fatal("the phone was told nothing")
}

// TestAdapterEnds: the link goes on, and the View tells of it.
func TestAdapterEnds(t *testing.T) {
	car, a := carWithAdapter(t)
	a.ended <- fmt.Errorf("port 1716 is in use")
	car.until("the trouble", func(v *phonelink.View) bool { return strings.Contains(v.Trouble, "port 1716 is in use") })
	phone := newPhone(t, "Ana's phone", node.Config{})
	pair(t, car, phone)
}
