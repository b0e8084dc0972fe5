package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Enter takes from the process, all its threads and all that it starts, what c
// does not allow, for ever. Call it early: what is open stays open. An error
// means that the process must not go on; what the kernel cannot do is no error
// but a line in Report.Missing, and the caller decides.
func Enter(c Config) (Report, error) {
	log := c.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := Report{User: os.Getuid()}
	who, err := owner(c.User)
	if err != nil {
		return r, err
	}
	if err := folders(c.Write, who); err != nil {
		return r, err
	}
	if err := become(who, &r); err != nil {
		return r, err
	}
	if err := restrictFiles(c, &r); err != nil {
		return r, err
	}
	if err := restrictCalls(c.Network); err != nil {
		return r, fmt.Errorf("enter the sandbox: %w", err)
	}
	r.Filter = true
	if err := holds(c, r); err != nil {
		return r, err
	}
	log.Info("sandbox", "user", r.User, "landlock", r.Landlock, "missing", r.Missing)
	return r, nil
}

// Become is the first step of Enter alone, for a process that has to make
// files as its user before the files of others are out of reach: it makes what
// is missing of the folders, for the user, and becomes it. "" and not being
// root leave it who it is. Root that stays root keeps its capabilities until
// Enter.
func Become(name string, dirs ...string) error {
	who, err := owner(name)
	if err != nil {
		return err
	}
	if err := folders(dirs, who); err != nil {
		return err
	}
	if who == nil {
		return nil
	}
	return become(who, new(Report))
}

// account is whom to become; nil: nobody else.
type account struct{ uid, gid int }

func owner(name string) (*account, error) {
	if name == "" || os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if n, e := strconv.Atoi(name); err != nil && e == nil && n > 0 && n < 1<<31 {
		// A number needs no entry in a user database, which an image may lack.
		if u, err = user.LookupId(name); err != nil {
			return &account{n, n}, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("enter the sandbox: become %q: %w: add the user, or name one by its number", name, err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("enter the sandbox: become %q: %w", name, err)
	}
	if uid == 0 {
		return nil, fmt.Errorf("enter the sandbox: become %q: that is root", name)
	}
	return &account{uid, gid}, nil
}

// folders makes what is missing. What is there is never given to another
// owner: a user could have put somebody else's file into it.
func folders(paths []string, who *account) error {
	for _, p := range paths {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		// The user has to pass through what lies above it.
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.MkdirAll(p, 0o700)); err != nil {
			return fmt.Errorf("enter the sandbox: %w", err)
		}
		if who == nil {
			continue
		}
		if err := os.Chown(p, who.uid, who.gid); err != nil {
			return fmt.Errorf("enter the sandbox: %w", err)
		}
	}
	return nil
}

// become drops root, or root's capabilities.
func become(who *account, r *Report) error {
	if who != nil {
		if err := syscall.Setgroups(nil); err != nil {
			return fmt.Errorf("enter the sandbox: leave the groups: %w", err)
		}
		if err := syscall.Setresgid(who.gid, who.gid, who.gid); err != nil {
			return fmt.Errorf("enter the sandbox: become group %d: %w", who.gid, err)
		}
		if err := syscall.Setresuid(who.uid, who.uid, who.uid); err != nil {
			return fmt.Errorf("enter the sandbox: become user %d: %w", who.uid, err)
		}
		r.User = who.uid
	}
	if os.Geteuid() == 0 {
		r.Missing = append(r.Missing, "it is still root: files of root are kept away by Landlock alone; give it a user of its own")
	}
	if err := dropCapabilities(); err != nil {
		return fmt.Errorf("enter the sandbox: drop the capabilities: %w", err)
	}
	return nil
}

// restrictFiles is Landlock, where the kernel has it.
func restrictFiles(c Config, r *Report) error {
	r.Landlock = landlockVersion()
	if r.Landlock == 0 {
		r.Missing = append(r.Missing, "the kernel has no Landlock: files of others are kept away by owner and mode alone, and folders that were hidden")
		return nil
	}
	var rules []landlock.Rule
	for _, p := range c.Read {
		info, err := os.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // what is not there need not be allowed
		case err != nil:
			return fmt.Errorf("enter the sandbox: allow reading: %w", err)
		case info.IsDir():
			rules = append(rules, landlock.PathAccess(readFolder, p))
		default:
			rules = append(rules, landlock.PathAccess(readFile, p))
		}
	}
	for _, p := range c.Write {
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			rules = append(rules, landlock.PathAccess(writeFile, p))
			continue
		}
		rules = append(rules, landlock.PathAccess(writeFolder, p).WithRefer())
	}
	if err := landlock.V5.BestEffort().RestrictPaths(rules...); err != nil {
		return fmt.Errorf("enter the sandbox: restrict files: %w", err)
	}
	if r.Landlock < 3 {
		r.Missing = append(r.Missing, fmt.Sprintf("Landlock version %d cannot keep a file from being cut to length where it may not be written; owner and mode do", r.Landlock))
	}
	return nil
}

// What Landlock allows in a folder or on a file (linux/landlock.h): nothing
// may be executed, and no device made.
const (
	readFile    landlock.AccessFSSet = unix.LANDLOCK_ACCESS_FS_READ_FILE
	writeFile                        = readFile | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	readFolder                       = readFile | unix.LANDLOCK_ACCESS_FS_READ_DIR
	writeFolder                      = readFolder | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE
)

// landlockVersion asks the kernel; 0: it has none, or it is not enabled.
func landlockVersion() int {
	v, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// holds tries what must fail now.
func holds(c Config, r Report) error {
	for _, family := range []int{unix.AF_CAN, unix.AF_PACKET, unix.AF_VSOCK} {
		fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			unix.Close(fd)
		}
		if !errors.Is(err, unix.EPERM) {
			return fmt.Errorf("enter the sandbox: a socket of family %d gives %v, want %w", family, err, unix.EPERM)
		}
	}
	if err := unix.Unshare(unix.CLONE_NEWUSER); !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("enter the sandbox: a new user namespace gives %v, want %w", err, unix.EPERM)
	}
	if r.Landlock > 0 && !allowed(c, "/etc/passwd") {
		if f, err := os.Open("/etc/passwd"); !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) {
			f.Close()
			return fmt.Errorf("enter the sandbox: reading /etc/passwd gives %v, want %w", err, fs.ErrPermission)
		}
	}
	return nil
}

// allowed reports whether a path is or lies in one that may be read.
func allowed(c Config, path string) bool {
	for _, p := range append(append([]string(nil), c.Read...), c.Write...) {
		abs, err := filepath.Abs(p)
		if err != nil {
			return true
		}
		for at := path; ; at = filepath.Dir(at) {
			if at == filepath.Clean(abs) {
				return true
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	return false
}
