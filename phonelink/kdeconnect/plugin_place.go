package kdeconnect

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"tandem/phonelink"
)

// placeOf reads a point on the earth from what a phone shares: a geo: URI (RFC
// 5870, and Android's ?q=), or a link to a map that has the point in it. ok is
// false if it names no point: an address without coordinates is not a place
// here, since nothing here looks addresses up.
func placeOf(text string) (p phonelink.Place, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > 4 && strings.EqualFold(text[:4], "geo:") {
		return geo(text[4:])
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !mapHost(strings.ToLower(u.Hostname())) {
		return p, false
	}
	return mapLink(u)
}

// geo reads what follows "geo:".
//
//	lat,lon[,alt][;crs=wgs84][;u=N][?q=lat,lon(Name)]     q wins: Android's 0,0?q=
func geo(s string) (phonelink.Place, bool) {
	path, query, _ := strings.Cut(s, "?")
	path, params, _ := strings.Cut(path, ";")
	for _, param := range strings.Split(params, ";") {
		if name, crs, _ := strings.Cut(param, "="); strings.EqualFold(name, "crs") && !strings.EqualFold(crs, "wgs84") {
			return phonelink.Place{}, false // another reference system: not our degrees
		}
	}
	p, ok := point(path)
	q := queryOf(query)
	if q == "" {
		return p, ok
	}
	at, label, _ := strings.Cut(q, "(")
	label = strings.TrimSuffix(strings.TrimSpace(label), ")")
	if named, yes := point(strings.TrimSpace(at)); yes {
		named.Name = line(label, maxTitle)
		return named, true
	}
	if ok && p.Latitude == 0 && p.Longitude == 0 {
		return p, false // geo:0,0?q=address: only the address is meant
	}
	p.Name = line(q, maxTitle)
	return p, ok
}

// queryOf is q of a query, in which + may stand for a space or be part of a
// plus code; as Android reads it, it is a space.
func queryOf(query string) string {
	v, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	return v.Get("q")
}

// point reads "lat,lon" and whatever follows a second comma.
func point(s string) (p phonelink.Place, ok bool) {
	parts := strings.SplitN(s, ",", 3)
	if len(parts) < 2 {
		return p, false
	}
	lat, err1 := degrees(parts[0], 90)
	lon, err2 := degrees(parts[1], 180)
	return phonelink.Place{Latitude: lat, Longitude: lon}, err1 && err2
}

// degrees reads a plain decimal number; "NaN", "Inf" and hexadecimal, which
// strconv takes, are none.
func degrees(s string, most float64) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 32 || strings.Trim(s, "+-.0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && v >= -most && v <= most
}

// googleHost is Google's maps in any country.
var googleHost = regexp.MustCompile(`^(www\.|maps\.)?google\.(com|[a-z]{2}|com?\.[a-z]{2})$`)

// mapHost reports whether the host shows maps whose links are read.
func mapHost(h string) bool {
	for _, known := range [...]string{"maps.apple.com", "openstreetmap.org", "osm.org", "osmand.net", "here.com", "waze.com"} {
		if h == known || strings.HasSuffix(h, "."+known) {
			return true
		}
	}
	return googleHost.MatchString(h)
}

var (
	atPoint  = regexp.MustCompile(`@(-?[0-9.]{1,20},-?[0-9.]{1,20})`)
	pinPoint = regexp.MustCompile(`!3d(-?[0-9.]{1,20})!4d(-?[0-9.]{1,20})`) // the pin, where @ is the middle of the picture
	osmPoint = regexp.MustCompile(`map=[0-9.]{1,5}/(-?[0-9.]{1,20})/(-?[0-9.]{1,20})`)
)

// mapLink reads the point of a link to a map: the destination first, then the
// pin, then the middle of the picture.
func mapLink(u *url.URL) (p phonelink.Place, ok bool) {
	q := u.Query()
	name := q.Get("query")
	for _, key := range [...]string{"destination", "daddr", "ll", "query", "q", "center", "pin"} {
		if p, ok := point(q.Get(key)); ok {
			if key == "ll" {
				p.Name = line(q.Get("q"), maxTitle)
			}
			return p, true
		}
	}
	if p, ok := point(q.Get("mlat") + "," + q.Get("mlon")); ok {
		return p, true
	}
	text := u.Path + "#" + u.Fragment
	if m := pinPoint.FindStringSubmatch(text); m != nil {
		p, ok = point(m[1] + "," + m[2])
	} else if m := atPoint.FindStringSubmatch(text); m != nil {
		p, ok = point(m[1])
	} else if m := osmPoint.FindStringSubmatch(text); m != nil {
		p, ok = point(m[1] + "," + m[2])
	}
	if after, found := strings.CutPrefix(u.Path, "/maps/place/"); found && name == "" {
		name, _, _ = strings.Cut(after, "/")
		name = strings.ReplaceAll(name, "+", " ")
	}
	p.Name = line(name, maxTitle)
	return p, ok
}
