package node_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/phonelink"
	"tandem/phonelink/node"
)

func transfer(v *phonelink.View, incoming bool) *phonelink.Transfer {
	for i := range v.Transfers {
		if v.Transfers[i].Incoming == incoming {
			return &v.Transfers[i]
		}
	}
	return nil
}

// TestSendFile: the bytes arrive, whole, and both sides see them come.
func TestSendFile(t *testing.T) {
	for _, size := range []int{0, 1, node.ChunkSize, 40*node.ChunkSize + 3} {
		car, phone := pairOf(t)
		data, _ := blob(size)
		name := filepath.Join(t.TempDir(), "photo of Ana.jpg")
		must(t, os.WriteFile(name, data, 0o600))
		phone.must(phonelink.SendFile{Device: car.Self(), Path: name})
		in := *transfer(car.until("the file", func(v *phonelink.View) bool { x := transfer(v, true); return x != nil && x.Finished }), true)
		got, err := os.ReadFile(in.Path)
		if err != nil || !bytes.Equal(got, data) || filepath.Base(in.Path) != "photo of Ana.jpg" || in.Size != int64(size) || in.Done != in.Size || in.Device != phone.Self() {
			t.Errorf("%d bytes: got %d, %v, %+v", size, len(got), err, in)
		}
		phone.until("it was sent", func(v *phonelink.View) bool { x := transfer(v, false); return x != nil && x.Finished })
		car.must(phonelink.SetProfile{Profile: "ben"})
		if _, err := os.Stat(in.Path); !os.IsNotExist(err) {
			t.Errorf("%d bytes: the readable copy is there while another drives (%v)", size, err)
		}
		car.stop()
		phone.stop()
	}
}

// TestSendFileAgain: a file whose content is there already arrives at once, and
// the sender is told so, while the first is still there and after it has gone.
func TestSendFileAgain(t *testing.T) {
	car, phone := pairOf(t)
	data, _ := blob(3*node.ChunkSize + 1)
	all := func(incoming bool, n int) func(v *phonelink.View) bool {
		return func(v *phonelink.View) bool {
			done := 0
			for _, x := range v.Transfers {
				if x.Incoming == incoming && x.Finished && x.Done == int64(len(data)) {
					done++
				}
			}
			return done == n && len(v.Transfers) == n
		}
	}
	send := func(name string, n int) (v *phonelink.View) {
		path := filepath.Join(t.TempDir(), name)
		must(t, os.WriteFile(path, data, 0o600))
		phone.must(phonelink.SendFile{Device: car.Self(), Path: path})
		v = car.until(name, all(true, n))
		phone.until(name+" was sent", all(false, n))
		return v
	}
	send("first.jpg", 1)
	v := send("second.jpg", 2)
	if a, b := v.Transfers[0].Name, v.Transfers[1].Name; a != "second.jpg" || b != "first.jpg" {
		t.Errorf("got %s and %s", a, b)
	}
	for _, x := range v.Transfers {
		car.must(phonelink.Cancel{Transfer: x.ID})
	}
	none := func(v *phonelink.View) bool { return len(v.Transfers) == 0 }
	car.until("no files", none)
	phone.until("no files", none)
	send("third.jpg", 1)
}

// TestWhoMayReadCopies: those in a folder that was given for it can be read by
// the group that the folder has, those of a phone by nobody else.
func TestWhoMayReadCopies(t *testing.T) {
	files := filepath.Join(t.TempDir(), "files")
	must(t, os.Mkdir(files, 0o700))
	must(t, os.Chmod(files, 0o750|os.ModeSetgid))
	car, phone := newCar(t, node.Config{Files: files}), newPhone(t, "Ana's phone", node.Config{})
	pair(t, car, phone)
	name := filepath.Join(t.TempDir(), "a.txt")
	must(t, os.WriteFile(name, []byte("hello"), 0o600))
	for _, c := range []struct {
		from, to     *device
		file, folder os.FileMode
	}{{phone, car, 0o640, 0o750 | os.ModeSetgid}, {car, phone, 0o600, 0o700}} {
		must(t, os.WriteFile(name, []byte("for "+c.to.c.Name), 0o600)) // else the copy is the file itself
		c.from.must(phonelink.SendFile{Device: c.to.Self(), Path: name})
		in := transfer(c.to.until("the file", func(v *phonelink.View) bool { x := transfer(v, true); return x != nil && x.Finished }), true)
		file, err := os.Stat(in.Path)
		must(t, err)
		folder, err := os.Stat(filepath.Dir(in.Path))
		must(t, err)
		if got := folder.Mode() &^ os.ModeDir; file.Mode() != c.file || got != c.folder {
			t.Errorf("%s: got %v in %v, want %v in %v", c.to.c.Name, file.Mode(), got, c.file, c.folder)
		}
	}
}

// TestSendFileGoesOn: a transfer that was cut off goes on where it was.
func TestSendFileGoesOn(t *testing.T) {
	car, phone := pairOf(t)
	data, _ := blob(600 * node.ChunkSize)
	name := filepath.Join(t.TempDir(), "film.mkv")
	must(t, os.WriteFile(name, data, 0o600))
	phone.must(phonelink.SendFile{Device: car.Self(), Path: name})
	begun := func(v *phonelink.View) bool { x := transfer(v, true); return x != nil && x.Done > 10*node.ChunkSize }
	before := transfer(car.until("some of the file", begun), true)
	phone.stop()
	car = car.again()
	phone.again()
	in := transfer(car.until("the file", func(v *phonelink.View) bool { x := transfer(v, true); return x != nil && x.Finished }), true)
	if got, err := os.ReadFile(in.Path); err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(data))
	}
	if before.Done >= before.Size {
		t.Skip("it was too fast to be cut off")
	}
}

// TestFileThatCannotBeSent: errors name the file and say why.
func TestFileThatCannotBeSent(t *testing.T) {
	car, phone := pairOf(t)
	dir := t.TempDir()
	for path, want := range map[string]string{dir: "it is not a file", filepath.Join(dir, "none"): "no such file"} {
		if err := phone.do(phonelink.SendFile{Device: car.Self(), Path: path}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want ...%s...", err, want)
		}
	}
	car.stop()
	phone.until("no link", func(v *phonelink.View) bool { return presence(v, car.Self()) != phonelink.Linked })
	if err := phone.do(phonelink.SendFile{Device: car.Self(), Path: dir}); codeOf(err) != phonelink.RefusedAbsent {
		t.Errorf("absent: got %v, want %s", err, phonelink.RefusedAbsent)
	}
}

// TestNamesOfFiles: what a peer calls a file never leaves the folder.
func TestNamesOfFiles(t *testing.T) {
	for name, want := range map[string]string{
		"a.jpg": "a.jpg", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "": "file", ".": "file", "..": "file", "...hidden": "hidden",
		"a\x00b\nc": "abc", "\u202egpj.exe": "gpj.exe", "con:x": "con_x", strings.Repeat("x", 300): strings.Repeat("x", 64), "/": "file",
	} {
		if got := node.FileName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

// TestSongFromAFile: the file of a song comes along, and the player is told to
// load it only when it is there.
func TestSongFromAFile(t *testing.T) {
	car := newCar(t, node.Config{Player: true})
	phone := newPhone(t, "Ana's phone", node.Config{Player: true})
	pair(t, car, phone)
	data, _ := blob(5 * node.ChunkSize)
	name := filepath.Join(t.TempDir(), "song.ogg")
	must(t, os.WriteFile(name, data, 0o600))
	s := song("One")
	s.Doc.(*phonelink.MediaDoc).Queue[0].URL = "file://" + name
	id := phone.open(s)
	v := find(phone.until("an order to load", func(v *phonelink.View) bool { s := find(v, id); return s != nil && s.Load }), id)
	if got := v.Doc.(*phonelink.MediaDoc).Queue[0].URL; got != "file://"+name {
		t.Errorf("at the phone: got %s", got)
	}
	phone.must(phonelink.Loaded{Session: id})
	phone.until("an order to render", func(v *phonelink.View) bool { return find(v, id).Render })

	car.has(id, false)
	taken := make(chan error, 1)
	go func() { taken <- car.do(phonelink.Take{Session: id}) }()
	v = find(car.until("an order to load", func(v *phonelink.View) bool { s := find(v, id); return s != nil && s.Load }), id)
	path, ok := strings.CutPrefix(v.Doc.(*phonelink.MediaDoc).Queue[0].URL, "file://")
	if got, err := os.ReadFile(path); !ok || err != nil || !bytes.Equal(got, data) || v.Progress != 1 {
		t.Errorf("at the car: got %s, %v, progress %v", path, err, v.Progress)
	}
	car.must(phonelink.Loaded{Session: id})
	must(t, <-taken)
	car.until("an order to render", func(v *phonelink.View) bool { return find(v, id).Render })
	phone.until("silence", func(v *phonelink.View) bool { return !find(v, id).Render })
}

// TestCannotBePlayed: what the player says ends the hand-off, and the owner
// stays.
func TestCannotBePlayed(t *testing.T) {
	car := newCar(t, node.Config{Player: true})
	phone := newPhone(t, "Ana's phone", node.Config{})
	pair(t, car, phone)
	id := phone.open(song("One"))
	car.has(id, false)
	taken := make(chan error, 1)
	go func() { taken <- car.do(phonelink.Take{Session: id}) }()
	car.until("an order to load", func(v *phonelink.View) bool { s := find(v, id); return s != nil && s.Load })
	car.must(phonelink.Loaded{Session: id, Problem: "no decoder"})
	if err := <-taken; codeOf(err) != phonelink.RefusedMismatch {
		t.Errorf("got %v, want %s", err, phonelink.RefusedMismatch)
	}
	phone.has(id, true)
	car.has(id, false)
}

// TestTextsToAPeer: what a text is about decides what becomes of it.
func TestTextsToAPeer(t *testing.T) {
	car := newCar(t, node.Config{AskFirst: true})
	phone := newPhone(t, "Ana's phone", node.Config{})
	pair(t, car, phone)
	for text, want := range map[string]phonelink.Kind{"geo:52.5,13.4?q=52.5,13.4(Home)": phonelink.Navigation, "https://example.org/x": phonelink.Page} {
		phone.must(phonelink.SendText{Device: car.Self(), Text: text})
		o := car.until("an offer", func(v *phonelink.View) bool { return len(v.Offers) == 1 }).Offers[0]
		if o.Session.Kind != want || o.From != phone.Self() || o.Why != phonelink.OfferSent {
			t.Errorf("%s: got %+v", text, o)
		}
		car.must(phonelink.Accept{Session: o.Session.ID})
		car.has(o.Session.ID, true)
	}
	phone.must(phonelink.SendText{Device: car.Self(), Text: "first"})
	phone.must(phonelink.SendClipboard{Device: car.Self(), Text: "second"})
	car.until("the clipboard", func(v *phonelink.View) bool { return len(v.Phones) == 1 && v.Phones[0].Clipboard == "second" })
	phone.must(phonelink.Ping{Device: car.Self(), Text: "hello"})
	car.until("the ping", func(v *phonelink.View) bool { return len(v.Notifications) == 1 && v.Notifications[0].Text == "hello" })
	phone, car = phone.again(), car.again()
	linked(car, phone)
	if v := car.view(); v.Phones[0].Clipboard != "" {
		t.Errorf("the clipboard was on the disk: %q", v.Phones[0].Clipboard)
	}
	if err := phone.do(phonelink.MuteRinger{Device: car.Self()}); codeOf(err) != phonelink.RefusedUnsupported {
		t.Errorf("got %v, want %s", err, phonelink.RefusedUnsupported)
	}
}
