package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"tandem/phonelink"
	"tandem/phonelink/rpc/phonelinkpb"
)

// ClientConfig is what a Client works with; Socket is needed.
type ClientConfig struct {
	Socket string       // path of the server's unix socket
	Logger *slog.Logger // nil: discard
}

// Client is a phone link in another process. It connects by itself, again and
// again, also when the server comes later.
type Client struct {
	conn *grpc.ClientConn
	rpc  phonelinkpb.PhonelinkClient
	log  *slog.Logger
	wg   sync.WaitGroup
	ctx  context.Context // of its watches; ends with Close
	end  context.CancelFunc
}

var (
	_ phonelink.Service  = (*Client)(nil)
	_ phonelink.Pictures = (*Client)(nil)
)

// Dial makes a Client. The caller closes it.
func Dial(c ClientConfig) (*Client, error) {
	if c.Socket == "" {
		return nil, errors.New("phonelink/rpc: a client needs a socket")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	conn, err := grpc.NewClient("unix:"+c.Socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()), // the socket's mode says who
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxView)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: time.Second,
		}))
	if err != nil {
		return nil, fmt.Errorf("connect to the phone link at %s: %w", c.Socket, err)
	}
	k := &Client{conn: conn, rpc: phonelinkpb.NewPhonelinkClient(conn), log: c.Logger}
	k.ctx, k.end = context.WithCancel(context.Background())
	return k, nil
}

// Close ends the client and its watches, and returns when they have ended.
func (k *Client) Close() error {
	k.end()
	k.wg.Wait()
	return k.conn.Close()
}

// Do is part of phonelink.Service. It is refused as absent if the phone link
// could not be reached within a second, so that nothing was asked.
func (k *Client) Do(ctx context.Context, r phonelink.Request) error {
	name, body, err := encodeRequest(r)
	if err != nil {
		return &phonelink.Refusal{Code: phonelink.RefusedUnsupported, Reason: err.Error()}
	}
	if len(body) > maxRequest-1024 {
		return &phonelink.Refusal{Code: phonelink.RefusedUnsupported, Reason: fmt.Sprintf("the request has %d bytes, more than %d", len(body), maxRequest-1024)}
	}
	if !k.ready(ctx) {
		if err := ctx.Err(); err != nil {
			return err
		}
		return &phonelink.Refusal{Code: phonelink.RefusedAbsent, Reason: "the phone link does not answer"}
	}
	reply, err := k.rpc.Do(ctx, &phonelinkpb.Request{Name: name, Body: body})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s: the phone link did not answer, it may have happened: %s", name, status.Convert(err).Message())
	}
	switch end := reply.GetEnd().(type) {
	case *phonelinkpb.Reply_Refusal:
		return &phonelink.Refusal{Code: phonelink.RefusalCode(end.Refusal.GetCode()), Reason: end.Refusal.GetReason()}
	case *phonelinkpb.Reply_Error:
		return errors.New(end.Error)
	}
	return nil
}

// Picture is part of phonelink.Pictures.
func (k *Client) Picture(ctx context.Context, sum [32]byte) ([]byte, error) {
	reply, err := k.rpc.Picture(ctx, &phonelinkpb.PictureRequest{Sha256: sum[:]})
	switch no := reply.GetRefusal(); {
	case err != nil:
		return nil, fmt.Errorf("picture: the phone link did not answer: %s", status.Convert(err).Message())
	case no != nil:
		return nil, &phonelink.Refusal{Code: phonelink.RefusalCode(no.GetCode()), Reason: no.GetReason()}
	case len(reply.GetData()) > phonelink.MaxPicture:
		return nil, fmt.Errorf("picture: %d bytes, want at most %d", len(reply.GetData()), phonelink.MaxPicture)
	}
	return reply.GetData(), nil
}

// ready waits for a connection for at most a second.
func (k *Client) ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	for {
		s := k.conn.GetState()
		if s == connectivity.Ready {
			return true
		}
		k.conn.Connect()
		if !k.conn.WaitForStateChange(ctx, s) {
			return false
		}
	}
}

// Watch is part of phonelink.Service. Until the first view has come it is one
// that says so in Trouble.
func (k *Client) Watch() phonelink.Watch {
	w := &watch{k: k, c: make(chan struct{}, 1), ended: make(chan struct{}), view: lost(&phonelink.View{})}
	var ctx context.Context
	ctx, w.end = context.WithCancel(k.ctx)
	w.wake()
	k.wg.Go(func() {
		defer close(w.ended)
		w.run(ctx)
	})
	return w
}

// watch follows the view in a goroutine of its own.
type watch struct {
	k     *Client
	c     chan struct{}
	end   context.CancelFunc
	ended chan struct{}

	mu   sync.Mutex
	view *phonelink.View
	gone bool // view is what lost made of the last
}

// C is part of phonelink.Watch.
func (w *watch) C() <-chan struct{} { return w.c }

// View is part of phonelink.Watch.
func (w *watch) View() *phonelink.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.view
}

// Close is part of phonelink.Watch.
func (w *watch) Close() {
	w.end()
	<-w.ended
	select {
	case <-w.c:
	default:
	}
}

func (w *watch) wake() {
	select {
	case w.c <- struct{}{}:
	default:
	}
}

func (w *watch) set(v *phonelink.View, gone bool) {
	w.mu.Lock()
	w.view, w.gone = v, gone
	w.mu.Unlock()
	w.wake()
}

// run connects until ctx ends.
func (w *watch) run(ctx context.Context) {
	var last *phonelink.View // as the server sent it
	wait := 20 * time.Millisecond
	var lapsed time.Time // when leases have lapsed; zero: connected, or they have
	for ctx.Err() == nil {
		err := w.stream(ctx, func(v *phonelink.View) {
			wait, lapsed = 20*time.Millisecond, time.Time{}
			if v != nil {
				last = v
			}
			if v != nil || w.isGone() {
				w.set(last, false)
			}
		})
		if last != nil && !w.isGone() {
			w.set(lost(last), true)
			lapsed = time.Now().Add(lapse)
		}
		w.k.log.Debug("phone link watch ended, trying again", "error", err, "wait", wait)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		if !lapsed.IsZero() && time.Now().After(lapsed) {
			w.set(silent(lost(last)), true)
			lapsed = time.Time{}
		}
		wait = min(2*wait, silence/2)
	}
}

func (w *watch) isGone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone
}

// stream follows one call until it ends, or is silent for too long. got is
// told of every message; a nil view is a sign of life.
func (w *watch) stream(ctx context.Context, got func(*phonelink.View)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dog := time.AfterFunc(silence, cancel)
	defer dog.Stop()
	s, err := w.k.rpc.Watch(ctx, &phonelinkpb.WatchRequest{})
	if err != nil {
		return err
	}
	for {
		m, err := s.Recv()
		if err != nil {
			return err
		}
		dog.Reset(silence)
		var v *phonelink.View
		if b := m.GetView(); len(b) > 0 {
			if v, err = decodeView(b); err != nil {
				return err
			}
		}
		got(v)
	}
}

// lost is what is left of a view when the phone link does not answer.
func lost(last *phonelink.View) *phonelink.View {
	v := *last
	v.Trouble, v.Troubles = "the phone link does not answer", []phonelink.TroubleCode{phonelink.TroubleSilent}
	v.Pairing = nil
	v.Phones = slices.Clone(last.Phones)
	for i := range v.Phones {
		v.Phones[i].Presence = phonelink.Absent
	}
	return &v
}

// silent is a view after the leases have lapsed: what an heir may claim is not
// rendered here any more.
func silent(v *phonelink.View) *phonelink.View {
	v.Sessions = slices.Clone(v.Sessions)
	for i := range v.Sessions {
		if s := &v.Sessions[i]; s.Lease.TTL > 0 && s.Lease.Heir != "" {
			s.Render, s.RenderAt = false, time.Time{}
		}
	}
	return v
}
