package web

import (
	"embed"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

//go:embed page
var page embed.FS

// files are the page's parts by path.
var files = map[string]struct{ name, kind string }{
	"/":          {"page/index.html", "text/html; charset=utf-8"},
	"/page.js":   {"page/page.js", "text/javascript; charset=utf-8"},
	"/style.css": {"page/style.css", "text/css; charset=utf-8"},
}

const unpaired = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Tandem</title><h1>This display is not paired</h1>
<p>Open the address that tandem printed when it started; it ends in <code>?token=...</code>.</p></html>
`

// paired leads to the page by a navigation of our own: the cookie is not sent
// along a redirect that another site began.
const paired = `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">
<title>Tandem</title><p><a href="/">Paired</a></p></html>
`

// ServeHTTP serves the page, and the WebSocket at /socket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	if !s.guard.hostOK(r) {
		http.Error(w, "this display does not go by that host name", http.StatusMisdirectedRequest)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "the page is read with GET", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == "/" && r.URL.Query().Has("token") {
		s.pair(w, r)
		return
	}
	switch s.guard.check(r, cookie(r), time.Now()) {
	case granted:
	case limited:
		tooMany(w)
		return
	default:
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, unpaired)
		return
	}
	if r.URL.Path == "/socket" {
		s.socket(w, r)
		return
	}
	s.file(w, r)
}

// pair turns the token of the printed address into the browser's cookie.
func (s *Server) pair(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	switch s.guard.check(r, token, time.Now()) {
	case granted:
		if s.guard.need {
			http.SetCookie(w, &http.Cookie{
				Name: cookieName, Value: token, Path: "/", HttpOnly: true,
				SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil, MaxAge: 30 * 24 * 3600,
			})
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, paired)
	case limited:
		tooMany(w)
	default:
		s.log.Warn("wrong pairing token", "from", r.RemoteAddr)
		http.Error(w, "that is not this display's pairing token", http.StatusForbidden)
	}
}

func tooMany(w http.ResponseWriter) {
	w.Header().Set("Retry-After", fmt.Sprint(int(failRefill.Seconds())))
	http.Error(w, "too many wrong pairing tokens; wait a little", http.StatusTooManyRequests)
}

func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	f, ok := files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	b, err := page.ReadFile(f.name)
	if err != nil { // it is embedded
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	// The host has been checked, so it cannot bring in anything of its own.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "+
		"connect-src 'self' ws://"+r.Host+" wss://"+r.Host+"; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.Header().Set("Content-Type", f.kind)
	w.Write(b)
}

// socket serves one viewer until it goes.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	if !originOK(r) {
		http.Error(w, "only this display's own page may connect", http.StatusForbidden)
		return
	}
	v, err := s.admit(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer s.dismiss(v)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // originOK has
	if err != nil {
		s.log.Debug("web viewer refused", "from", r.RemoteAddr, "err", err)
		return
	}
	s.log.Info("web viewer came", "from", r.RemoteAddr)
	err = v.serve(conn)
	s.log.Info("web viewer went", "from", r.RemoteAddr, "reason", err)
}
