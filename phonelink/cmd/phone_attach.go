package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"tandem/phonelink"
	"tandem/phonelink/rpc"
	"tandem/vehicle"
	vehiclerpc "tandem/vehicle/rpc"
)

// service is the socket at which the running companion serves its phonelink
// Service to another screen.
func (p *phone) service() string {
	return filepath.Join(filepath.Dir(p.socket()), "phone-service.sock")
}

// serveService lets screens of other processes attach, until ctx ends.
func (c *companion) serveService(ctx context.Context) error {
	s, err := rpc.NewServer(rpc.ServerConfig{Service: c.node, Logger: c.log})
	if err != nil {
		return err
	}
	l, err := vehiclerpc.Listen(c.p.service(), 0o600)
	if err != nil {
		return err
	}
	return s.Run(ctx, l)
}

// attach makes a companion of the one that is running: its Service over gRPC,
// and what is not of the Service by subcommands.
func (p *phone) attach() (*companion, error) {
	conn, err := p.dial()
	if err != nil {
		return nil, err
	}
	_ = conn.Close()
	client, err := rpc.Dial(rpc.ClientConfig{Socket: p.service()})
	if err != nil {
		return nil, err
	}
	c := &companion{p: p, node: attached{client, p}, attached: true}
	c.first = c.view()
	return c, nil
}

// attached is the running companion's node.
type attached struct {
	*rpc.Client
	p *phone
}

// Run keeps the connection until ctx ends.
func (a attached) Run(ctx context.Context) error {
	<-ctx.Done()
	return a.Close()
}

// order runs a subcommand there; stdin answers what it asks.
func (a attached) order(ctx context.Context, stdin io.Reader, stderr io.Writer, args ...string) (string, error) {
	conn, err := a.p.dial()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	var out bytes.Buffer
	err = converse(ctx, conn, order{Args: args, Dir: "/"}, stdin, &out, stderr)
	return out.String(), err
}

// PairWith is part of phoneNode.
func (a attached) PairWith(ctx context.Context, qrText string) error {
	_, err := a.order(ctx, strings.NewReader(""), io.Discard, "pair", "--", qrText)
	return err
}

var digits = regexp.MustCompile(`[0-9]{3} [0-9]{3}`)

// PairCode is part of phoneNode. The question is what the subcommand prints.
func (a attached) PairCode(ctx context.Context, addr string, compare func(code string) bool) error {
	var asked bytes.Buffer
	yes := readerFunc(func(b []byte) (int, error) {
		if code := digits.FindString(asked.String()); code != "" && compare(strings.ReplaceAll(code, " ", "")) {
			return copy(b, "y\n"), nil
		}
		return copy(b, "n\n"), nil
	})
	_, err := a.order(ctx, yes, &asked, "pair", "--code", "--", addr)
	return err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// CarValues is part of phoneNode.
func (a attached) CarValues(ctx context.Context, car phonelink.Device) (map[vehicle.Path]vehicle.Value, error) {
	out, err := a.order(ctx, strings.NewReader(""), io.Discard, "car", "--json", "--car="+string(car))
	if err != nil {
		return nil, err
	}
	var j carJSON
	if err := json.Unmarshal([]byte(out), &j); err != nil {
		return nil, fmt.Errorf("read what the running companion says of the car: %w", err)
	}
	values := map[vehicle.Path]vehicle.Value{}
	for path, v := range j.Signals {
		switch v := v.(type) {
		case float64:
			values[vehicle.Path(path)] = vehicle.NumberOf(v)
		case bool:
			values[vehicle.Path(path)] = vehicle.BoolOf(v)
		case string:
			values[vehicle.Path(path)] = vehicle.TextOf(v)
		}
	}
	return values, nil
}

// AskCar is part of phoneNode.
func (a attached) AskCar(ctx context.Context, car phonelink.Device, p vehicle.Path, v vehicle.Value) (vehicle.Outcome, error) {
	for name, w := range wishes {
		if w.path != p {
			continue
		}
		args := []string{"car", "--car=" + string(car), "--", name}
		if n, ok := v.Number(); ok {
			args = append(args, strconv.FormatFloat(n, 'f', -1, 64))
		} else if b, _ := v.Bool(); w.unit == "" {
			args = append(args, map[bool]string{true: "on", false: "off"}[b])
		}
		_, err := a.order(ctx, strings.NewReader(""), io.Discard, args...)
		return vehicle.Outcome{State: vehicle.Done}, err
	}
	return vehicle.Outcome{}, errors.New("the running companion has no such wish")
}
