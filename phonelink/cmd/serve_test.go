package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/cmd"
	"tandem/phonelink/node"
)

// runPhonelink runs one command line of `tandem phonelink`.
func runPhonelink(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	root := cmd.Commands()[0]
	root.SilenceErrors, root.SilenceUsage = true, true
	var out, talk bytes.Buffer
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&talk)
	err = root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestServeMisuse(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"serv"}, `unknown command "serv"`},
		{[]string{"serve", "now"}, "unknown command"},
		{[]string{"profile"}, "--run DIR"},
		{[]string{"profile", "--run", dir, "../etc"}, "profile"},
		{[]string{"profile", "--run", dir, "ben"}, "the phone link does not answer"},
		{[]string{"serve", "--data", ""}, "set --data DIR"},
		{[]string{"serve", "--data", dir, "--name", ""}, "want 1 to 64 bytes"},
		{[]string{"serve", "--data", dir, "--name", "a\x1bb"}, "want 1 to 64 bytes"},
		{[]string{"serve", "--data", dir, "--kdeconnect", "yes"}, "choose on, old or off"},
		{[]string{"serve", "--data", dir, "--profile", "../x"}, "--profile: profile"},
		{[]string{"serve", "--data", dir}, "with --run DIR"},
		{[]string{"serve", "--data", dir, "--run", dir, "--sandbox", "yes"}, "choose on or off"},
		{[]string{"serve", "--data", dir, "--run", dir, "--sandbox", "off", "--share", dir + "/none"}, "no such folder"},
		// Not shut in: the process is the test's.
		{[]string{"serve", "--data", dir, "--run", dir, "--sandbox", "off", "--kdeconnect", "off", "--listen", "nowhere:99999"}, "listen on UDP"},
	}
	for _, tt := range tests {
		if _, err := runPhonelink(t, tt.args...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want ...%s...", tt.args, err, tt.want)
		}
	}
}

// TestServe: it runs until it is told to end, pairs nobody while it does not
// know the car, and keeps a second one away from its folder.
func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	c := cmd.Config{Data: t.TempDir(), Name: "Tandem One", Listen: "127.0.0.1:0", KDE: cmd.KDEOff, Stdout: &out}
	ready := make(chan *node.Node, 1)
	c.Ready = func(n *node.Node) { ready <- n }
	ended := make(chan error, 1)
	go func() { ended <- cmd.Serve(ctx, c) }()
	n := <-ready
	var refused *phonelink.Refusal
	if err := n.Do(ctx, phonelink.OpenPairing{}); !errors.As(err, &refused) || refused.Code != phonelink.RefusedMoving {
		t.Errorf("pairing: got %v, want %s", err, phonelink.RefusedMoving)
	}
	if err := cmd.Serve(ctx, c); err == nil || !strings.Contains(err.Error(), "another process uses") {
		t.Errorf("a second one: got %v, want an error about the folder", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if !strings.HasPrefix(out.String(), "phone link of Tandem One at 127.0.0.1:") {
		t.Errorf("got %q", out.String())
	}
}
