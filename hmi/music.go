package hmi

import "tandem/phonelink"

// Music is what this car itself can play, in the order in which it is offered.
// It is immutable.
type Music struct {
	Albums []Album
}

// Album is some tracks that belong together.
type Album struct {
	Title, Artist string
	Open          phonelink.Session // plays them; its ID is filled in by the phone link
}

// List is the albums as far as they may be shown, each with the request that
// plays it; nil for no music.
func (m *Music) List(l Limits) (all []Track) {
	if m == nil {
		return nil
	}
	for _, a := range first(m.Albums, l.items(maxQueue)) {
		title := l.title(a.Title)
		if title == "" {
			title = l.title(a.Open.Title)
		}
		all = append(all, Track{Title: title, Artist: l.title(a.Artist), Play: phonelink.Open{Session: a.Open}})
	}
	return all
}
