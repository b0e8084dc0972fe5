package journal_test

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"tandem/phonelink/journal"
)

// steps is a life of a journal: each word is one Append of its letters, "="
// one Compact to all there is.
var steps = strings.Fields("ab c = d efg h = ij k l")

// history is what a journal must hold: all that was acknowledged, and perhaps
// what was being written when the power went.
type history struct {
	sure  string
	maybe string // the records after the interrupted step; "" for none
}

func (h history) allows(got string) bool { return got == h.sure || h.maybe != "" && got == h.maybe }

// live opens the journal, checks what it holds, and goes on with steps until
// the power goes. It returns the steps that are left and what must be there.
func live(c journal.Config, todo []string, h history) ([]string, history, error) {
	j, records, err := journal.Open(c)
	if errors.Is(err, journal.ErrCrashed) {
		return todo, h, nil
	}
	if err != nil {
		return nil, h, err
	}
	defer j.Close()
	got := strings.ReplaceAll(texts(records), " ", "")
	if !h.allows(got) {
		return nil, h, fmt.Errorf("got records %q, want %q or %q", got, h.sure, h.maybe)
	}
	if len(todo) > 0 && todo[0] != "=" && got == h.maybe {
		todo = todo[1:] // the interrupted step was done
	}
	h = history{sure: got}
	for ; len(todo) > 0; todo = todo[1:] {
		step, after := todo[0], h.sure
		if step == "=" {
			err = j.Compact([]byte(h.sure))
		} else {
			var batch [][]byte
			for _, r := range step {
				batch = append(batch, []byte(string(r)))
			}
			after += step
			err = j.Append(batch...)
		}
		if errors.Is(err, journal.ErrCrashed) {
			return todo, history{h.sure, after}, nil
		}
		if err != nil {
			return nil, h, err
		}
		h = history{sure: after}
	}
	return nil, h, nil
}

// stop is where the program is stopped: in which change from the last start,
// and how.
type stop struct {
	at   int
	kill bool // the program alone, not the power
}

// lives runs all steps on a disk that is stopped again and again, and then
// looks at what there is.
func lives(c journal.Config, m *journal.Memory, stops ...stop) error {
	todo, h := steps, history{}
	for _, s := range append(stops, stop{}) {
		if s.kill {
			m.KillIn(s.at)
		} else {
			m.CrashIn(s.at)
		}
		var err error
		if todo, h, err = live(c, todo, h); err != nil {
			return err
		}
		if !m.Crashed() {
			m.Crash()
		}
		m.Restart()
	}
	if len(todo) > 0 {
		return fmt.Errorf("got %q left to do, want all done", todo)
	}
	_, _, err := live(c, nil, h)
	return err
}

// TestStopAtEachChange cuts the power at each change of the disk, and again at
// each change of the recovery from that, on disks that lose differently.
func TestStopAtEachChange(t *testing.T) {
	for name, a := range map[string]cipher.AEAD{"plain": nil, "sealed": aead(t, 1)} {
		t.Run(name, func(t *testing.T) {
			seeds := uint64(40)
			if testing.Short() {
				seeds = 4
			}
			for seed := range seeds {
				m := journal.NewMemory(seed)
				must(t, lives(journal.Config{Dir: "d", FS: m, AEAD: a}, m))
				total := m.Changes()
				for n := 1; n <= total; n++ {
					for again := 0; again <= 8; again++ {
						for _, kill := range []bool{false, true} {
							m := journal.NewMemory(seed)
							if err := lives(journal.Config{Dir: "d", FS: m, AEAD: a}, m, stop{n, kill}, stop{at: again}); err != nil {
								t.Fatalf("disk %d, stopped at change %d (killed %v) and %d after that: %v", seed, n, kill, again, err)
							}
						}
					}
				}
			}
		})
	}
}

// TestLongRecordsTorn has frames of several sectors, whose parts survive in any
// order.
func TestLongRecordsTorn(t *testing.T) {
	for seed := range uint64(400) {
		m := journal.NewMemory(seed)
		r := rand.New(rand.NewPCG(seed, 1))
		c := journal.Config{Dir: "d", FS: m}
		j, _, err := journal.Open(c)
		must(t, err)
		must(t, j.Append([]byte("kept")))
		m.CrashIn(1 + r.IntN(2))
		long := [][]byte{[]byte(strings.Repeat("x", r.IntN(3000))), []byte(strings.Repeat("y", r.IntN(3000)))}
		if err := j.Append(long...); !errors.Is(err, journal.ErrCrashed) {
			t.Fatalf("got %v, want %v", err, journal.ErrCrashed)
		}
		if err := j.Append([]byte("late")); !errors.Is(err, journal.ErrBroken) {
			t.Fatalf("got %v, want %v", err, journal.ErrBroken)
		}
		m.Restart()
		_, records, err := journal.Open(c)
		must(t, err)
		if got := texts(records); got != "kept" && got != "kept "+texts(long) {
			t.Fatalf("disk %d: got %d records of %d bytes, want one, or it and both others", seed, len(records), len(got))
		}
	}
}

// flawed is an FS that leaves something out.
type flawed struct {
	*journal.Memory
	noSync, noSyncDir bool
}

type flawedFile struct {
	journal.File
	flawed
}

func (f flawed) file(g journal.File, err error) (journal.File, error) {
	if err != nil {
		return nil, err
	}
	return flawedFile{g, f}, nil
}

func (f flawed) Create(name string) (journal.File, error) { return f.file(f.Memory.Create(name)) }
func (f flawed) Extend(name string) (journal.File, error) { return f.file(f.Memory.Extend(name)) }

func (f flawed) SyncDir(dir string) error {
	if f.noSyncDir {
		return nil
	}
	return f.Memory.SyncDir(dir)
}

func (f flawedFile) Sync() error {
	if f.noSync {
		return nil
	}
	return f.File.Sync()
}

// TestTheHarnessSeesFlaws: the tests above would not pass without the syncs.
func TestTheHarnessSeesFlaws(t *testing.T) {
	for name, f := range map[string]flawed{"no sync": {noSync: true}, "no sync of the folder": {noSyncDir: true}} {
		var seen error
		for seed := uint64(0); seed < 200 && seen == nil; seed++ {
			for n := 1; n < 40 && seen == nil; n++ {
				f.Memory = journal.NewMemory(seed)
				seen = lives(journal.Config{Dir: "d", FS: f}, f.Memory, stop{at: n})
			}
		}
		if seen == nil {
			t.Errorf("%s: got no loss, want one", name)
		}
	}
}

// TestMemoryRepeats: the same seed loses the same.
func TestMemoryRepeats(t *testing.T) {
	run := func() (out string) {
		m := journal.NewMemory(7)
		for n := range 30 {
			m.CrashIn(n)
			j, records, err := journal.Open(journal.Config{Dir: "d", FS: m})
			out += fmt.Sprint(len(records), err, ";")
			if err == nil {
				out += fmt.Sprint(j.Append([]byte("a"), []byte("b")), j.Append([]byte("c")), ";")
			}
			m.Crash()
			m.Restart()
		}
		return out
	}
	if one, two := run(), run(); one != two || !strings.Contains(one, "program was stopped") {
		t.Errorf("got\n%s\nand\n%s", one, two)
	}
}

// full is an FS with no room for new files.
type full struct{ *journal.Memory }

func (full) Create(string) (journal.File, error) { return nil, errors.New("no space left on device") }

// TestCompactionWithoutRoom: the journal before goes on.
func TestCompactionWithoutRoom(t *testing.T) {
	m := journal.NewMemory(1)
	_, _, err := journal.Open(journal.Config{Dir: "d", FS: m})
	must(t, err)
	j, _ := open(t, journal.Config{Dir: "d", FS: full{m}})
	must(t, j.Append([]byte("a")))
	if err := j.Compact([]byte("a")); err == nil || errors.Is(err, journal.ErrBroken) {
		t.Errorf("compact: got %v, want an error", err)
	}
	must(t, j.Append([]byte("b")))
	m.Crash()
	m.Restart()
	if _, records := open(t, journal.Config{Dir: "d", FS: m}); texts(records) != "a b" {
		t.Errorf("got %q, want %q", texts(records), "a b")
	}
}
