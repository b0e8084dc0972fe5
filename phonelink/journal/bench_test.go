package journal_test

import (
	"bytes"
	"crypto/cipher"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tandem/phonelink/journal"
)

// BenchmarkAppend is one durable record of 200 bytes, and a batch of 16. The
// peer is "raw": the same bytes by one write and one fdatasync, which no
// journal can beat.
func BenchmarkAppend(b *testing.B) {
	record := bytes.Repeat([]byte{'x'}, 200)
	b.Run("raw", func(b *testing.B) {
		f, err := journal.OS{}.Create(filepath.Join(b.TempDir(), "raw"))
		must(b, err)
		defer f.Close()
		for b.Loop() {
			_, err := f.Write(record)
			must(b, err)
			must(b, f.Sync())
		}
	})
	for name, a := range map[string]cipher.AEAD{"plain": nil, "sealed": aead(b, 1)} {
		for _, n := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				j, _ := open(b, journal.Config{Dir: b.TempDir(), AEAD: a})
				batch := make([][]byte, n)
				for i := range batch {
					batch[i] = record
				}
				b.ReportAllocs()
				for b.Loop() {
					must(b, j.Append(batch...))
				}
			})
		}
	}
}

// BenchmarkOpen reads 10,000 frames of 200 bytes.
func BenchmarkOpen(b *testing.B) {
	for name, a := range map[string]cipher.AEAD{"plain": nil, "sealed": aead(b, 1)} {
		b.Run(name, func(b *testing.B) {
			m := journal.NewMemory(1)
			j, _, err := journal.Open(journal.Config{Dir: "d", FS: m, AEAD: a})
			must(b, err)
			for range 10000 {
				must(b, j.Append(bytes.Repeat([]byte{'x'}, 200)))
			}
			data, err := m.ReadFile("d/journal")
			must(b, err)
			c := journal.Config{Dir: b.TempDir(), AEAD: a}
			must(b, os.WriteFile(filepath.Join(c.Dir, journal.Name), data, 0o600))
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				j, records, err := journal.Open(c)
				if err != nil || len(records) != 10000 {
					b.Fatalf("got %d records, %v; want 10000", len(records), err)
				}
				must(b, j.Close())
			}
		})
	}
}

// BenchmarkMemory is what a simulation pays for one life of a journal: open,
// four appends, a power cut.
func BenchmarkMemory(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		m := journal.NewMemory(1)
		j, _, err := journal.Open(journal.Config{Dir: "d", FS: m})
		must(b, err)
		for range 4 {
			must(b, j.Append([]byte("some record of some bytes")))
		}
		m.Restart()
	}
}
