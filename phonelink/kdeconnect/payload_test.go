package kdeconnect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFileName(t *testing.T) {
	long := strings.Repeat("ä", 200)
	for said, want := range map[string]string{
		"photo.jpg":                   "photo.jpg",
		"Ünïcödé 写真.png":              "Ünïcödé 写真.png",
		"../../etc/passwd":            "passwd",
		"..":                          "file",
		"../":                         "file",
		".":                           "file",
		"":                            "file",
		"/etc/shadow":                 "shadow",
		`C:\Windows\System32\a.dll`:   "a.dll",
		`\\server\share\x.doc`:        "x.doc",
		`a/..\..\b.txt`:               "b.txt",
		".bashrc":                     "_bashrc",
		"...":                         "file",
		"~root":                       "_root",
		"-rf":                         "_rf",
		"a.txt. . ":                   "a.txt",
		"  a.txt":                     "a.txt",
		"CON":                         "_CON",
		"con.txt":                     "_con.txt",
		"Lpt1.tar.gz":                 "_Lpt1.tar.gz",
		"COM¹.x":                      "_COM¹.x",
		"COM10":                       "COM10",
		"console.txt":                 "console.txt",
		"a:b|c?.txt":                  "a_b_c_.txt",
		"stream.txt::$DATA":           "stream.txt__$DATA",
		"new\nline\x00\x1b[31m.txt":   "newline[31m.txt",
		"photo\u202egpj.exe":          "photogpj.exe",
		"bad\xff\xfe.bin":             "bad__.bin",
		"tab\there":                   "tabhere",
		partPrefix + "x" + partSuffix: "_tandem-x.part",
		long + ".jpeg":                strings.Repeat("ä", 97) + ".jpeg",
		"a." + long:                   "a." + strings.Repeat("ä", 99),
	} {
		if got := fileName(said); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"../x", `C:\x`, ".x", "CON.txt", "a\u202eb", strings.Repeat("x", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, said string) {
		name := fileName(said)
		if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "/\\:\x00") || name[0] == '.' || len(name) > maxFileName || !utf8.ValidString(name) ||
			filepath.Base(name) != name || !filepath.IsLocal(name) || reserved(name) || strings.TrimRight(name, ". ") != name {
			t.Errorf("%q: got %q", said, name)
		}
		if again := fileName(name); again != name {
			t.Errorf("%q: made again: %q from %q", said, again, name)
		}
		for _, n := range []int{1, 9999} {
			if m := numbered(name, n); m == name || len(m) > 255 || !filepath.IsLocal(m) || filepath.Base(m) != m {
				t.Errorf("%q number %d: got %q", name, n, m)
			}
		}
	})
}

// TestPlaceOfFiles puts files where others are already: nothing is replaced and no
// link is followed.
func TestPlaceOfFiles(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "a.txt"), []byte("mine"), 0o600), os.Symlink(outside, filepath.Join(dir, "a (1).txt")), os.Mkdir(filepath.Join(dir, "a (2).txt"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		part := fmt.Sprintf("%s%d%s", partPrefix, n, partSuffix)
		if err := os.WriteFile(filepath.Join(dir, part), fmt.Appendf(nil, "received %d", n), 0o600); err != nil {
			t.Fatal(err)
		}
		name, err := place(root, part, "a.txt")
		if want := fmt.Sprintf("a (%d).txt", n+3); err != nil || name != want {
			t.Errorf("got %q, %v; want %q", name, err, want)
		}
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "a.txt")); string(data) != "mine" {
		t.Errorf("the file that was there: got %q", data)
	}
	if _, err := os.Lstat(outside); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a link was followed out of the folder")
	}
}

func TestSweepParts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := sweepParts(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{partPrefix + "x" + partSuffix, "kept.part", partPrefix + "kept"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := sweepParts(dir); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 2 {
		t.Errorf("left: %v; want the two that are not unfinished", entries)
	}
}
