//go:build !linux

package cmd

import (
	"os"
	"syscall"
)

// program is this program.
func program() (string, error) { return os.Executable() }

// ownMounts is nothing here.
func ownMounts() *syscall.SysProcAttr { return nil }

// nameProcess does nothing here.
func nameProcess() {}
