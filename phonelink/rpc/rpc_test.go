package rpc_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"tandem/phonelink"
	"tandem/phonelink/rpc"
	"tandem/phonelink/rpc/phonelinkpb"
	vehiclerpc "tandem/vehicle/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is a phone link in memory: it shows what show is told, and answers
// with what the test says.
type service struct {
	mu      sync.Mutex
	view    *phonelink.View
	watches map[*local]bool
	asked   []phonelink.Request
	answer  func(ctx context.Context, r phonelink.Request) error
}

func newService() *service {
	return &service{view: &phonelink.View{Name: "empty"}, watches: map[*local]bool{}}
}

func (s *service) show(v *phonelink.View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view = v
	for w := range s.watches {
		select {
		case w.c <- struct{}{}:
		default:
		}
	}
}

func (s *service) Watch() phonelink.Watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &local{s, make(chan struct{}, 1)}
	w.c <- struct{}{}
	s.watches[w] = true
	return w
}

func (s *service) Do(ctx context.Context, r phonelink.Request) error {
	s.mu.Lock()
	s.asked = append(s.asked, r)
	answer := s.answer
	s.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(ctx, r)
}

type local struct {
	s *service
	c chan struct{}
}

func (w *local) C() <-chan struct{} { return w.c }

func (w *local) View() *phonelink.View {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.view
}

func (w *local) Close() {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	delete(w.s.watches, w)
}

func serve(t *testing.T, s phonelink.Service, socket string) (end func()) {
	t.Helper()
	server, err := rpc.NewServer(rpc.ServerConfig{Service: s})
	if err != nil {
		t.Fatal(err)
	}
	l, err := vehiclerpc.Listen(socket, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, l) }()
	var once sync.Once
	end = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	t.Cleanup(end)
	return end
}

func dial(t *testing.T, socket string) *rpc.Client {
	t.Helper()
	c, err := rpc.Dial(rpc.ClientConfig{Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func until(t *testing.T, w phonelink.Watch, what string, ok func(*phonelink.View) bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !ok(w.View()) {
		select {
		case <-w.C():
		case <-deadline:
			t.Fatalf("%s: got %+v", what, w.View())
		}
	}
}

// TestBothSides is one suite for a phone link in this process and one behind a
// socket.
func TestBothSides(t *testing.T) {
	t.Run("local", func(t *testing.T) {
		s := newService()
		suite(t, s, s)
	})
	t.Run("socket", func(t *testing.T) {
		s := newService()
		socket := filepath.Join(t.TempDir(), "phonelink.sock")
		serve(t, s, socket)
		suite(t, s, dial(t, socket))
	})
}

func suite(t *testing.T, s *service, link phonelink.Service) {
	w := link.Watch()
	defer w.Close()
	if w.View() == nil {
		t.Fatal("no view at first")
	}
	until(t, w, "the first view", func(v *phonelink.View) bool { return v.Name == "empty" })
	want := filledView(3)
	s.show(want)
	until(t, w, "a change", func(v *phonelink.View) bool { return reflect.DeepEqual(v, want) })
	for i := range 1000 { // a reader that is late reads the latest
		s.show(&phonelink.View{Name: "many", Phones: make([]phonelink.Phone, i)})
	}
	last := &phonelink.View{Name: "last"}
	s.show(last)
	until(t, w, "the latest", func(v *phonelink.View) bool { return reflect.DeepEqual(v, last) })

	ask := phonelink.Take{Session: phonelink.SessionID{1, 2, 3}}
	if err := link.Do(t.Context(), ask); err != nil {
		t.Errorf("got %v, want done", err)
	}
	if got := s.asked; len(got) != 1 || got[0] != phonelink.Request(ask) {
		t.Errorf("got %+v asked, want %+v", got, ask)
	}
	no := &phonelink.Refusal{Code: phonelink.RefusedMoving, Reason: "only while parked"}
	s.answer = func(context.Context, phonelink.Request) error { return no }
	var refusal *phonelink.Refusal
	if err := link.Do(t.Context(), phonelink.OpenPairing{}); !errors.As(err, &refusal) || *refusal != *no {
		t.Errorf("got %v, want %v", err, no)
	}
	s.answer = func(context.Context, phonelink.Request) error { return errors.New("half done") }
	if err := link.Do(t.Context(), phonelink.OpenPairing{}); err == nil || errors.As(err, &refusal) || err.Error() != "half done" {
		t.Errorf("got %v, want half done, and no refusal", err)
	}
	began := make(chan struct{})
	s.answer = func(ctx context.Context, _ phonelink.Request) error { close(began); <-ctx.Done(); return ctx.Err() }
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if err := link.Do(ctx, phonelink.OpenPairing{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestServerGone: the view says so at once, what an heir may claim is silent
// soon after, and a server that comes back is found again.
func TestServerGone(t *testing.T) {
	s := newService()
	socket := filepath.Join(t.TempDir(), "phonelink.sock")
	c := dial(t, socket)
	w := c.Watch()
	defer w.Close()
	if w.View().Trouble == "" {
		t.Error("no trouble before the server is there")
	}
	var no *phonelink.Refusal
	if err := c.Do(t.Context(), phonelink.OpenPairing{}); !errors.As(err, &no) || no.Code != phonelink.RefusedAbsent {
		t.Errorf("got %v, want that it cannot be reached", err)
	}
	leased := phonelink.SessionView{Render: true, Session: phonelink.Session{Lease: phonelink.Lease{TTL: 5 * time.Second, Heir: "tdphone"}}}
	alone := phonelink.SessionView{Render: true, Session: phonelink.Session{Lease: phonelink.Lease{TTL: 5 * time.Second}}}
	s.show(&phonelink.View{
		Name: "car", Pairing: &phonelink.Pairing{}, Phones: []phonelink.Phone{{Name: "Anna's", Presence: phonelink.Linked}},
		Sessions: []phonelink.SessionView{leased, alone},
	})
	end := serve(t, s, socket)
	until(t, w, "found", func(v *phonelink.View) bool { return v.Trouble == "" && v.Name == "car" && v.Sessions[0].Render })
	end()
	until(t, w, "gone", func(v *phonelink.View) bool {
		return v.Trouble != "" && v.Pairing == nil && v.Phones[0].Presence == phonelink.Absent && v.Sessions[0].Render
	})
	until(t, w, "lapsed", func(v *phonelink.View) bool { return !v.Sessions[0].Render && v.Sessions[1].Render })
	serve(t, s, socket)
	until(t, w, "back", func(v *phonelink.View) bool {
		return v.Trouble == "" && v.Pairing != nil && v.Sessions[0].Render && v.Phones[0].Presence == phonelink.Linked
	})
}

// TestLastWord: what is asked of a server when it is told to end is answered,
// and what it shows then arrives.
func TestLastWord(t *testing.T) {
	for range 20 {
		s := newService()
		socket := filepath.Join(t.TempDir(), "phonelink.sock")
		end := serve(t, s, socket)
		c := dial(t, socket)
		w := c.Watch()
		until(t, w, "found", func(v *phonelink.View) bool { return v.Trouble == "" })
		ended := make(chan struct{})
		s.answer = func(context.Context, phonelink.Request) error {
			s.mu.Lock()
			s.view = &phonelink.View{Name: "last"} // and no watch is told
			s.mu.Unlock()
			go func() { end(); close(ended) }()
			return nil
		}
		if err := c.Do(t.Context(), phonelink.ClosePairing{}); err != nil {
			t.Errorf("got %v, want the answer", err)
		}
		<-ended
		until(t, w, "the last view", func(v *phonelink.View) bool { return v.Name == "last" && v.Trouble != "" })
		w.Close()
	}
}

// TestSignOfLife: a server with nothing to say says so.
func TestSignOfLife(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "phonelink.sock")
	serve(t, newService(), socket)
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream, err := phonelinkpb.NewPhonelinkClient(conn).Watch(ctx, &phonelinkpb.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	empty := 0
	for empty < 3 {
		m, err := stream.Recv()
		if err != nil {
			t.Fatalf("got %d signs of life, then %v", empty, err)
		}
		if len(m.GetView()) == 0 {
			empty++
		}
	}
}
