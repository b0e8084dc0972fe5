package phonelink_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"tandem/phonelink"
)

// TestMergeCursor has the cursor of theirs stay where it is in its words.
func TestMergeCursor(t *testing.T) {
	for name, c := range map[string]struct{ base, ours, theirs, want string }{ // | is the cursor
		"after an insertion":  {"one two three four", "zero one two three four", "one two three 4| four", "zero one two three 4| four"},
		"before one":          {"one two three four", "one two three four five", "one 2| two three four", "one 2| two three four five"},
		"at the start":        {"one two three four", "one two three four five", "|one 2 three four", "|one 2 three four five"},
		"in a word that went": {"one two three four five", "one three four five", "one tw|o three four 5", "one |three four 5"},
		"ours alone":          {"one", "one two", "on|e", "on|e two"},
		"theirs alone":        {"one", "one", "one tw|o", "one tw|o"},
	} {
		at := strings.IndexByte(c.theirs, '|')
		text, cursor, ok := phonelink.Merge(c.base, c.ours, strings.Replace(c.theirs, "|", "", 1), at)
		if !ok || cursor > len(text) {
			t.Errorf("%s: got %q, %d, %v", name, text, cursor, ok)
			continue
		}
		if got := text[:cursor] + "|" + text[cursor:]; got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestMergeRepeats puts pieces into a text that repeats itself, on both sides and
// anywhere: whatever is merged must be what one of the two sides wrote once the
// pieces of the other are taken out of it again.
func TestMergeRepeats(t *testing.T) {
	for name, style := range map[string]struct {
		own  string // %s is who put it there
		base []string
	}{
		"words": {"%s ", []string{"no ", "no ", "yes ", "no no ", "a b ", "x "}},
		"marks": {"<1.%s>", []string{"<1.1>", "<1.1>", "<1.", "1>", "<", ">"}},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		merged, kept := 0, 0
		for range 20000 {
			var base []string
			for range r.IntN(14) {
				base = append(base, style.base[r.IntN(len(style.base))])
			}
			ours, theirs := put(r, base, style.own, "o"), put(r, base, style.own, "t")
			b, o, u := strings.Join(base, ""), strings.Join(ours, ""), strings.Join(theirs, "")
			text, _, ok := phonelink.Merge(b, o, u, 0)
			if !ok {
				kept++
				continue
			}
			merged++
			if got := take(text, style.own, "t"); got != o {
				t.Fatalf("%s: base %q, ours %q, theirs %q: merged %q, of which ours is %q", name, b, o, u, text, got)
			}
			if got := take(text, style.own, "o"); got != u {
				t.Fatalf("%s: base %q, ours %q, theirs %q: merged %q, of which theirs is %q", name, b, o, u, text, got)
			}
		}
		if merged < 5000 || kept < 1000 {
			t.Errorf("%s: %d merged, %d kept apart: one of these was hardly looked at", name, merged, kept)
		}
	}
}

// put puts up to three pieces of its own among the others.
func put(r *rand.Rand, pieces []string, own, who string) []string {
	out := append([]string(nil), pieces...)
	for i := range r.IntN(4) {
		at := r.IntN(len(out) + 1)
		out = append(out[:at:at], append([]string{fmt.Sprintf(own, fmt.Sprint(who, i))}, out[at:]...)...)
	}
	return out
}

// take takes them out again.
func take(text, own, who string) string {
	for i := range 3 {
		text = strings.ReplaceAll(text, fmt.Sprintf(own, fmt.Sprint(who, i)), "")
	}
	return text
}

// FuzzMerge checks of any three texts that the merge does not depend on which is
// called ours, that a text alone stays as it is, and that it ends.
func FuzzMerge(f *testing.F) {
	f.Add("see you", "ok, see you", "see you at 8", 3)
	f.Add("<1.02>", "<1.03><1.02>", "<1.02><1.04>", 6)
	f.Add("no no no", "no no no no", "no maybe no no", 5)
	f.Add("größe", "grün größe", "größe!", 2)
	f.Add("明日会いましょう", "明日駅で会いましょう", "明日会いましょうね", 9)
	f.Add("e\u0301 👨\u200d👩\u200d👧", "e\u0300 👨\u200d👩\u200d👧", "e\u0301 👨\u200d👩\u200d👦", 1)
	f.Add(strings.Repeat("a ", 400), strings.Repeat("b ", 400), strings.Repeat("a ", 399)+"c", 100)
	f.Fuzz(func(t *testing.T, base, ours, theirs string, cursor int) {
		if !utf8.ValidString(base+ours+theirs) || len(base)+len(ours)+len(theirs) > 1<<13 {
			return
		}
		text, at, ok := phonelink.Merge(base, ours, theirs, cursor)
		other, _, same := phonelink.Merge(base, theirs, ours, 0)
		if ok != same || text != other {
			t.Fatalf("%q: ours %q, theirs %q: %q, %v; the other way round %q, %v", base, ours, theirs, text, ok, other, same)
		}
		if again, _, _ := phonelink.Merge(base, ours, theirs, cursor); again != text {
			t.Fatalf("%q, then %q", text, again)
		}
		if !ok {
			if text != "" {
				t.Fatalf("no merge is %q", text)
			}
			return
		}
		if !utf8.ValidString(text) || at < 0 || at > len(text) {
			t.Fatalf("got %q, %d", text, at)
		}
		for _, x := range []string{ours, theirs} {
			if got, _, ok := phonelink.Merge(base, base, x, 0); !ok || got != x {
				t.Fatalf("alone: got %q, want %q", got, x)
			}
			if got, _, ok := phonelink.Merge(base, x, x, 0); !ok || got != x {
				t.Fatalf("both: got %q, want %q", got, x)
			}
		}
		if n := len(base) + len(ours) + len(theirs); len(text) > n {
			t.Fatalf("%d bytes of %d", len(text), n)
		}
	})
}

// BenchmarkMerge is the worst that a peer can send, the largest texts with a word
// for each character, which differ in the middle or at each step of cutting them,
// beside a change as one types it. The merge before it, which compared one
// stretch of characters, took some 30 µs for any.
func BenchmarkMerge(b *testing.B) {
	const n = phonelink.MaxDocument / 4
	marks := func(step, at int, by byte) string {
		s := []byte(strings.Repeat("!?", n/2))
		for i := at; i < n; i += step {
			s[i] = by
		}
		return string(s)
	}
	typed := strings.Repeat("see you at the bridge tomorrow, ", 30)
	for name, c := range map[string][3]string{
		"many":  {marks(n, 0, '!'), marks(50, 0, 'o'), marks(50, 25, 't')},
		"one":   {marks(n, 0, '!'), marks(n, n/3, 'o'), marks(n, n/2, 't')},
		"typed": {typed, typed + "or later", "well, " + typed},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				phonelink.Merge(c[0], c[1], c[2], n)
			}
		})
	}
}
