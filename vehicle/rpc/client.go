package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"tandem/vehicle"
	"tandem/vehicle/rpc/vehiclepb"
)

// ClientConfig is what a Client works with; Socket is needed.
type ClientConfig struct {
	Socket string         // path of the server's unix socket
	Follow []vehicle.Path // what Sample knows; all else is Unknown to it
	// Optional: the car may lack some of Follow, which then are Unknown.
	Optional bool
	Logger   *slog.Logger // nil: discard
}

// Client is the car in another process. It connects by itself, again and
// again, also when the server comes later.
type Client struct {
	conn *grpc.ClientConn
	rpc  vehiclepb.VehicleClient
	log  *slog.Logger
	wg   sync.WaitGroup
	ctx  context.Context // of its watches; ends with Close
	end  context.CancelFunc

	index  map[vehicle.Path]int
	follow *clientWatch // nil: nothing to follow
}

// Dial makes a Client and begins to follow. The caller closes it. It fails for
// a path that the server says the car does not have (unless Optional), or this
// client may not read; not because the server is not there yet.
func Dial(c ClientConfig) (*Client, error) {
	if c.Socket == "" {
		return nil, errors.New("vehicle/rpc: a client needs a socket")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	conn, err := grpc.NewClient("unix:"+c.Socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()), // the socket's mode says who
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: time.Second,
		}))
	if err != nil {
		return nil, fmt.Errorf("connect to the vehicle at %s: %w", c.Socket, err)
	}
	k := &Client{conn: conn, rpc: vehiclepb.NewVehicleClient(conn), log: c.Logger, index: map[vehicle.Path]int{}}
	k.ctx, k.end = context.WithCancel(context.Background())
	for i, p := range c.Follow {
		k.index[p] = i
	}
	if len(c.Follow) > 0 {
		w, err := k.watch(c.Follow, c.Optional)
		if err != nil {
			k.Close()
			return nil, err
		}
		k.follow = w
	}
	return k, nil
}

// Close ends the client and its watches, and returns when they have ended.
func (k *Client) Close() error {
	k.end()
	k.wg.Wait()
	return k.conn.Close()
}

// Sample is part of Vehicle. It knows what ClientConfig.Follow names.
func (k *Client) Sample(now time.Time, p vehicle.Path) vehicle.Sample {
	i, ok := k.index[p]
	if !ok || k.follow == nil {
		return vehicle.Sample{}
	}
	return k.follow.sample(now, i)
}

// Watch is part of Vehicle. While the server is not there its samples are
// Unknown, or Stale if they were known.
func (k *Client) Watch(paths ...vehicle.Path) (Watch, error) {
	w, err := k.watch(paths, false)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Ask is part of Vehicle. It is Refused if the server could not be reached
// within a second, so that nothing was sent, and Uncertain if it did not
// answer, also because ctx ended.
func (k *Client) Ask(ctx context.Context, c vehicle.Command) vehicle.Outcome {
	start := time.Now()
	if !k.ready(ctx) {
		return vehicle.Outcome{State: vehicle.Refused, Reason: "the car cannot be reached", Took: time.Since(start)}
	}
	within := c.Within
	if within <= 0 {
		within = vehicle.DefaultWithin
	}
	ctx, cancel := context.WithTimeout(ctx, within+time.Second)
	defer cancel()
	o, err := k.rpc.Ask(ctx, &vehiclepb.Command{
		Path: string(c.Path), Value: toValue(c.Value), Origin: c.Origin, Within: int64(c.Within),
	})
	if err != nil {
		return vehicle.Outcome{
			State: vehicle.Uncertain, Took: time.Since(start),
			Reason: fmt.Sprintf("the car did not answer (%s); it may have happened", status.Code(err)),
		}
	}
	state := vehicle.Uncertain
	if o.GetState() < uint32(vehicle.Uncertain) {
		state = vehicle.OutcomeState(o.GetState())
	}
	return vehicle.Outcome{State: state, Reason: o.GetReason(), Took: time.Duration(o.GetTook())}
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

// clientWatch follows some signals in a goroutine of its own.
type clientWatch struct {
	k     *Client
	paths []string
	c     chan struct{}
	end   context.CancelFunc
	ended chan struct{}

	optional bool // the car may lack some of the paths

	mu      sync.Mutex
	samples []vehicle.Sample
	heard   time.Time // zero: not connected
}

func (k *Client) watch(paths []vehicle.Path, optional bool) (*clientWatch, error) {
	if err := k.ctx.Err(); err != nil {
		return nil, fmt.Errorf("watch: the client is closed: %w", err)
	}
	w := &clientWatch{k: k, optional: optional, c: make(chan struct{}, 1), ended: make(chan struct{}), samples: make([]vehicle.Sample, len(paths))}
	for _, p := range paths {
		w.paths = append(w.paths, string(p))
	}
	ctx, end := context.WithCancel(k.ctx)
	w.end = end
	first := make(chan error, 1)
	k.wg.Go(func() {
		defer close(w.ended)
		defer end()
		w.run(ctx, first)
	})
	late := time.NewTimer(silence)
	defer late.Stop()
	var err error
	select {
	case err = <-first:
	case <-late.C:
	case <-ctx.Done():
	}
	if code := status.Code(err); code == codes.NotFound || code == codes.PermissionDenied || code == codes.InvalidArgument {
		w.Close()
		return nil, errors.New(status.Convert(err).Message())
	}
	w.wake()
	return w, nil
}

// run connects until ctx ends. first gets nil after the first samples, or the
// first error.
func (w *clientWatch) run(ctx context.Context, first chan<- error) {
	tell := func(err error) {
		select {
		case first <- err:
		default:
		}
	}
	wait := 20 * time.Millisecond
	for {
		err := w.stream(ctx, func() { tell(nil); wait = 20 * time.Millisecond })
		w.lost()
		tell(err)
		if ctx.Err() != nil {
			return
		}
		w.k.log.Debug("vehicle watch ended, trying again", "error", err, "wait", wait)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		wait = min(2*wait, silence)
	}
}

// stream follows one call until it ends, or is silent for too long.
func (w *clientWatch) stream(ctx context.Context, got func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dog := time.AfterFunc(silence, cancel)
	defer dog.Stop()
	s, err := w.k.rpc.Watch(ctx, &vehiclepb.WatchRequest{Paths: w.paths, Optional: w.optional})
	if err != nil {
		return err
	}
	for {
		m, err := s.Recv()
		if err != nil {
			return err
		}
		dog.Reset(silence)
		if w.take(m) {
			w.wake()
		}
		got()
	}
}

// take keeps what a message says and reports whether anything is new.
func (w *clientWatch) take(m *vehiclepb.Samples) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := w.heard.IsZero()
	w.heard = time.Now()
	for _, s := range m.GetSamples() {
		if i := int(s.GetIndex()); i < len(w.samples) {
			w.samples[i] = fromSample(s)
			changed = true
		}
	}
	return changed
}

func (w *clientWatch) lost() {
	w.mu.Lock()
	w.heard = time.Time{}
	w.mu.Unlock()
	w.wake()
}

func (w *clientWatch) wake() {
	select {
	case w.c <- struct{}{}:
	default:
	}
}

func (w *clientWatch) sample(now time.Time, i int) vehicle.Sample {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at(now, i)
}

// at is a sample as far as it can be trusted now.
func (w *clientWatch) at(now time.Time, i int) vehicle.Sample {
	s := w.samples[i]
	if s.Quality == vehicle.Valid && (w.heard.IsZero() || now.Sub(w.heard) > silence) {
		s.Quality = vehicle.Stale
	}
	return s
}

// C is part of Watch.
func (w *clientWatch) C() <-chan struct{} { return w.c }

// Read is part of Watch.
func (w *clientWatch) Read(now time.Time, dst []vehicle.Sample) []vehicle.Sample {
	select {
	case <-w.c: // before the reading: what changes meanwhile wakes again
	default:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.samples {
		dst = append(dst, w.at(now, i))
	}
	return dst
}

// Close is part of Watch.
func (w *clientWatch) Close() {
	w.end()
	<-w.ended
	select {
	case <-w.c:
	default:
	}
}
