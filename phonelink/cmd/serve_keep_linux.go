package cmd

import (
	"os"
	"path/filepath"
	"syscall"
)

// program is this program, also when its file has been replaced meanwhile.
func program() (string, error) { return "/proc/self/exe", nil }

// ownMounts gives a process of root mounts of its own, in which it can hide
// what it must not see.
func ownMounts() *syscall.SysProcAttr {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
}

// nameProcess gives the process the program's name in lists of processes; it was
// started as "exe".
func nameProcess() { _ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(os.Args[0])), 0) }
