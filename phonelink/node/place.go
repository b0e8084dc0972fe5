package node

import (
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"tandem/phonelink"
)

// maxLink is how much of a text is looked at for a place.
const maxLink = 4 << 10

// placeOf finds the place that a geo: URI (RFC 5870, and Android's ?q= of it)
// or a link of a map names by its coordinates. ok is false for anything else,
// also for a link that names a place only by its address or by a short code,
// which takes a network to look up.
func placeOf(link string) (p phonelink.Place, ok bool) {
	link = strings.TrimSpace(link)
	if len(link) > maxLink {
		return p, false
	}
	u, err := url.Parse(link)
	if err != nil {
		return p, false
	}
	switch strings.ToLower(u.Scheme) {
	case "geo":
		return geoPlace(u)
	case "http", "https":
		return mapPlace(u)
	}
	return p, false
}

// geoPlace reads geo:LAT,LON[,ALT][;param=value]...[?q=LAT,LON(LABEL)|LABEL].
func geoPlace(u *url.URL) (p phonelink.Place, ok bool) {
	point, params, _ := strings.Cut(u.Opaque, ";")
	for param := range strings.SplitSeq(params, ";") {
		if name, value, _ := strings.Cut(param, "="); strings.EqualFold(name, "crs") && !strings.EqualFold(value, "wgs84") {
			return p, false // RFC 5870, 3.4.2: another reference system is not to be guessed
		}
	}
	if lat, rest, found := strings.Cut(point, ","); found {
		lon, _, _ := strings.Cut(rest, ",") // the altitude is left out
		p, ok = coordinates(lat + "," + lon)
	}
	q := u.Query().Get("q")
	label := q
	if at, name, found := strings.Cut(q, "("); found {
		label = strings.TrimSuffix(name, ")")
		if named, isPoint := coordinates(at); isPoint {
			p, ok = named, true
		}
	} else if named, isPoint := coordinates(q); isPoint {
		p, ok, label = named, true, ""
	}
	if p.Latitude == 0 && p.Longitude == 0 {
		return phonelink.Place{}, false // Android's "no coordinates, search for q"
	}
	p.Name = placeName(label)
	return p, ok
}

var (
	atPoint  = regexp.MustCompile(`/@(-?[0-9.]+,-?[0-9.]+)`)
	pinPoint = regexp.MustCompile(`!3d(-?[0-9.]+)!4d(-?[0-9.]+)`)
)

// mapPlace reads the links of maps that people share.
func mapPlace(u *url.URL) (p phonelink.Place, ok bool) {
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	query := u.Query()
	switch {
	case host == "openstreetmap.org":
		if p, ok = coordinates(query.Get("mlat") + "," + query.Get("mlon")); !ok {
			if parts := strings.Split(strings.TrimPrefix(u.Fragment, "map="), "/"); len(parts) == 3 {
				p, ok = coordinates(parts[1] + "," + parts[2])
			}
		}
		return p, ok
	case host == "waze.com" || host == "ul.waze.com":
		p, ok = coordinates(query.Get("ll"))
		return p, ok
	case host == "maps.apple.com", strings.HasPrefix(host, "maps.google."), strings.HasPrefix(host, "google.") && strings.HasPrefix(u.Path, "/maps"):
	default:
		return p, false
	}
	for _, key := range []string{"daddr", "destination", "coordinate", "ll", "query", "q", "center"} {
		if p, ok = coordinates(query.Get(key)); ok {
			break
		}
	}
	if pin := pinPoint.FindStringSubmatch(u.Path); !ok && pin != nil {
		p, ok = coordinates(pin[1] + "," + pin[2])
	}
	if at := atPoint.FindStringSubmatch(u.Path); !ok && at != nil {
		p, ok = coordinates(at[1])
	}
	if !ok {
		return p, false
	}
	name := query.Get("name")
	if q := query.Get("q"); name == "" && q != "" {
		if _, isPoint := coordinates(q); !isPoint {
			name = q
		}
	}
	if _, rest, found := strings.Cut(u.Path, "/place/"); name == "" && found {
		name, _, _ = strings.Cut(rest, "/")
		name = strings.ReplaceAll(name, "+", " ")
	}
	p.Name = placeName(name)
	return p, true
}

// coordinates reads "LAT,LON" in degrees.
func coordinates(s string) (p phonelink.Place, ok bool) {
	lat, lon, found := strings.Cut(s, ",")
	if !found {
		return p, false
	}
	if p.Latitude, found = degrees(lat); !found {
		return phonelink.Place{}, false
	}
	if p.Longitude, found = degrees(lon); !found {
		return phonelink.Place{}, false
	}
	if math.Abs(p.Latitude) > 90 || math.Abs(p.Longitude) > 180 {
		return phonelink.Place{}, false
	}
	return p, true
}

func degrees(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) && !strings.ContainsAny(s, "xXpP_")
}

// placeName is a label that may be shown.
func placeName(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	return cut(strings.TrimSpace(s), phonelink.MaxTitle)
}

// cut shortens a text to at most n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
