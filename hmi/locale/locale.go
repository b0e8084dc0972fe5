// Package locale gives a process whose locale is C or POSIX, as on most head
// units, one that Fyne can read: Fyne parses LANG as a BCP 47 tag while its
// packages are initialised, and says on standard error that "C" is none.
//
// Import it for its effect, in the main package. It works because it needs
// only os and strings: packages are initialised in the order of their import
// paths as soon as what they need is (The Go Programming Language
// Specification, Program initialization), which is before text/template,
// which Fyne's translations need.
package locale

import (
	"os"
	"strings"
)

func init() {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if base, _, _ := strings.Cut(v, "."); base == "C" || base == "POSIX" {
				break
			}
			return
		}
	}
	_ = os.Setenv("LC_ALL", "en_US.UTF-8") // can fail only for a bad name
}
