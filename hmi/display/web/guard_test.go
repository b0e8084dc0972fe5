package web_test

import (
	"fmt"
	"image"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/hmi/display/web"
)

// get asks the server for a path, as a browser would that was sent to host.
func get(t *testing.T, s *web.Server, path, host string, h http.Header, from string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host, r.RemoteAddr = host, from
	for k, v := range h {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func server(t *testing.T, listen string) *web.Server {
	t.Helper()
	s, err := web.New(web.Config{Listen: listen, Size: image.Pt(32, 18), Token: "secret", Hosts: []string{"car.home"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHosts(t *testing.T) {
	local, open, all := server(t, "127.0.0.1:8080"), server(t, "0.0.0.0:8080"), server(t, ":8080")
	for _, c := range []struct {
		s    *web.Server
		host string
		want int
	}{
		{local, "127.0.0.1:8080", 200}, {local, "localhost:8080", 200}, {local, "LOCALHOST", 200}, {local, "[::1]:8080", 200},
		{local, "127.8.9.1", 200}, {local, "car.home:8080", 200},
		{local, "evil.example:8080", 421}, {local, "127.0.0.1.evil.example", 421}, {local, "", 421}, {local, "192.168.1.5:8080", 421},
		{local, "localhost.evil.example", 421}, {local, "[::1", 200},
		{open, "192.168.1.5:8080", 401}, {open, "[fe80::1]:8080", 401}, {open, "Car.Home", 401}, {open, "localhost", 401},
		{open, "evil.example:8080", 421}, {open, "", 421}, {open, "192.168.1.5.evil.example", 421},
		{all, "", 421}, {all, "192.168.1.5", 401},
	} {
		if got := get(t, c.s, "/", c.host, nil, "10.0.0.1:1").StatusCode; got != c.want {
			t.Errorf("host %q: got %d, want %d", c.host, got, c.want)
		}
	}
}

func TestOrigins(t *testing.T) {
	s := start(t, web.Config{})
	host := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/")
	for origin, want := range map[string]int{
		"http://" + host: 426, "HTTP://" + host: 426, "": 426, // as far as to the missing upgrade
		"http://evil.example": 403, "null": 403, "http://" + host + ".evil.example": 403, "http://localhost:1": 403,
		"file://" + host: 403, "http://evil.example@" + host + ":1": 403, "http://127.0.0.1": 403, "::": 403,
	} {
		h := http.Header{}
		if origin != "" {
			h.Set("Origin", origin)
		}
		if got := get(t, s.Server, "/socket", host, h, "127.0.0.1:1").StatusCode; got != want {
			t.Errorf("origin %q: got %d, want %d", origin, got, want)
		}
	}
}

func TestPairing(t *testing.T) {
	s := server(t, "0.0.0.0:8080")
	const host, from = "192.168.1.5:8080", "10.0.0.1:1"
	for _, path := range []string{"/", "/page.js", "/socket", "/style.css"} {
		if got := get(t, s, path, host, nil, from).StatusCode; got != 401 {
			t.Errorf("%s without token: got %d, want 401", path, got)
		}
	}
	r := get(t, s, "/?token=secret", host, nil, from)
	if r.StatusCode != 200 || len(r.Cookies()) != 1 {
		t.Fatalf("the right token: got %d, %v", r.StatusCode, r.Cookies())
	}
	c := r.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" {
		t.Errorf("cookie: got %v", c)
	}
	h := http.Header{"Cookie": {c.Name + "=" + c.Value}}
	if got := get(t, s, "/", host, h, from).StatusCode; got != 200 {
		t.Errorf("with the cookie: got %d, want 200", got)
	}
	// The token counts where it is given, and nowhere else.
	for path, want := range map[string]int{"/socket?token=secret": 401, "/page.js?token=secret": 401, "/?token=": 403, "/?token=Secret": 403} {
		if got := get(t, s, path, host, nil, from).StatusCode; got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
}

// TestGuessing checks that guessing is limited per address, by query and by
// cookie, and does not keep others out.
func TestGuessing(t *testing.T) {
	for name, guess := range map[string]func(s *web.Server, i int) *http.Response{
		"query": func(s *web.Server, i int) *http.Response {
			return get(t, s, fmt.Sprint("/?token=", i), "10.9.9.9", nil, "10.0.0.1:1")
		},
		"cookie": func(s *web.Server, i int) *http.Response {
			return get(t, s, "/", "10.9.9.9", http.Header{"Cookie": {fmt.Sprint("tandem_display=", i)}}, "10.0.0.1:1")
		},
	} {
		s := server(t, "0.0.0.0:8080")
		var last *http.Response
		for i := range 11 {
			last = guess(s, i)
			if i < 10 && last.StatusCode == 429 {
				t.Errorf("%s: guess %d: got 429 already", name, i)
			}
		}
		if last.StatusCode != 429 || last.Header.Get("Retry-After") == "" {
			t.Errorf("%s: guess 11: got %d, want 429", name, last.StatusCode)
		}
		if got := get(t, s, "/?token=secret", "10.9.9.9", nil, "10.0.0.1:9").StatusCode; got != 429 {
			t.Errorf("%s: even the right one, from there: got %d, want 429", name, got)
		}
		if got := get(t, s, "/?token=secret", "10.9.9.9", nil, "10.0.0.2:1").StatusCode; got != 200 {
			t.Errorf("%s: the right one from elsewhere: got %d, want 200", name, got)
		}
	}
}

func TestPage(t *testing.T) {
	s := server(t, "127.0.0.1:8080")
	for path, want := range map[string]string{"/": "<canvas", "/page.js": "'use strict'", "/style.css": "touch-action: none"} {
		r := get(t, s, path, "localhost:8080", nil, "127.0.0.1:1")
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != 200 || !strings.Contains(string(b), want) {
			t.Errorf("%s: got %d, %d bytes, %v", path, r.StatusCode, len(b), err)
		}
		csp := r.Header.Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "ws://localhost:8080"} {
			if !strings.Contains(csp, rule) {
				t.Errorf("%s: policy %q lacks %s", path, csp, rule)
			}
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, r.Header)
		}
	}
	if got := get(t, s, "/page/index.html", "localhost:8080", nil, "127.0.0.1:1").StatusCode; got != 404 {
		t.Errorf("another path: got %d, want 404", got)
	}
	r := httptest.NewRequest("POST", "/", nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != 405 {
		t.Errorf("POST: got %d, want 405", w.Code)
	}
}

func TestListenErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := server(t, l.Addr().String())
	if err := s.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), l.Addr().String()) || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("busy address: got %v", err)
	}
	for _, cfg := range []web.Config{{Listen: "8080", Size: image.Pt(1, 1)}, {Listen: "127.0.0.1:0"}, {Size: image.Pt(9000, 1)}} {
		if _, err := web.New(cfg); err == nil {
			t.Errorf("%+v: got no error", cfg)
		}
	}
}

func TestAddress(t *testing.T) {
	for listen, want := range map[string]bool{"127.0.0.1:0": false, "localhost:0": false, "[::1]:0": false, "0.0.0.0:0": true, ":0": true} {
		s, err := web.New(web.Config{Listen: listen, Size: image.Pt(1, 1)})
		if err != nil {
			t.Fatal(err)
		}
		if s.URL() != "" {
			t.Errorf("%s: address before Listen: %s", listen, s.URL())
		}
		if err := s.Listen(); err != nil {
			t.Logf("%s: %v", listen, err) // no IPv6 here
			continue
		}
		_, token, _ := strings.Cut(s.URL(), "/?token=")
		if (len(token) >= 26) != want || strings.Contains(s.URL(), "0.0.0.0") {
			t.Errorf("%s: address %s, want token: %v", listen, s.URL(), want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
