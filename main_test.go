package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tandem": main})
}

// The command line, as its manual: .ci/scripts/*.txtar.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: ".ci/scripts",
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_STATE_HOME", e.Getenv("WORK")+"/state")
			return nil
		},
	})
}

func TestRunGivesItsExitCode(t *testing.T) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGUSR1)
	defer stop()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, tc := range []struct {
		want int
		args []string
	}{
		{exitDone, []string{"--version"}},
		{exitDone, []string{"--help"}},
		{exitMisused, []string{"--frobnicate"}},
		{exitMisused, []string{"frobnicate"}},
		{exitMisused, []string{"--size", "0x0"}},
		{exitMisused, []string{"--display", "paper"}},
		{exitMisused, []string{"--display", "web,attach"}},
		{exitMisused, []string{"--can", "=can0"}},
		{exitMisused, []string{"--can", "body=can0,body=can1"}},
		{exitMisused, []string{"--can", "can0"}},
		{exitMisused, []string{"--can", "lin=can0"}},
		{exitMisused, []string{"replay"}},
		{exitMisused, []string{"replay", "--log", "x", "--rate", "0"}},
		{exitFailed, []string{"--car", "no-such-car"}},
		{exitFailed, []string{"replay", "--log", "no-such-log"}},
	} {
		if got := run(ctx, tc.args, null, null); got != tc.want {
			t.Errorf("tandem %q: exit code %d, want %d", tc.args, got, tc.want)
		}
	}
}
