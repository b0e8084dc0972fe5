package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"tandem/phonelink"
	"tandem/phonelink/node"
)

// What a worker is started with, after standard input, output and error.
const (
	socketFD = 3 + iota // the phone link's socket, listening
	wordsFD             // it writes words to its keeper
	lifeFD              // it reads nothing: the end of it is the keeper's
)

// keepWorkers runs the phone link in a process that is kept.
func (a *alone) keepWorkers(ctx context.Context, l net.Listener) error {
	u, ok := l.(*net.UnixListener)
	if !ok {
		return fmt.Errorf("serve the phone link: a %T cannot be given to a process", l)
	}
	socket, err := u.File()
	if err != nil {
		return fmt.Errorf("serve the phone link: %w", err)
	}
	defer socket.Close()
	k := &keeper{profile: a.Profile, log: a.Logger, start: func(p phonelink.Profile, port int) (*worker, error) {
		return a.startWorker(socket, "--worker", "--profile", string(p), "--listen", a.listenAt(port))
	}}
	return k.run(ctx)
}

// listenAt is where a worker listens: at port, if the command line leaves it open.
func (a *alone) listenAt(port int) string {
	if host, any, err := net.SplitHostPort(a.Listen); err == nil && port != 0 && (any == "0" || any == "") {
		return net.JoinHostPort(host, strconv.Itoa(port))
	}
	return a.Listen
}

// startWorker starts this command again, with more flags.
func (a *alone) startWorker(socket *os.File, more ...string) (*worker, error) {
	self, err := program()
	if err != nil {
		return nil, err
	}
	heard, words, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	life, lives, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, heard.Close(), words.Close())
	}
	defer words.Close()
	defer life.Close()
	start := func(attr *syscall.SysProcAttr) (*exec.Cmd, error) {
		cmd := exec.Command(self, append(slices.Clip(a.args), more...)...)
		cmd.Args[0] = os.Args[0]
		cmd.Stdout, cmd.Stderr, cmd.ExtraFiles, cmd.SysProcAttr = a.Stdout, a.stderr, []*os.File{socket, words, life}, attr
		return cmd, cmd.Start()
	}
	cmd, err := start(ownMounts())
	if err != nil { // a container may forbid name spaces
		if cmd, err = start(nil); err != nil {
			return nil, errors.Join(err, heard.Close(), lives.Close())
		}
	}
	said, done := make(chan string), make(chan error, 1)
	go func() {
		defer close(said)
		lines := bufio.NewScanner(heard)
		lines.Buffer(nil, maxWord)
		for lines.Scan() {
			said <- lines.Text()
		}
		heard.Close() // one that says too much is not listened to, and so ended
	}()
	go func() {
		err := cmd.Wait()
		lives.Close()
		done <- err
	}()
	return &worker{
		words: said, done: done,
		end:  func() { _ = cmd.Process.Signal(syscall.SIGTERM) },
		kill: func() { _ = cmd.Process.Kill() },
	}, nil
}

// work is the worker's life.
func (a *alone) work(ctx context.Context) error {
	nameProcess()
	say := &sayer{w: os.NewFile(wordsFD, "words")}
	life, file := os.NewFile(lifeFD, "life"), os.NewFile(socketFD, "socket")
	l, err := net.FileListener(file)
	if err != nil {
		return fmt.Errorf("--worker is for the phone link's own use: leave it out: %w", err)
	}
	file.Close()
	for _, fd := range []int{wordsFD, lifeFD} {
		syscall.CloseOnExec(fd)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, life)
		cancel()
		// Nobody waits for this process any more, and another may want its place.
		time.AfterFunc(endsWithin, func() { os.Exit(1) })
	}()
	if err := a.workOn(ctx, cancel, say, l); err != nil && ctx.Err() == nil {
		say.say(wordError + strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil // the keeper tells
}

// workOn serves one profile on l until ctx ends or another profile is wanted,
// for which it ends by cancel.
func (a *alone) workOn(ctx context.Context, cancel func(), say *sayer, l net.Listener) error {
	defer l.Close()
	if err := a.shutIn(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	g, ctx := errgroup.WithContext(ctx)
	a.wrap = func(n *node.Node) phonelink.Service {
		say.say(wordPort + strconv.Itoa(int(n.Addr().Port())))
		say.say(wordReady)
		g.Go(func() error {
			beat(ctx, n, say)
			return nil
		})
		return &changing{Service: n, own: a.Profile, name: a.Name, say: say, end: cancel}
	}
	g.Go(func() error {
		defer stop()
		return a.link(ctx, l)
	})
	return g.Wait()
}

// beat tells the keeper that the phone link's loop answers, by asking what it
// refuses at once.
func beat(ctx context.Context, s phonelink.Service, say *sayer) {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		var no *phonelink.Refusal
		if err := s.Do(ctx, phonelink.SetProfile{}); errors.As(err, &no) {
			say.say(wordAlive)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// sayer says words to the keeper.
type sayer struct {
	mu sync.Mutex
	w  io.Writer
}

// say may fail: then the keeper has ended, and so will this process.
func (s *sayer) say(word string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.w, word[:min(len(word), maxWord-2)]+"\n")
}

// changing is the phone link of one profile, which ends for another one.
type changing struct {
	phonelink.Service
	own  phonelink.Profile
	name string
	say  *sayer
	end  func()
	left atomic.Pointer[phonelink.View] // what is shown while it ends; nil: it does not
}

// Do is part of phonelink.Service.
func (c *changing) Do(ctx context.Context, r phonelink.Request) error {
	to, ok := r.(phonelink.SetProfile)
	if !ok {
		return c.Service.Do(ctx, r)
	}
	p := to.Profile
	if p.Check() == nil && p != c.own && p != phonelink.Guest && p != phonelink.Valet {
		// Nothing of who drove is shown to who drives now, also if the next
		// process cannot begin.
		c.left.CompareAndSwap(nil, &phonelink.View{
			Name: c.name, Profile: p, Trouble: "another profile is being opened", Troubles: []phonelink.TroubleCode{phonelink.TroubleSilent},
		})
		c.say.say(wordProfile + string(p))
		c.end()
		return nil
	}
	err := c.Service.Do(ctx, r)
	if err == nil {
		// After a crash it is not another's turn: a valet's least of all.
		c.say.say(wordProfile + string(p))
	}
	return err
}

// Watch is part of phonelink.Service.
func (c *changing) Watch() phonelink.Watch { return changingWatch{c.Service.Watch(), c} }

type changingWatch struct {
	phonelink.Watch
	c *changing
}

// View is part of phonelink.Watch.
func (w changingWatch) View() *phonelink.View {
	if v := w.c.left.Load(); v != nil {
		return v
	}
	return w.Watch.View()
}
