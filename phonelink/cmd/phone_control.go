package cmd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A subcommand reaches the running companion as a line of JSON on a unix
// socket that only this user may open; the companion runs it and answers with
// lines of JSON. The connection's end is Ctrl-C.
//
//	-> {"args":["take","music"],"dir":"/home/me","in":"..."}
//	<- {"out":"..."}  {"err":"..."}  ...  {"end":true,"error":"..."}
//	<- {"ask":true}                  -> {"in":"yes\n"}
type order struct {
	Args []string `json:"args,omitempty"`
	Dir  string   `json:"dir,omitempty"`
	In   string   `json:"in,omitempty"`
}

type answer struct {
	Out   string `json:"out,omitempty"`
	Err   string `json:"err,omitempty"`
	Ask   bool   `json:"ask,omitempty"` // a line of standard input is wanted
	End   bool   `json:"end,omitempty"`
	Error string `json:"error,omitempty"`
	Code  int    `json:"code,omitempty"` // exit code, if the error has one of its own
}

// maxOrder is the longest line of either side, in bytes.
const maxOrder = 1 << 20

// errNobody says that no companion is running.
var errNobody = errors.New("no companion is running")

// control is the companion's socket.
type control struct {
	c *companion
	l *net.UnixListener
}

// listenControl takes the socket, also over one that a crash left behind.
func listenControl(c *companion) (*control, error) {
	path := c.p.socket()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the companion's socket: %w", err)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("a companion is running already (%s): subcommands reach it; end it first for another, or use another --data and --run", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove an old socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen for subcommands: %w; --run DIR chooses another folder (a socket's path has at most 107 bytes)", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("listen for subcommands: %w", err)
	}
	return &control{c: c, l: l}, nil
}

// run serves subcommands until ctx ends.
func (k *control) run(ctx context.Context) error {
	var orders sync.WaitGroup
	defer orders.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = k.l.Close() })()
	for {
		conn, err := k.l.AcceptUnix()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accept a subcommand: %w", err)
		}
		orders.Go(func() { k.serve(ctx, conn) })
	}
}

// serve runs one subcommand.
func (k *control) serve(ctx context.Context, conn *net.UnixConn) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	r := bufio.NewReader(io.LimitReader(conn, maxOrder))
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	line, err := r.ReadBytes('\n')
	var o order
	if err != nil || json.Unmarshal(line, &o) != nil {
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	lines, gone := make(chan string), make(chan struct{})
	go func() {
		defer close(gone)
		defer cancel() // the other end has gone
		for {
			line, err := r.ReadBytes('\n')
			var more order
			if err != nil || json.Unmarshal(line, &more) != nil {
				return
			}
			select {
			case lines <- more.In:
			case <-ctx.Done():
				return
			}
		}
	}()
	w := &answers{enc: json.NewEncoder(conn)}
	inner := &phone{
		data: k.c.p.data, run: k.c.p.run, name: k.c.p.name, listen: k.c.p.listen, announce: k.c.p.announce,
		companion: k.c, dir: o.Dir, open: k.c.p.open,
	}
	root := inner.command()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetArgs(o.Args)
	root.SetIn(&asker{ctx: ctx, rest: o.In, end: o.In != "", lines: lines, to: w})
	root.SetOut(stream{func(s string) answer { return answer{Out: s} }, w})
	root.SetErr(stream{func(s string) answer { return answer{Err: s} }, w})
	end := answer{End: true}
	if err := root.ExecuteContext(ctx); err != nil {
		end.Error = err.Error()
		if no := (*notAccepted)(nil); errors.As(err, &no) {
			end.Code = no.code
		}
	}
	w.send(end)
	_ = conn.Close()
	<-gone
}

// asker is the standard input of the other end: what came with the order, else
// a line at a time, asked for when it is read.
type asker struct {
	ctx   context.Context
	rest  string
	end   bool
	lines <-chan string
	to    *answers
}

func (a *asker) Read(b []byte) (int, error) {
	if a.rest == "" {
		if a.end {
			return 0, io.EOF
		}
		a.to.send(answer{Ask: true})
		select {
		case a.rest = <-a.lines:
		case <-a.ctx.Done():
		}
		if a.rest == "" {
			a.end = true
			return 0, io.EOF
		}
	}
	n := copy(b, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// answers sends whole lines from several writers.
type answers struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func (a *answers) send(v answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.enc.Encode(v) // the other end has gone: its context ends
}

// stream is one of the outputs.
type stream struct {
	wrap func(string) answer
	to   *answers
}

func (s stream) Write(b []byte) (int, error) {
	s.to.send(s.wrap(string(b)))
	return len(b), nil
}

// forward hands the subcommand to the running companion; errNobody if there is
// none.
func (p *phone) forward(cmd *cobra.Command, args []string) error {
	o := order{Args: argv(cmd, args)}
	var err error
	if o.Dir, err = os.Getwd(); err != nil {
		o.Dir = "/"
	}
	conn, err := p.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	if o.In, err = input(cmd, args); err != nil {
		return err
	}
	return converse(cmd.Context(), conn, o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
}

// dial reaches the running companion.
func (p *phone) dial() (net.Conn, error) {
	conn, err := net.Dial("unix", p.socket())
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED):
		return nil, errNobody
	case err != nil:
		return nil, fmt.Errorf("reach the running companion: %w", err)
	}
	return conn, nil
}

// converse gives an order and passes on what comes back, until its end.
func converse(ctx context.Context, conn net.Conn, o order, stdin io.Reader, stdout, stderr io.Writer) error {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	enc := json.NewEncoder(conn)
	if err := enc.Encode(o); err != nil {
		return fmt.Errorf("reach the running companion: %w", err)
	}
	in := bufio.NewReader(io.LimitReader(stdin, maxOrder/2))
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxOrder)
	for lines.Scan() {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return fmt.Errorf("the running companion answers %q: is it another version? %w", lines.Text(), err)
		}
		if a.End {
			switch {
			case a.Error != "" && a.Code != 0:
				return &notAccepted{a.Code, a.Error}
			case a.Error != "":
				return errors.New(a.Error)
			}
			return nil
		}
		fmt.Fprint(stdout, a.Out)
		fmt.Fprint(stderr, a.Err)
		if a.Ask {
			line, _ := in.ReadString('\n') // its end is an empty line
			_ = enc.Encode(order{In: line})
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.New("the running companion ended in between: it may have happened")
}

// completeSessions offers the sessions of the running companion, if there is
// one: a shell does not wait for a link.
func (p *phone) completeSessions(good func(sessionJSON) bool) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(cmd *cobra.Command, args []string, _ string) (out []string, _ cobra.ShellCompDirective) {
		conn, err := p.dial()
		if err != nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer conn.Close()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), 2*time.Second)
		defer cancel()
		var b bytes.Buffer
		_ = converse(ctx, conn, order{Args: []string{"sessions", "--json"}}, strings.NewReader(""), &b, io.Discard)
		for dec := json.NewDecoder(&b); ; {
			var s sessionJSON
			if dec.Decode(&s) != nil {
				return out, cobra.ShellCompDirectiveNoFileComp
			}
			if len(s.ID) == 26 && (good == nil || good(s)) {
				out = append(out, s.ID[20:]+"\t"+s.Kind+" "+s.Title+" ("+s.Name+")")
			}
		}
	}
}

// argv is the command line behind "phone", without the flags that say where the
// companion is.
func argv(cmd *cobra.Command, args []string) []string {
	var out []string
	for c := cmd; c.HasParent() && c.Name() != "phone"; c = c.Parent() {
		out = append([]string{c.Name()}, out...)
	}
	inherited := cmd.InheritedFlags() // where the companion is: this one's own
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if inherited.Lookup(f.Name) != nil {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			for _, v := range list.GetSlice() {
				out = append(out, "--"+f.Name+"="+v)
			}
			return
		}
		out = append(out, "--"+f.Name+"="+f.Value.String())
	})
	return append(append(out, "--"), args...)
}

// input is what the subcommand reads: standard input where an argument is "-".
func input(cmd *cobra.Command, args []string) (string, error) {
	for _, a := range args {
		if a == "-" {
			b, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxOrder/2))
			if err != nil {
				return "", fmt.Errorf("read standard input: %w", err)
			}
			return string(b), nil
		}
	}
	return "", nil
}
