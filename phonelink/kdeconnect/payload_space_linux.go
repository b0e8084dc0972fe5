package kdeconnect

import "golang.org/x/sys/unix"

// freeSpace is how many bytes a user may still write in dir.
func freeSpace(dir string) (int64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true
}
