package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"tandem/hmi/input"
	"tandem/hmi/lint"
	"tandem/phonelink"
	phonelinkcmd "tandem/phonelink/cmd"
	phonelinkrpc "tandem/phonelink/rpc"
	"tandem/vehicle"
	vehiclerpc "tandem/vehicle/rpc"
)

// process is one of the program's own, from the built binary.
type process struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	out  chan string // lines of standard output
	done chan struct{}
	err  error // of Wait, after done

	mu  sync.Mutex
	log bytes.Buffer // standard error
}

// Write is the process's standard error.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// launch starts the program; it is killed when the test ends.
func launch(t *testing.T, bin, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, cmd: exec.Command(bin, args...), out: make(chan string, 1000), done: make(chan struct{})}
	p.cmd.Stderr = p
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.out <- s.Text()
		}
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.said())
		}
	})
	return p
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// running fails the test if the process has ended.
func (p *process) running() {
	p.t.Helper()
	select {
	case <-p.done:
		p.t.Fatalf("%s has ended: %v\n%s", p.name, p.err, p.said())
	default:
	}
}

// home is a folder through which other users may pass.
func home(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tandem-phones-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// song writes half a minute of silence as WAV.
func song(t *testing.T, path string) {
	t.Helper()
	const rate, seconds = 8000, 30
	var b bytes.Buffer
	b.WriteString("RIFF")
	_ = binary.Write(&b, binary.LittleEndian, uint32(36+2*rate*seconds))
	b.WriteString("WAVEfmt ")
	_ = binary.Write(&b, binary.LittleEndian, struct {
		Size           uint32
		Format, Tracks uint16
		Rate, Bytes    uint32
		Align, Bits    uint16
	}{16, 1, 1, rate, 2 * rate, 2, 16})
	b.WriteString("data")
	_ = binary.Write(&b, binary.LittleEndian, uint32(2*rate*seconds))
	b.Write(make([]byte, 2*rate*seconds))
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// separate is a head unit whose phone link is another process.
type separate struct {
	t                *testing.T
	bin, dir, run    string
	user             string // of the phone link; "": the test's
	unit, link       *process
	car              *vehiclerpc.Client
	phones           *phonelinkrpc.Client
	watch            phonelink.Watch // of phones
	linkArgs         []string
	address          string // of the link
	data, phone, wav string
}

// newSeparate makes what both processes need, and the arguments of either.
func newSeparate(t *testing.T) (s *separate, unitArgs []string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the sandbox is Linux's")
	}
	dir := home(t)
	s = &separate{t: t, dir: dir, bin: filepath.Join(dir, "tandem"), run: filepath.Join(dir, "run"), data: filepath.Join(dir, "link"), phone: filepath.Join(dir, "phone"), wav: filepath.Join(dir, "song.wav")}
	if out, err := exec.Command("go", "build", "-o", s.bin, ".").CombinedOutput(); err != nil {
		missing(t, "no program to start: %v\n%s", err, out)
	}
	drive := filepath.Join(dir, "parked.txt")
	if err := os.WriteFile(drive, []byte("0 place 40\n0 key in\n0 gear P\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	song(t, s.wav)
	args := []string{"--display", "png", "--png", dir, "--data", filepath.Join(dir, "unit"), "--scenario", drive, "--run", s.run, "--phones", "attach"}
	s.linkArgs = []string{"phonelink", "serve", "--run", s.run, "--data", s.data, "--announce=false", "--kdeconnect", "off", "--name", "Tandem One", "--profile", "anna"}
	if os.Geteuid() == 0 {
		s.user = "65533"
		args = append(args, "--phones-user", s.user)
		s.linkArgs = append(s.linkArgs, "--user", s.user)
	}
	return s, args
}

// startSeparate starts both processes, with a car that stands parked.
func startSeparate(t *testing.T) *separate {
	t.Helper()
	s, args := newSeparate(t)
	s.unit = launch(t, s.bin, "the head unit", args...)
	s.waitFor("the head unit's sockets", func() bool {
		s.unit.running()
		_, err := os.Stat(filepath.Join(s.run, "vehicle-phones.sock"))
		return err == nil
	})
	s.startLink()
	s.attach()
	var err error
	s.car, err = vehiclerpc.Dial(vehiclerpc.ClientConfig{
		Socket: filepath.Join(s.run, "vehicle.sock"), Follow: []vehicle.Path{vehicle.Speed, vehicle.CurrentGear, vehicle.IsParkLockEngaged},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.car.Close() })
	s.waitFor("a parked car", func() bool { return vehicle.Parked(time.Now(), s.car) })
	return s
}

// attach connects the test to the phone link, as a head unit does.
func (s *separate) attach() {
	s.t.Helper()
	var err error
	if s.phones, err = phonelinkrpc.Dial(phonelinkrpc.ClientConfig{Socket: filepath.Join(s.run, phonelinkcmd.Socket)}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.phones.Close() })
	s.watch = s.phones.Watch()
}

// worker is the process that the phone link keeps, and that talks to phones; 0:
// there is none at the moment.
func (s *separate) worker() int {
	return childOf(s.link.cmd.Process.Pid)
}

func childOf(parent int) int {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		var state string
		var pid, ppid int
		if _, err := fmt.Sscan(string(b[bytes.LastIndexByte(b, ')')+1:]), &state, &ppid); err != nil || ppid != parent || state == "Z" {
			continue
		}
		if _, err := fmt.Sscan(string(b), &pid); err == nil {
			return pid
		}
	}
	return 0
}

// signal sends a signal to the worker, and returns its number.
func (s *separate) signal(what syscall.Signal) int {
	s.t.Helper()
	pid := s.worker()
	if pid == 0 {
		s.t.Fatalf("%s has no worker", s.link.name)
	}
	if err := syscall.Kill(pid, what); err != nil {
		s.t.Fatal(err)
	}
	return pid
}

func (s *separate) startLink() {
	s.t.Helper()
	at := "127.0.0.1:0"
	if s.address != "" {
		at = s.address // where the phone looks for it, since nothing is announced
	}
	s.link = launch(s.t, s.bin, "the phone link", append(s.linkArgs, "--listen", at)...)
	s.waitFor("the phone link", func() bool {
		select {
		case <-s.link.done:
			if said := s.link.said(); strings.Contains(said, "enter the sandbox") {
				missing(s.t, "the kernel refuses the sandbox: %s", said)
			}
			s.link.running()
		case l := <-s.link.out:
			if _, at, ok := strings.Cut(l, " at "); ok {
				s.address = at
				return true
			}
		default:
		}
		return false
	})
}

// until waits for a view of the phone link, all in one watch: it keeps the last
// that was known.
func (s *separate) until(what string, ok func(*phonelink.View) bool) *phonelink.View {
	s.t.Helper()
	end := time.After(patience)
	for {
		if v := s.watch.View(); ok(v) {
			return v
		}
		select {
		case <-s.watch.C():
		case <-end:
			s.t.Fatalf("waited in vain for %s; last: %+v", what, s.watch.View())
		}
	}
}

func (s *separate) waitFor(what string, ok func() bool) {
	s.t.Helper()
	waitFor(s.t, what, ok)
}

// asPhone runs one command of the phone's end.
func (s *separate) asPhone(args ...string) *exec.Cmd {
	return exec.Command(s.bin, append([]string{"phone", "--data", s.phone, "--run", s.phone, "--listen", "127.0.0.1:0", "--announce=false", "--name", "Pixel"}, args...)...)
}

func (s *separate) must(args ...string) string {
	s.t.Helper()
	out, err := s.asPhone(args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tandem phone %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// pair pairs by the digits, which a person compares on both screens.
func (s *separate) pair() {
	s.t.Helper()
	ctx := s.t.Context()
	s.waitFor("the pairing screen", func() bool { return s.phones.Do(ctx, phonelink.OpenPairing{}) == nil })
	cmd := s.asPhone("pair", "--code", s.address)
	answer, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	talk := &process{}
	var paired bytes.Buffer
	cmd.Stderr, cmd.Stdout = talk, &paired
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	v := s.until("the phone's try", func(v *phonelink.View) bool {
		return v.Pairing != nil && len(v.Pairing.Tries) > 0 && v.Pairing.Tries[0].Code != ""
	})
	try := v.Pairing.Tries[0]
	s.waitFor("the digits on the phone", func() bool { return strings.Contains(talk.said(), "[y/N]") })
	if shown := strings.ReplaceAll(talk.said(), " ", ""); !strings.Contains(shown, strings.ReplaceAll(try.Code, " ", "")) {
		s.t.Errorf("the phone shows %q, the car %q", talk.said(), try.Code)
	}
	if err := s.phones.Do(ctx, phonelink.Confirm{Device: try.Device, Accept: true}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := io.WriteString(answer, "y\n"); err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(paired.String(), "paired with Tandem One") {
		s.t.Fatalf("pair: %v, %q, %q", err, paired.String(), talk.said())
	}
}

// TestPhoneLinkOfItsOwn: head unit, phone link and phone are three processes.
// The phone link is shut in, a phone is paired and gives music to the car,
// where the head unit plays it; the phone link is killed, the head unit goes
// on and says so, and after a restart the music is there as it was. What is
// killed alone, it starts again by itself.
func TestPhoneLinkOfItsOwn(t *testing.T) {
	s := startSeparate(t)
	ctx := t.Context()
	s.isShutIn()
	s.pair()
	launch(t, s.bin, "the phone", s.asPhone("serve").Args[1:]...)
	v := s.until("the phone", func(v *phonelink.View) bool { return len(v.Phones) == 1 && v.Phones[0].Presence == phonelink.Linked })
	s.readsNoOther(v.Phones[0].Device)
	s.must("play", s.wav)

	v = s.until("the music", func(v *phonelink.View) bool { return len(v.Sessions) == 1 })
	id := v.Sessions[0].ID
	if err := s.phones.Do(ctx, phonelink.Take{Session: id}); err != nil {
		t.Fatal(err)
	}
	here := func(v *phonelink.View) bool {
		return v.Trouble == "" && len(v.Sessions) == 1 && v.Sessions[0].ID == id && v.Sessions[0].Local && v.Sessions[0].Render
	}
	moved := func(from time.Duration) func(v *phonelink.View) bool {
		return func(v *phonelink.View) bool {
			if !here(v) {
				return false
			}
			doc, ok := v.Sessions[0].Doc.(*phonelink.MediaDoc)
			return ok && doc.Playing && doc.Position > from
		}
	}
	v = s.until("the music in the car, as the head unit plays it", moved(0))
	before := v.Sessions[0].Doc.(*phonelink.MediaDoc).Position

	worker := s.worker()
	s.link.kill()
	s.waitFor("the end of what it kept", func() bool { return syscall.Kill(worker, 0) != nil })
	v = s.until("the word that the phone link is gone", func(v *phonelink.View) bool { return v.Trouble != "" })
	if len(v.Sessions) != 1 || v.Sessions[0].ID != id || v.Phones[0].Presence != phonelink.Absent {
		t.Errorf("while it is gone: got %+v, want the last that was known, and no phone in reach", v)
	}
	var refused *phonelink.Refusal
	if err := s.phones.Do(ctx, phonelink.Ping{Device: v.Phones[0].Device}); !errors.As(err, &refused) || refused.Code != phonelink.RefusedAbsent {
		t.Errorf("a request while it is gone: got %v, want %s", err, phonelink.RefusedAbsent)
	}
	if o := s.car.Ask(ctx, vehicle.Command{Path: vehicle.ClimateDriverTemperature, Value: vehicle.NumberOf(19), Origin: "hmi"}); o.State != vehicle.Done {
		t.Errorf("the head unit without a phone link: the car answers %+v, want it done", o)
	}
	s.unit.running()

	s.startLink()
	s.until("the music after the restart", moved(before))
	s.until("the phone after the restart", func(v *phonelink.View) bool { return len(v.Phones) == 1 && v.Phones[0].Presence == phonelink.Linked })
	s.isShutIn()
	s.unit.running()

	v = s.until("the music, before the next", moved(0))
	before = v.Sessions[0].Doc.(*phonelink.MediaDoc).Position
	old := s.signal(syscall.SIGKILL)
	s.until("the word that the phone link is gone", func(v *phonelink.View) bool { return v.Trouble != "" })
	s.until("the music after it came back by itself", moved(before))
	s.until("the phone", func(v *phonelink.View) bool { return len(v.Phones) == 1 && v.Phones[0].Presence == phonelink.Linked })
	if now := s.worker(); now == old || now == 0 {
		t.Errorf("got process %d, was %d: want a new one", now, old)
	}
	s.isShutIn()
	s.link.running()
	s.unit.running()
}

// isShutIn looks from outside: every thread of the phone link is filtered, has
// no capability, and can get none; it is the user that it was told to be.
func (s *separate) isShutIn() {
	s.t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", s.worker()))
	if err != nil || len(threads) < 2 {
		s.t.Fatalf("threads of the phone link: %v, %v", threads, err)
	}
	want := []string{"Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000"}
	if s.user != "" {
		want = append(want, strings.Repeat("\t"+s.user, 4))
	}
	for _, thread := range threads {
		status, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended
		}
		for _, w := range want {
			if !strings.Contains(string(status), w) {
				s.t.Errorf("%s: no %q in\n%s", thread, w, status)
			}
		}
	}
}

// readsNoOther asks the phone link to send another profile's file, which its
// mode lets everybody read: the sandbox does not. One of a shared folder goes.
func (s *separate) readsNoOther(to phonelink.Device) {
	s.t.Helper()
	other := filepath.Join(s.dir, "ben")
	if err := os.WriteFile(other, []byte("Ben's"), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if landlocked, _ := os.ReadFile("/sys/kernel/security/lsm"); !bytes.Contains(landlocked, []byte("landlock")) {
		if strings.Contains(s.link.said(), "no Landlock") {
			s.t.Log("the kernel has no Landlock, and the phone link says so: owner and mode alone keep files of others")
			return
		}
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.phones.Do(ctx, phonelink.SendFile{Device: to, Path: other}); err == nil || !strings.Contains(err.Error(), "permission denied") {
		s.t.Errorf("send a file of another profile: got %v, want permission denied", err)
	}
}

// TestPhoneLinkSocketIsNarrow: what stands before the phone link takes no
// command that is not a phone's, and none that a phone may not give.
func TestPhoneLinkSocketIsNarrow(t *testing.T) {
	run := t.TempDir()
	u := start(t, "--display", "png", "--run", run, "--phones", "attach")
	k, err := vehiclerpc.Dial(vehiclerpc.ClientConfig{Socket: filepath.Join(run, phonelinkcmd.VehicleSocket), Follow: []vehicle.Path{vehicle.Speed}})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	u.wait("the speed", func() bool { return k.Sample(time.Now(), vehicle.Speed).Quality == vehicle.Valid })
	for _, c := range []vehicle.Command{
		{Path: vehicle.ClimateDriverTemperature, Value: vehicle.NumberOf(20), Origin: "hmi"},
		{Path: vehicle.DoorRow1DriverIsLocked, Value: vehicle.BoolOf(false), Origin: "phone:x"},
		{Path: vehicle.HornIsActive, Value: vehicle.BoolOf(true), Origin: "phone:x"},
	} {
		if o := k.Ask(t.Context(), c); o.State != vehicle.Refused {
			t.Errorf("%+v: got %+v, want it refused", c, o)
		}
	}
	if _, err := k.Watch("Vehicle.Driver.FatigueLevel"); err == nil {
		t.Error("a signal that is none of the phone link's business: got no error")
	}
}

// tapOn taps a control, as soon as it can be used.
func (u *unit) tapOn(names ...string) {
	u.t.Helper()
	for _, name := range names {
		x, y := u.control(name)
		for _, k := range []input.Kind{input.TouchDown, input.TouchUp} {
			u.shell.Input(input.Event{Kind: k, X: float32(x), Y: float32(y), Time: time.Now()})
		}
	}
}

// shows waits until the screen has a text, or has it no more.
func (u *unit) shows(text string, want bool) {
	u.t.Helper()
	dump := ""
	defer func() {
		if u.t.Failed() {
			u.t.Logf("the screen, without %q %v:\n%s", text, want, dump)
		}
	}()
	u.wait(fmt.Sprintf("%q to be %v on the screen", text, want), func() bool {
		fyne.DoAndWait(func() { dump = lint.Dump(u.shell.Driver().AllWindows()[0].Canvas().Content()) })
		return strings.Contains(dump, text) == want
	})
}

// TestPhoneLinkOnTheScreens: with the phone link in a process of its own a
// person pairs by the screen; a phone link that hangs is said on the screen, the
// car goes on to do what it is asked, and the phone comes back by itself; guests
// come and go, and another driver's phones and contents are another's.
func TestPhoneLinkOnTheScreens(t *testing.T) {
	s, args := newSeparate(t)
	u := start(t, args...)
	s.startLink()
	s.attach()
	u.wait("a parked car", func() bool { return vehicle.Parked(time.Now(), u.room.Store) })
	u.tapOn("Phone")
	var v *phonelink.View
	for try := 0; v == nil || v.Pairing == nil; try++ { // until the phone link has seen that it is parked
		if try == 20 {
			t.Fatalf("the pairing screen does not open: %+v", v)
		}
		u.tapOn("Pair a phone")
		select {
		case <-s.watch.C():
		case <-time.After(time.Second):
		}
		v = s.watch.View()
	}
	s.must("pair", v.Pairing.QR)
	launch(t, s.bin, "the phone", s.asPhone("serve").Args[1:]...)
	linked := func(v *phonelink.View) bool {
		return v.Trouble == "" && v.Profile == "anna" && len(v.Phones) == 1 && v.Phones[0].Presence == phonelink.Linked
	}
	s.until("the phone", linked)
	u.tapOn("Phone")
	u.shows("Pixel", true)

	old := s.signal(syscall.SIGSTOP)
	u.shows("It does not answer. It is tried again by itself.", true)
	const set = vehicle.ClimateDriverTemperature
	before := u.number(set)
	u.tapOn("Driver: Warmer")
	u.until(set, fmt.Sprint(before+0.5), func(s vehicle.Sample) bool { v, ok := s.Number(); return ok && v > before })
	s.waitFor("another process", func() bool { pid := s.worker(); return pid != 0 && pid != old })
	s.until("the phone", linked)
	u.shows("It does not answer. It is tried again by itself.", false)
	u.shows("Pixel", true)

	s.changesProfiles(u, linked)
}

// changesProfiles goes from Anna to a guest and back by the screen, to Ben and
// back, and looks at the screen.
func (s *separate) changesProfiles(u *unit, linked func(*phonelink.View) bool) {
	is := func(p phonelink.Profile) func(*phonelink.View) bool {
		return func(v *phonelink.View) bool { return v.Trouble == "" && v.Profile == p }
	}
	u.tapOn("Settings", "Profile", "Guest")
	s.until("a guest", is(phonelink.Guest))
	u.shows("Forgotten at the end", true)
	u.tapOn("Driver")
	s.until("Anna and her phone after a guest", linked)
	for _, p := range []phonelink.Profile{phonelink.Guest, phonelink.Valet, "anna"} {
		if err := s.phones.Do(s.t.Context(), phonelink.SetProfile{Profile: p}); err != nil {
			s.t.Errorf("%s: %v", p, err)
		}
	}
	s.until("Anna and her phone after a valet", linked)

	old := s.worker()
	if out, err := exec.Command(s.bin, "phonelink", "profile", "--run", s.run, "ben").CombinedOutput(); err != nil || string(out) != "ben\n" {
		s.t.Fatalf("let Ben drive: %v, %q", err, out)
	}
	s.until("Ben", func(v *phonelink.View) bool {
		if v.Profile == "ben" && len(v.Phones)+len(v.Sessions) != 0 {
			s.t.Errorf("Ben sees %+v, %+v of Anna's", v.Phones, v.Sessions)
		}
		return is("ben")(v)
	})
	if now := s.worker(); now == old || now == 0 {
		s.t.Errorf("got process %d for Ben, was %d for Anna: want another", now, old)
	}
	s.isShutIn()
	u.tapOn("Phone")
	u.shows("Pixel", false)
	u.tapOn("Settings", "Profile", "Guest")
	s.until("Ben's guest", is(phonelink.Guest))
	u.tapOn("Driver")
	s.until("Ben after a guest", is("ben"))
	// Guest after Ben: a crash is not Ben's turn.
	u.tapOn("Guest")
	s.until("a guest again", is(phonelink.Guest))
	s.signal(syscall.SIGKILL)
	s.until("the word that the phone link is gone", func(v *phonelink.View) bool { return v.Trouble != "" })
	s.until("still a guest", func(v *phonelink.View) bool {
		if v.Trouble == "" && v.Profile != phonelink.Guest {
			s.t.Errorf("after a crash with a guest: got %s's", v.Profile)
		}
		return is(phonelink.Guest)(v)
	})
	if err := s.phones.Do(s.t.Context(), phonelink.SetProfile{Profile: "anna"}); err != nil {
		s.t.Fatal(err)
	}
	s.until("Anna and her phone after Ben", linked)
	u.tapOn("Phone")
	u.shows("Pixel", true)
}
