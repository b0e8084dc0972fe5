// Package web is a display that a browser shows: one page over HTTP, the
// picture over a WebSocket, touches and keys back. Any number of pages (eight
// by default) see the same picture, and each may be touched. The package knows
// pixels and touches; it does not know what they mean.
//
// # Who may look and touch
//
// A tap drives a car, so the package trusts no request by its address alone.
// The Host must be an address or a name that the display goes by (a page of
// another site that points its name here is turned away), the Origin of a
// WebSocket must be that host, and the page cannot be framed. On a loopback
// address that is all. On any other address each request needs the pairing
// token as well: 128 random bits in the address that is printed, kept by the
// browser in a cookie that scripts cannot read and other sites cannot send.
// Wrong tokens are limited to ten, then one every five seconds, per address.
// The connection is not encrypted: put a TLS proxy in front of it where the
// network is not to be trusted.
//
// # Protocol
//
// Binary WebSocket messages, numbers little-endian. From the display, one
// message each:
//
//	hello  1, version u8 (1), width u16, height u16
//	frame  2, seq u32, n u16, then n times: x y w h u16, coding u8, size u32, size bytes
//	alive  3   at least once a second when there is nothing else
//
// A frame's rectangles do not overlap; the first frame after hello is whole.
// Coding 0 is B, G, R of each pixel, row by row. Coding 1 is the chunk stream
// of the QOI specification 1.0 (qoiformat.org) for those pixels with alpha 255
// throughout, without its header and end mark.
//
// From the viewer, one or more records a message:
//
//	ack    16, seq u32                              frame seq and all before it are shown
//	touch  17, kind u8, contact u8, x u16, y u16    kind 0 down, 1 move, 2 up, 3 cancel; 65535 is right, bottom
//	wheel  18, x u16, y u16, dx i16, dy i16         pixels, right and down
//	key    19, down u8, n u8, n bytes               a Fyne key name
//	text   20, n u8, n bytes                        UTF-8 as typed
//	rotate 21, steps i8                             rotary controller, clockwise
//
// At most two frames are under way to a viewer; what changes meanwhile is
// gathered, so a slow viewer sees fewer frames and holds nobody up. Anything
// malformed closes that viewer with status 1007 and the reason.
//
// # Keys on the page
//
// The left bracket and the right bracket turn the rotary controller one step;
// all other keys go through by name, and printable ones as text as well. A
// double click beside the picture fills the screen with it.
package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"tandem/hmi/display"
	"tandem/hmi/input"
)

// Config is what a Server is made of.
type Config struct {
	Listen      string      // "127.0.0.1:8080"; empty: the owner mounts the Server as a handler, and pairing is needed
	Size        image.Point // pixels, to 8192 a side
	Token       string      // pairing token; empty: a new random one where one is needed
	Hosts       []string    // further host names that the display goes by
	Viewers     int         // pages at once; 0: 8
	MessageRate int         // messages per second and viewer, more wait; 0: 2000
	Logger      *slog.Logger
}

// Server is the web display: a display.Output, a display.Source and an
// http.Handler. Run serves; a viewer that comes while Run is not running is
// told to come again.
type Server struct {
	cfg   Config
	log   *slog.Logger
	guard *guard
	pacer display.Pacer
	codec codec

	mu       sync.Mutex
	listener net.Listener
	closed   bool
	pix      []byte // the picture, BGRX
	version  uint64 // counts the frames
	viewers  map[*viewer]bool
	to       func(input.Event) // nil: Run is not running
	stop     <-chan struct{}   // Run's end
	running  sync.WaitGroup    // viewers

	fingers fingers
}

// New makes a web display; it does not listen yet.
func New(cfg Config) (*Server, error) {
	if s := cfg.Size; s.X <= 0 || s.Y <= 0 || s.X > 8192 || s.Y > 8192 {
		return nil, fmt.Errorf("new web display: size %dx%d, from 1x1 to 8192x8192", s.X, s.Y)
	}
	if cfg.Viewers == 0 {
		cfg.Viewers = 8
	}
	if cfg.MessageRate == 0 {
		cfg.MessageRate = 2000
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	local := false
	if cfg.Listen != "" {
		host, _, err := net.SplitHostPort(cfg.Listen)
		if err != nil {
			return nil, fmt.Errorf("new web display: address %q is not HOST:PORT: %w", cfg.Listen, err)
		}
		local = isLoopback(host)
		cfg.Hosts = append([]string{host}, cfg.Hosts...)
	}
	switch {
	case local:
		cfg.Token = ""
	case cfg.Token == "":
		cfg.Token = rand.Text()
	}
	return &Server{
		cfg: cfg, log: cfg.Logger, guard: newGuard(cfg.Token, cfg.Hosts, local),
		pix: make([]byte, 4*cfg.Size.X*cfg.Size.Y), viewers: make(map[*viewer]bool),
		codec: newCodec(cfg.Size),
	}, nil
}

// Listen takes the address, so that a busy one is known before anything
// starts. Run does it when it has not been done.
func (s *Server) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("listen on %s: %w", s.cfg.Listen, net.ErrClosed)
	}
	if s.listener != nil || s.cfg.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", s.cfg.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen on %s: another program has this address; choose another one with --listen HOST:PORT: %w", s.cfg.Listen, err)
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w; choose another address with --listen HOST:PORT", s.cfg.Listen, err)
	}
	s.listener = l
	return nil
}

// URL is the address to open, with the pairing token where one is needed;
// empty before Listen.
func (s *Server) URL() string {
	s.mu.Lock()
	l := s.listener
	s.mu.Unlock()
	if l == nil {
		return ""
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // an address of net's own making
	host, _, _ := net.SplitHostPort(s.cfg.Listen)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = ownAddress()
	}
	url := "http://" + net.JoinHostPort(host, port) + "/"
	if s.cfg.Token != "" {
		url += "?token=" + s.cfg.Token
	}
	return url
}

// Size is the picture's size in pixels.
func (s *Server) Size() image.Point { return s.cfg.Size }

// NextFlip is the web display's 60 Hz beat; an idle one shows a frame at once.
func (s *Server) NextFlip(now time.Time) time.Time { return s.pacer.Next(now) }

// Viewers is how many pages are connected.
func (s *Server) Viewers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.viewers)
}

// Present copies the frame's damage and wakes the viewers; it waits for none.
func (s *Server) Present(f display.Frame) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("present on web: %w", err)
	}
	s.pacer.Presented(time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("present on web: %w", os.ErrClosed)
	}
	bounds := f.Bounds().Intersect(image.Rectangle{Max: s.cfg.Size})
	for _, r := range f.Damage {
		if r = r.Intersect(bounds); r.Empty() {
			continue
		}
		display.CopyRect(s.pix, 4*s.cfg.Size.X, r.Min, f.Pix, f.Stride, r)
		for v := range s.viewers {
			v.pending.Add(r)
		}
	}
	s.version++
	for v := range s.viewers {
		v.poke()
	}
	return nil
}

// Close gives the address back and ends every viewer. Run returns after it.
func (s *Server) Close() error {
	s.mu.Lock()
	l := s.listener
	done := s.closed
	s.closed = true
	for v := range s.viewers {
		v.cancel()
	}
	s.mu.Unlock()
	if done || l == nil {
		return nil
	}
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close web display: %w", err)
	}
	return nil
}

// Run serves pages and hands their events to to, which must not block, until
// ctx ends or Close; then it returns nil, after every viewer has gone.
func (s *Server) Run(ctx context.Context, to func(input.Event)) error {
	if err := s.Listen(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	l := s.listener
	s.to, s.stop = to, ctx.Done()
	s.mu.Unlock()
	defer func() {
		cancel()
		s.mu.Lock()
		s.to = nil
		s.mu.Unlock()
		s.running.Wait()
	}()
	if l == nil {
		<-ctx.Done()
		return nil
	}
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	var err error
	select {
	case <-ctx.Done():
		srv.Close()
		<-served
	case err = <-served:
		srv.Close()
		if errors.Is(err, net.ErrClosed) {
			err = nil
		}
	}
	s.mu.Lock()
	s.listener = nil
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("serve the web display on %s: %w", s.cfg.Listen, err)
	}
	return nil
}
