package hmi

import (
	"strings"
	"unicode"
)

// items is how many entries of a list may be shown, of at most n.
func (l Limits) items(n int) int {
	if l.Items > 0 {
		return min(n, l.Items)
	}
	return n
}

// title is a name or title from outside, cut to what may be shown.
func (l Limits) title(s string) string { return clean(s, l.chars(maxTitle)) }

// app is what an app is called; "" for Tandem's own, which says nothing.
func (l Limits) app(s string) string {
	if s == "Tandem" {
		return ""
	}
	return l.title(s)
}

// text is a message from outside, cut to what may be shown. Whether it may be
// shown at all is the caller's question.
func (l Limits) text(s string) string { return clean(s, l.chars(maxText)) }

// spoken is a title that may be somebody's words, such as a notification's or
// a file's name: short while texts are hidden.
func (l Limits) spoken(s string) string {
	if l.Texts {
		return l.title(s)
	}
	return clean(s, l.chars(maxShort))
}

func (l Limits) chars(n int) int {
	if l.Chars > 0 {
		return min(n, l.Chars)
	}
	return n
}

// clean is a text from outside on one line of at most n characters: without
// control and format characters, which could turn or break a line, without
// pictograms, which the face does not have, and with one mark on a letter at
// most, so that nothing grows out of its line.
func clean(s string, n int) string {
	s = s[:min(len(s), sayTimes)]
	var b strings.Builder
	count, space, marked := 0, false, true
	for _, r := range s {
		mark := unicode.Is(unicode.Mn, r)
		switch {
		case unicode.IsSpace(r):
			space, marked = true, true
			continue
		case r == unicode.ReplacementChar, mark && marked, unicode.In(r, unicode.C, unicode.So, unicode.Sk, unicode.Me, unicode.Variation_Selector):
			continue
		}
		marked = mark
		need := 1
		if space && count > 0 {
			need = 2
		}
		if count+need > n {
			break
		}
		if need == 2 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
		count += need
	}
	return b.String()
}
