package kdeconnect

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5" // drives the daemon as its own screens do
)

// Pairings is how often the rig pairs: 100 for the record, few in CI.
var Pairings = flag.Int("pairings", 3, "pairings with kdeconnectd in each direction")

// Addresses of the rig.
var (
	CarAddr   = netip.MustParseAddr("10.77.0.2")
	PhoneAddr = netip.MustParseAddr("10.77.0.1")
)

const (
	rigDaemon = "/usr/lib/x86_64-linux-gnu/libexec/kdeconnectd"
	rigPython = "/usr/bin/python3"
	rigChild  = "TANDEM_RIG_CHILD"
)

// InRig runs the calling test once more in a child that has network, mount and
// process namespaces of its own, and reports whether this is the child: the
// parent returns at once when it is false, with the child's verdict.
//
// A child, and not a locked thread that enters a namespace: Go's network poller
// and resolver open sockets on any thread, and each thread that Go starts has
// the namespace of whichever started it. The process namespace has the kernel
// end everything that the test started, however it ends.
func InRig(t *testing.T) bool {
	t.Helper()
	if os.Getenv(rigChild) == t.Name() {
		return true
	}
	rigMust(t)
	args := []string{"-test.run=^" + t.Name() + "$", "-test.v", "-test.count=1", "-test.timeout=15m"}
	flag.Visit(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			args = append(args, "-"+f.Name+"="+f.Value.String())
		}
	})
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), rigChild+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	t.Logf("in the rig:\n%s", out)
	if err != nil {
		t.Fatalf("in the rig: %v", err)
	}
	if strings.Contains(string(out), "--- SKIP: "+t.Name()) {
		t.Skip("skipped in the rig: see above")
	}
	return false
}

// rigMust skips the test, with the reason, where the rig cannot be built.
func rigMust(t *testing.T) {
	t.Helper()
	missing := ""
	switch {
	case os.Getuid() != 0:
		missing = "root, to make network namespaces"
	default:
		for _, p := range []string{rigDaemon, "/usr/bin/dbus-daemon", rigPython} {
			if _, err := os.Stat(p); err != nil {
				missing = p + " (Debian: kdeconnect dbus python3-dbusmock)"
			}
		}
		for _, p := range []string{"ip", "nsenter"} {
			if _, err := exec.LookPath(p); err != nil {
				missing = p + " (Debian: iproute2 util-linux)"
			}
		}
	}
	if missing == "" {
		return
	}
	if os.Getenv("TANDEM_RIG") == "1" {
		t.Fatalf("the rig needs %s", missing)
	}
	t.Skipf("the rig needs %s", missing)
}

// Rig is a headless kdeconnectd with a bus, a notification server and a media
// player of its own, in another network namespace than the test.
//
//	test, veth-car 10.77.0.2 ======== veth-phone 10.77.0.1, kdeconnectd
//	  |                                                        |
//	  +-- unix socket: session bus <---------------------------+-- dbusmock player
type Rig struct {
	Bus *dbus.Conn
	ID  string // of the daemon
	V8  bool   // it speaks version 8
	Dir string // its home

	t      *testing.T
	env    []string
	holder int // a process in the phone's namespace
	daemon *exec.Cmd
	exe    []string

	mu    sync.Mutex
	notes []Note
}

// Note is a notification that the daemon would show.
type Note struct{ App, Summary, Body string }

// NewRig builds the rig; the test must be InRig's child.
func NewRig(t *testing.T) *Rig {
	t.Helper()
	r := &Rig{t: t, Dir: t.TempDir(), exe: []string{rigDaemon}}
	if err := errors.Join(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""), syscall.Mount("proc", "/proc", "proc", 0, "")); err != nil {
		t.Fatal(err)
	}
	sleeper := exec.Command("sleep", "infinity")
	sleeper.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sleeper.Process.Kill(); sleeper.Wait() })
	r.holder = sleeper.Process.Pid
	r.sh("ip link set lo up")
	r.sh(fmt.Sprintf("ip link add veth-car type veth peer name veth-phone netns %d", r.holder))
	r.sh("ip addr add 10.77.0.2/24 brd 10.77.0.255 dev veth-car && ip link set veth-car up && ip route add default dev veth-car")
	r.Phone("ip link set lo up && ip addr add 10.77.0.1/24 brd 10.77.0.255 dev veth-phone && ip link set veth-phone up && ip route add default dev veth-phone")
	r.startBus()
	if root := os.Getenv("TANDEM_KDE_V8"); strings.HasSuffix(t.Name(), "V8") && root != "" {
		r.enterRoot(root)
	}
	r.StartDaemon()
	return r
}

// RigV8 skips a test of version 8's daemon unless there is one. Debian 12 has
// version 7 only; a root of Debian 13 for it takes five minutes and 1.3 GB:
//
//	debootstrap --variant=minbase --include=dbus,iproute2 trixie DIR
//	chroot DIR apt-get install --no-install-recommends kdeconnect
//	TANDEM_KDE_V8=DIR go test -run V8 ./phonelink/kdeconnect
func RigV8(t *testing.T) {
	t.Helper()
	root := os.Getenv("TANDEM_KDE_V8")
	if root == "" {
		t.Skip("TANDEM_KDE_V8 names no Debian 13 root with kdeconnect")
	}
	if _, err := os.Stat(filepath.Join(root, "usr/bin/kdeconnectd")); err != nil {
		t.Fatal(err)
	}
}

// enterRoot has the daemon run in another system's files.
func (r *Rig) enterRoot(root string) {
	r.t.Helper()
	for _, m := range []string{"/proc", "/dev", r.Dir} {
		r.sh(fmt.Sprintf("mkdir -p %[1]s%[2]s && mount --rbind %[2]s %[1]s%[2]s", root, m))
	}
	r.exe, r.V8 = []string{"chroot", root, "/usr/bin/kdeconnectd"}, true
}

func (r *Rig) sh(script string) {
	r.t.Helper()
	if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
		r.t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// Phone runs a script in the phone's network namespace.
func (r *Rig) Phone(script string) {
	r.t.Helper()
	r.sh(fmt.Sprintf("nsenter -t %d -n sh -c '%s'", r.holder, script))
}

// Cable takes the link between car and phone up or down.
func (r *Rig) Cable(up bool) {
	r.t.Helper()
	if up {
		r.Phone("ip link set veth-phone up; ip route replace default dev veth-phone")
		return
	}
	r.Phone("ip link set veth-phone down")
}

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

// startBus starts a bus that activates nothing, and takes the place of a
// notification server on it: without one each notification holds the daemon
// for 25 s.
func (r *Rig) startBus() {
	t := r.t
	t.Helper()
	socket := filepath.Join(r.Dir, "bus")
	for _, d := range []string{"run", ".config/kdeconnect", ".local/share", ".cache", "Downloads"} {
		if err := os.MkdirAll(filepath.Join(r.Dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r.env = append(os.Environ(), "HOME="+r.Dir, "XDG_RUNTIME_DIR="+r.Dir+"/run", "XDG_CONFIG_HOME="+r.Dir+"/.config", "XDG_DATA_HOME="+r.Dir+"/.local/share",
		"XDG_CACHE_HOME="+r.Dir+"/.cache", "QT_QPA_PLATFORM=offscreen", "QT_LOGGING_RULES=kdeconnect.*=true", "DBUS_SESSION_BUS_ADDRESS=unix:path="+socket)
	config := filepath.Join(r.Dir, "bus.conf")
	if err := errors.Join(os.WriteFile(config, fmt.Appendf(nil, busConfig, socket), 0o600),
		os.WriteFile(filepath.Join(r.Dir, ".config/kdeconnect/config"), []byte("[General]\nname=rigphone\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	r.start("bus.log", "/usr/bin/dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile")
	r.Wait("the bus", func() bool {
		c, err := dbus.Connect("unix:path=" + socket)
		if err != nil {
			return false
		}
		r.Bus = c
		return true
	})
	t.Cleanup(func() { r.Bus.Close() })
	if err := r.Bus.Export(notifier{r}, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"); err != nil {
		t.Fatal(err)
	}
	if reply, err := r.Bus.RequestName("org.freedesktop.Notifications", 0); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("notification server: %v, %v", reply, err)
	}
}

// start runs a program in the phone's network namespace, with its output in a
// file of the rig.
func (r *Rig) start(log string, name ...string) *exec.Cmd {
	r.t.Helper()
	cmd := exec.Command("nsenter", append([]string{"-t", fmt.Sprint(r.holder), "-n"}, name...)...)
	cmd.Env = r.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	f, err := os.OpenFile(filepath.Join(r.Dir, log), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// StartDaemon starts kdeconnectd and waits until it answers.
func (r *Rig) StartDaemon() {
	r.t.Helper()
	r.daemon = r.start("daemon.log", r.exe...)
	r.Wait("kdeconnectd", func() bool {
		return r.Daemon().Call("org.kde.kdeconnect.daemon.selfId", dbus.FlagNoAutoStart).Store(&r.ID) == nil && r.ID != ""
	})
}

// KillDaemon ends it at once, as a phone whose app is killed.
func (r *Rig) KillDaemon() {
	r.daemon.Process.Kill()
	r.daemon.Wait()
	r.Wait("kdeconnectd to be gone", func() bool {
		var owned bool
		err := r.Bus.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.kde.kdeconnect").Store(&owned)
		return err == nil && !owned
	})
}

// Daemon is its object for itself.
func (r *Rig) Daemon() dbus.BusObject {
	return r.Bus.Object("org.kde.kdeconnect", "/modules/kdeconnect")
}

// Announce has the daemon broadcast its identity.
func (r *Rig) Announce() {
	r.t.Helper()
	if err := r.Daemon().Call("org.kde.kdeconnect.daemon.forceOnNetworkChange", 0).Err; err != nil {
		r.t.Fatal(err)
	}
}

// Device is its object for the device id; plugin is "" or the plugin's name.
func (r *Rig) Device(id, plugin string) dbus.BusObject {
	path := "/modules/kdeconnect/devices/" + id
	if plugin != "" {
		path += "/" + plugin
	}
	return r.Bus.Object("org.kde.kdeconnect", dbus.ObjectPath(path))
}

// Call calls a method of a device, or of its plugin.
func (r *Rig) Call(id, plugin, method string, args ...any) error {
	face := "org.kde.kdeconnect.device."
	if plugin != "" {
		face += plugin + "."
	}
	return r.Device(id, plugin).Call(face+method, 0, args...).Err
}

// Get reads a property of a device, or of its plugin; nil while it has none.
func (r *Rig) Get(id, plugin, name string) any {
	face := "org.kde.kdeconnect.device."
	if plugin != "" {
		face += plugin + "."
	}
	v, err := r.Device(id, plugin).GetProperty(face + name)
	if err != nil {
		return nil
	}
	return v.Value()
}

// Paired reports whether the daemon trusts the device.
func (r *Rig) Paired(id string) bool {
	if r.V8 {
		return r.Get(id, "", "isPaired") == true
	}
	return r.Get(id, "", "isTrusted") == true
}

// Asked reports whether the daemon shows a request of the device.
func (r *Rig) Asked(id string) bool {
	if r.V8 {
		return r.Get(id, "", "isPairRequestedByPeer") == true
	}
	return r.Get(id, "", "hasPairingRequests") == true
}

// Answer has the person at the daemon accept or reject the device's request.
func (r *Rig) Answer(id string, accept bool) error {
	switch {
	case accept:
		return r.Call(id, "", "acceptPairing")
	case r.V8:
		return r.Call(id, "", "cancelPairing")
	}
	return r.Call(id, "", "rejectPairing")
}

// Ask has the person at the daemon ask the device to be paired.
func (r *Rig) Ask(id string) error {
	if r.V8 {
		return r.Call(id, "", "requestPairing")
	}
	return r.Call(id, "", "requestPair")
}

// Code is the verification key that the daemon shows: eight hex digits.
func (r *Rig) Code(id string) string {
	r.t.Helper()
	call := r.Device(id, "").Call("org.kde.kdeconnect.device.verificationKey", 0)
	var bytes []byte
	var text string
	if call.Store(&bytes) == nil {
		text = string(bytes)
	} else if err := call.Store(&text); err != nil {
		r.t.Fatal(err)
	}
	return strings.ToUpper(text[:min(8, len(text))])
}

// Wait waits until is says so; the daemon tells nobody when it has done what.
func (r *Rig) Wait(what string, is func() bool) time.Duration {
	r.t.Helper()
	return r.WaitFor(20*time.Second, what, is)
}

// WaitFor is Wait with a time of its own.
func (r *Rig) WaitFor(within time.Duration, what string, is func() bool) time.Duration {
	r.t.Helper()
	began := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if time.Since(began) > within {
			r.t.Fatalf("waited %v for %s\n%s", within, what, r.Log(60))
		}
		<-tick.C
	}
	return time.Since(began)
}

// Until does what a person does, and again after a while, until is says so: the
// daemon makes a new link whenever it hears us announce ourselves, and loses
// what is under way on the old one at that moment, in both directions, without a
// word. Each repetition is logged.
func (r *Rig) Until(what string, do func(), is func() bool) {
	r.t.Helper()
	const patience, tries = 5 * time.Second, 5
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for try := range tries {
		if try > 0 {
			r.t.Logf("%s: done again", what)
		}
		do()
		for began := time.Now(); time.Since(began) < patience; <-tick.C {
			if is() {
				return
			}
		}
	}
	r.t.Fatalf("%d times no %s\n%s", tries, what, r.Log(60))
}

// Log is the last n lines of what the daemon wrote.
func (r *Rig) Log(n int) string {
	data, _ := os.ReadFile(filepath.Join(r.Dir, "daemon.log"))
	lines := strings.Split(string(data), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Notes lists what the daemon has shown so far.
func (r *Rig) Notes() []Note {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Note(nil), r.notes...)
}

// notifier is the notification server: what it is told is what a person would
// read.
type notifier struct{ r *Rig }

// GetCapabilities is part of org.freedesktop.Notifications, as the others are.
func (n notifier) GetCapabilities() ([]string, *dbus.Error) {
	return []string{"actions", "body", "persistence"}, nil
}

func (n notifier) GetServerInformation() (string, string, string, string, *dbus.Error) {
	return "rig", "tandem", "1", "1.2", nil
}

func (n notifier) CloseNotification(uint32) *dbus.Error { return nil }

func (n notifier) Notify(app string, _ uint32, _, summary, body string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	n.r.notes = append(n.r.notes, Note{app, summary, body})
	return uint32(len(n.r.notes)), nil
}
