package cmd

import (
	"tandem/hmi"
	"tandem/hmi/media"
)

// MusicOf is a library's albums for the media screen. Tracks without an album
// are one per artist.
func MusicOf(l *media.Library) *hmi.Music {
	m := &hmi.Music{}
	for from := 0; from < len(l.Tracks); {
		first, to := l.Tracks[from], from+1
		for to < len(l.Tracks) && l.Tracks[to].Album == first.Album && l.Tracks[to].Artist == first.Artist {
			to++
		}
		s := media.Session(l.Tracks[from:to], 0)
		s.App = "Tandem"
		a := hmi.Album{Title: first.Album, Artist: first.Artist, Open: s}
		if a.Title == "" && to-from > 1 {
			a.Title, a.Artist = first.Artist, ""
		}
		m.Albums = append(m.Albums, a)
		from = to
	}
	return m
}
