package rig

import (
	"os/exec"
	"syscall"
	"time"
)

// ownGroup starts the guest, which is several processes, as a group that ends
// as one.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
}

// endGroup ends what is left of the guest after its first process, and waits a
// little for it to be gone.
func endGroup(cmd *exec.Cmd) {
	if cmd.Process == nil {
		return
	}
	for range 100 {
		if syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) != nil {
			return // there is no such group any more
		}
		time.Sleep(10 * time.Millisecond)
	}
}
