// Package sandbox takes from a process what it will not need, before it talks
// to strangers: its user, its files, and the system calls that reach a bus, the
// kernel or another process. It does not know what the process is for.
//
//	Enter: own user -> Landlock (files) -> seccomp (system calls) -> looks whether it holds
//
// What is denied fails with EPERM (a call) or EACCES (a file); a call made by
// another architecture's door (int 0x80, x32), which no program of ours does,
// ends the process or is ENOSYS. The filter names what is forbidden, not what
// is allowed, but for the kinds of sockets, where it is the other way round:
// a Go runtime of next year may use calls that nobody thought of, and a list of
// allowed calls that is too short stops a car's phone link on the road, while
// what reaches CAN, files of others or the kernel goes by few and known calls.
//
// Which layer keeps what away:
//
//	                      CAN, kernel   files that others own    other profiles, same owner
//	                                    and keep to themselves   or readable for all
//	seccomp (3.17)        yes           -                        -
//	user                  -             yes                      -
//	Hide (started by root) -            -                        the folders that it was told
//	Landlock (5.13)       -             yes                      yes, and every other file
//
// It needs a Linux kernel with seccomp filters. Landlock must be enabled at
// boot; user-mode Linux has none. Without Landlock and without Hide each
// profile's process must have a user of its own. Other systems have nothing of
// all this: Enter is errors.ErrUnsupported there.
//
// A profile is chosen before Enter and for good: for another driver the process
// ends and its parent starts it again (phonelink/cmd).
package sandbox

import (
	"errors"
	"fmt"
	"log/slog"
)

// ErrNotAlone says that Hide has no mount name space of its own to work in.
var ErrNotAlone = errors.New("hide folders: no mount name space of its own")

// Config is what a process may still do. Its zero value may use unix sockets
// and what it has open, no file and no network.
type Config struct {
	// User is whom a process of root becomes, by name or number; "": it stays
	// what it is, and root loses its capabilities. Anybody else stays.
	User string
	// Read are files and folders with all in them that may be read.
	Read []string
	// Write are folders in which everything may be done but to execute and to
	// make devices, and files that are there. What is missing is made a folder,
	// mode 0700, for User.
	Write []string
	// Network allows IPv4 and IPv6, and asking the kernel for its interfaces.
	Network bool
	Logger  *slog.Logger // nil: discard
}

// Report is what Enter could do.
type Report struct {
	User     int      // number of the user that the process is now
	Filter   bool     // the system call filter holds for all threads
	Landlock int      // version of Landlock in force; 0: none
	Missing  []string // what it could not do, a sentence each; nil: nothing
}

// String is the report on one line.
func (r Report) String() string {
	return fmt.Sprintf("user %d, filter %t, landlock %d, missing %q", r.User, r.Filter, r.Landlock, r.Missing)
}
