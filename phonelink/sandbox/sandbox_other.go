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
