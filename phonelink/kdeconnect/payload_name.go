package kdeconnect

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFileName is how many bytes of a name are kept: file systems take 255, and
// a number is put in when the name is taken.
const maxFileName = 200

// fileName makes the name of a received file out of what the sender says: one
// element, on any system that this folder may be looked at from. Nothing that
// a sender writes leaves the folder, hides in it or means a device.
//
//	"../../etc/passwd"  passwd       "C:\x\a.txt"  a.txt      ".bashrc"  _bashrc
//	"CON.txt"           _CON.txt     "a.txt. . "   a.txt      ""         file
func fileName(said string) string {
	if i := strings.LastIndexAny(said, `/\`); i >= 0 {
		said = said[i+1:]
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '_'
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		case unicode.Is(unicode.Cf, r), unicode.IsControl(r): // directions that turn "gpj.exe" round, too
			return -1
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return '_'
		}
		return r
	}, said)
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if name == "" {
		return "file"
	}
	if name[0] == '.' || name[0] == '-' || name[0] == '~' {
		name = "_" + name[1:]
	}
	if reserved(name) {
		name = "_" + name
	}
	return clipName(name, maxFileName)
}

// reserved reports whether Windows takes the name for a device, whatever its
// ending is.
func reserved(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	stem = strings.TrimRight(stem, " ")
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range [...]string{"COM", "LPT"} {
		if rest, ok := strings.CutPrefix(stem, port); ok && (len(rest) == 1 && rest[0] >= '0' && rest[0] <= '9' || rest == "¹" || rest == "²" || rest == "³") {
			return true
		}
	}
	return false
}

// clipName shortens a name to n bytes and keeps a short ending.
func clipName(name string, n int) string {
	if len(name) <= n {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 16 {
		ext = ""
	}
	stem := name[:n-len(ext)]
	for len(stem) > 0 && !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRight(stem, ". ") + ext
}

// numbered is the name for the nth file that would be called so; 0 is the first.
func numbered(name string, n int) string {
	if n == 0 {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 16 || len(ext) == len(name) {
		ext = ""
	}
	return fmt.Sprintf("%s (%d)%s", name[:len(name)-len(ext)], n, ext)
}
