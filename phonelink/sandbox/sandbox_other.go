//go:build !linux

package sandbox

import (
	"errors"
	"fmt"
	"runtime"
)

// Enter takes from the process what c does not allow; see the package.
func Enter(Config) (Report, error) {
	return Report{}, fmt.Errorf("enter the sandbox on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Become is the first step of Enter alone; see the package.
func Become(name string, _ ...string) error {
	if name == "" {
		return nil
	}
	return fmt.Errorf("become %q on %s: %w", name, runtime.GOOS, errors.ErrUnsupported)
}

// Hide puts nothing in the place of folders; see the package.
func Hide(...string) error { return ErrNotAlone }
