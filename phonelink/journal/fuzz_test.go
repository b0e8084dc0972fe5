package journal_test

import (
	"errors"
	"slices"
	"testing"

	"tandem/phonelink/journal"
)

// FuzzOpen reads any file: it is refused, or what was read stays there whatever
// is appended.
func FuzzOpen(f *testing.F) {
	c := journal.Config{Dir: "d", FS: journal.NewMemory(1)}
	j, _, err := journal.Open(c)
	must(f, err)
	for _, s := range []string{"a", "", "longer than the others"} {
		must(f, j.Append([]byte(s), []byte(s)))
	}
	data, err := c.FS.ReadFile("d/journal")
	must(f, err)
	f.Add(data)
	f.Add(data[:len(data)-3])
	f.Add(append(slices.Clone(data), 0, 0, 0))
	f.Add(data[:30])
	f.Fuzz(func(t *testing.T, data []byte) {
		m := journal.NewMemory(1)
		file, err := m.Create("d/journal")
		must(t, err)
		_, err = file.Write(data)
		must(t, err)
		c := journal.Config{Dir: "d", FS: m}
		j, records, err := journal.Open(c)
		if err != nil {
			var garbled *journal.Garbled
			if errors.As(err, &garbled) && (garbled.Offset < 0 || garbled.Offset > int64(len(data))) {
				t.Errorf("got damage at byte %d of %d", garbled.Offset, len(data))
			}
			return
		}
		must(t, j.Append([]byte("more")))
		_, again, err := journal.Open(c)
		must(t, err)
		if got, want := texts(again), texts(append(records, []byte("more"))); got != want {
			t.Errorf("opened again: got %q, want %q", got, want)
		}
	})
}
