//go:build linux && !amd64

package sandbox_test

// direct needs the registers of the architecture on which the rigs run.
func direct() int { return 2 }
