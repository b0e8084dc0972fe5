package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Hide puts nothing in the place of folders, for this process and what it
// starts, with or without Landlock. It is for root in a mount name space of its
// own, which its parent made (clone(2), CLONE_NEWNS), and before Enter, after
// which nobody can take it away again. Without those it is ErrNotAlone.
func Hide(folders ...string) error {
	if err := aloneWithMounts(); err != nil {
		return err
	}
	// What is done here must not be seen outside; what is done outside may.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("hide folders: keep mounts to this process: %w", err)
	}
	for _, dir := range folders {
		info, err := os.Lstat(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && !info.IsDir() {
			err = errors.New("is no folder")
		}
		if err == nil {
			err = unix.Mount("tmpfs", dir, "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=000,size=4k")
		}
		if err != nil {
			return fmt.Errorf("hide %s: %w", dir, err)
		}
	}
	return nil
}

// aloneWithMounts compares with the parent: to hide a folder from it would be
// to hide it from the machine.
func aloneWithMounts() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w: not root", ErrNotAlone)
	}
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAlone, err)
	}
	parent, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", os.Getppid()))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotAlone, err)
	}
	if own == parent {
		return fmt.Errorf("%w: it is the parent's", ErrNotAlone)
	}
	return nil
}
