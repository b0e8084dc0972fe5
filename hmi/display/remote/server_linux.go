package remote

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tandem/hmi/display"
)

const (
	helloWithin = 2 * time.Second
	sendWithin  = time.Second
)

// ServerConfig is what a Server is made of.
type ServerConfig struct {
	Socket     string              // path, such as RUN/display.sock; its folder is made
	Compositor *display.Compositor // whose layers are given out
	Users      []int               // who may connect, beside our own user and root
	Logger     *slog.Logger        // nil: none
}

// Server gives a display's layers to producers in other processes.
type Server struct {
	cfg ServerConfig
	log *slog.Logger

	mu      sync.Mutex
	l       *net.UnixListener
	holders map[display.LayerKind]*producer
}

// NewServer makes a server; it does not listen yet.
func NewServer(cfg ServerConfig) (*Server, error) {
	if cfg.Socket == "" || cfg.Compositor == nil {
		return nil, errors.New("new display server: it needs a socket and a compositor")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Server{cfg: cfg, log: cfg.Logger, holders: make(map[display.LayerKind]*producer)}, nil
}

// Listen takes the socket; Run does it when it has not been done. A socket
// that a dead display left behind is replaced, a live one's is not.
func (s *Server) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.l != nil {
		return nil
	}
	path := s.cfg.Socket
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("listen for producers: %w", err)
	}
	addr := &net.UnixAddr{Name: path, Net: "unixpacket"}
	l, err := net.ListenUnix("unixpacket", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		if c, derr := net.DialUnix("unixpacket", nil, addr); derr == nil {
			c.Close()
			return fmt.Errorf("listen for producers on %s: another display has this socket; end it or use another --run DIR", path)
		}
		if err = os.Remove(path); err == nil {
			l, err = net.ListenUnix("unixpacket", addr)
		}
	}
	if err != nil {
		return fmt.Errorf("listen for producers on %s: %w; use another --run DIR", path, err)
	}
	mode := os.FileMode(0o600)
	if len(s.cfg.Users) > 0 {
		mode = 0o666 // the kernel's word on the peer decides
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		return fmt.Errorf("listen for producers on %s: %w", path, err)
	}
	s.l = l
	return nil
}

// Run serves producers until ctx ends, and returns nil after all have gone.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	s.mu.Lock()
	l := s.l
	s.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	for {
		c, err := l.AcceptUnix()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept a producer on %s: %w", s.cfg.Socket, err)
		}
		group.Go(func() {
			p := &producer{s: s, c: c}
			err := p.serve(ctx)
			s.log.Info("producer went", "layer", p.name(), "pid", p.pid, "reason", err)
		})
	}
}

// producer is one connection.
type producer struct {
	s     *Server
	c     *net.UnixConn
	pid   int32
	layer *display.Layer // nil: has not said which
	mem   *memory
	mute  context.CancelFunc // ends its events
	over  atomic.Bool        // another one has its layer: what it says counts no more
	wrote sync.Mutex
}

func (p *producer) name() string {
	if p.layer == nil {
		return "none"
	}
	return p.layer.Kind().String()
}

// serve talks to the producer until one of the two ends it, and says why.
func (p *producer) serve(ctx context.Context) (err error) {
	defer p.c.Close()
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { p.c.Close() })
	defer stop()
	heard, mute := context.WithCancel(ctx)
	p.mute = mute
	if err := p.admit(); err != nil {
		p.refuse(false, err.Error())
		cancel()
		return err
	}
	p.s.log.Info("producer came", "layer", p.name(), "pid", p.pid)
	var group sync.WaitGroup
	group.Go(func() { p.forward(heard) })
	defer func() {
		cancel()
		group.Wait()
		p.s.leave(p)
		err = errors.Join(err, p.mem.close())
	}()
	for {
		if err := p.next(); err != nil {
			if !errors.Is(err, net.ErrClosed) && !p.over.Load() {
				p.refuse(false, err.Error())
			}
			return err
		}
	}
}

// admit asks who it is and which layer it paints.
func (p *producer) admit() error {
	uid, pid, err := peer(p.c)
	if err != nil {
		return err
	}
	p.pid = pid
	// Its hello is read before it is refused: closing a socket with something
	// unread in it would take the reason away from the peer.
	if err := p.c.SetReadDeadline(time.Now().Add(helloWithin)); err != nil {
		return err
	}
	var buf [maxMessage]byte
	n, fd, err := receive(p.c, buf[:])
	if fd >= 0 {
		unix.Close(fd)
	}
	if int(uid) != os.Geteuid() && uid != 0 && !slices.Contains(p.s.cfg.Users, int(uid)) {
		return fmt.Errorf("user %d may not paint here", uid)
	}
	if err != nil {
		return err
	}
	r, err := parseRequest(buf[:n], nil)
	if err != nil {
		return err
	}
	if r.op != opHello {
		return errMalformed
	}
	if err := p.c.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	p.layer = p.s.cfg.Compositor.Layer(r.kind)
	p.s.take(p)
	size := p.s.cfg.Compositor.Size()
	b := []byte{byte(opWelcome), Version}
	return p.send(le.AppendUint16(le.AppendUint16(b, uint16(size.X)), uint16(size.Y)))
}

// take gives the layer to p; who held it is told.
func (s *Server) take(p *producer) {
	s.mu.Lock()
	old := s.holders[p.layer.Kind()]
	s.holders[p.layer.Kind()] = p
	s.mu.Unlock()
	if old != nil {
		old.retire()
	}
}

// retire tells a producer that another one has its layer. What it sends until
// it has heard that is read and dropped: to close with something unread would
// take the message away from it, and it would come again.
func (p *producer) retire() {
	p.over.Store(true)
	p.mute()
	p.refuse(true, "another producer has come")
	err := errors.Join(p.c.CloseWrite(), p.c.SetReadDeadline(time.Now().Add(helloWithin)))
	if err != nil {
		p.s.log.Debug("retire a producer", "layer", p.name(), "err", err)
	}
}

// leave marks the layer, unless another producer has it by now.
func (s *Server) leave(p *producer) {
	s.mu.Lock()
	mine := s.holders[p.layer.Kind()] == p
	if mine {
		delete(s.holders, p.layer.Kind())
	}
	s.mu.Unlock()
	if mine {
		p.layer.Gone(true)
	}
}

// refuse tells the producer why it is disconnected.
func (p *producer) refuse(replaced bool, why string) {
	flag := byte(0)
	if replaced {
		flag = 1
	}
	if err := p.send(append([]byte{byte(opRefused), flag}, why[:min(len(why), 200)]...)); err != nil {
		p.s.log.Debug("tell a producer why it goes", "layer", p.name(), "err", err)
	}
}

func (p *producer) send(b []byte) error {
	p.wrote.Lock()
	defer p.wrote.Unlock()
	if err := p.c.SetWriteDeadline(time.Now().Add(sendWithin)); err != nil {
		return err
	}
	_, err := p.c.Write(b)
	return err
}

// forward sends the layer's events until ctx ends.
func (p *producer) forward(ctx context.Context) {
	var buf []byte
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-p.layer.Events():
			buf = appendEvent(buf[:0], ev, momentNow())
			if err := p.send(buf); err != nil {
				p.c.Close() // it does not read: serve ends
				return
			}
		}
	}
}

// next acts on one message.
func (p *producer) next() error {
	var buf [maxMessage]byte
	var room [maxRects]image.Rectangle
	n, fd, err := receive(p.c, buf[:])
	if err != nil {
		return err
	}
	if p.over.Load() {
		if fd >= 0 {
			unix.Close(fd)
		}
		return nil
	}
	r, err := parseRequest(buf[:n], room[:])
	if fd >= 0 && (err != nil || r.op != opMemory) {
		unix.Close(fd)
	}
	if err != nil {
		return err
	}
	switch r.op {
	case opMemory:
		return p.remember(fd, r.size)
	case opFrame:
		return p.present(r.rects)
	case opPlace:
		p.layer.Place(r.place)
	case opShow:
		p.layer.Show(r.on)
	case opInput:
		p.layer.TakeInput(r.on)
	default:
		return errMalformed
	}
	return nil
}

func (p *producer) remember(fd int, size image.Point) error {
	if fd < 0 {
		return errors.New("memory message without memory")
	}
	m, err := openMemory(fd, size)
	if err != nil {
		return err
	}
	err = p.mem.close()
	p.mem = m
	return err
}

// present copies what changed out of the shared memory. The seal makes reading
// it safe; should the kernel fail to give a page nevertheless, that is this
// producer's end and not the display's.
func (p *producer) present(rects []image.Rectangle) (err error) {
	if p.mem == nil {
		return errors.New("frame before its memory")
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("read the shared memory: %v", r)
		}
	}()
	f := display.Frame{Pix: p.mem.pix, Stride: 4 * p.mem.size.X, Size: p.mem.size, Damage: rects}
	if err := p.layer.Present(f); err != nil {
		return err
	}
	base := momentNow()
	period, own := p.layer.Beat()
	return p.send(done{p.layer.NextFlip(base.at), period, own}.append(nil, base))
}
