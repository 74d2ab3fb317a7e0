package push

import (
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestAnswersBecomeOneSentence(t *testing.T) {
	text := func(code int, kind, content string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "https://login.example/\u202e\r\n")
			w.WriteHeader(code)
			if _, err := io.WriteString(w, content); err != nil {
				t.Log("the client reads no further:", err)
			}
			return true
		}
	}
	for name, test := range map[string]struct {
		answer  func(http.ResponseWriter, *http.Request) bool
		says    string
		refused bool
	}{
		"refused": {
			text(400, "application/json", `{"code":"invalid_argument","message":"{\"code\":\"invalid_argument\",\"message\":\"profile is outside of ingestion window\"}"}`),
			"refused a window and it was left out (400): profile is outside of ingestion window", true,
		},
		"too large":      {text(413, "text/plain", "too large"), "(413): too large", true},
		"credentials":    {text(401, "text/plain", "who are you"), "check the credentials and the tenant. It said: who are you", false},
		"not found":      {text(404, "text/plain", "404 page not found"), "no Pyroscope that takes profiles at this address (404)", false},
		"limits":         {text(429, "application/json", `{"message":"maximum series exceeded"}`), "raise its limits or push less. It said: maximum series exceeded", false},
		"server error":   {text(503, "text/html", "<h1>down\u202e\x1b[31m</h1>"), "look at the server's log. It said: <h1>down??[31m</h1>", false},
		"nothing said":   {text(500, "text/plain", ""), "It said: nothing.", false},
		"login page":     {text(200, "text/html", "<html>log in</html>"), "not as a Pyroscope server does", false},
		"garbage proto":  {text(200, "application/proto", "\xff\xff\xff"), "not as a Pyroscope server does", false},
		"redirect":       {text(302, "text/plain", ""), `redirects to "https://login.example/`, false},
		"endless answer": {text(502, "text/plain", strings.Repeat("x", 1<<20)), "...", false},
	} {
		t.Run(name, func(t *testing.T) {
			remote, kept := newServer(t), openStore(t)
			remote.answer = test.answer
			add(t, kept, "web", at(0), 1)
			p, _ := startPushers(t, kept)
			if err := p.Set(t.Context(), Server{URL: remote.URL}, false); err != nil {
				t.Fatal(err)
			}
			status := until(t, p, "an error", func(s Status) bool { return s.Error != "" })
			if !strings.Contains(status.Error, test.says) || !strings.HasPrefix(status.Error, remote.URL) || len(status.Error) > 500 {
				t.Errorf("says %q", status.Error)
			}
			if strings.ContainsAny(status.Error, "\n\r\x1b\u202e") {
				t.Errorf("hostile text came through: %q", status.Error)
			}
			if (status.Refused == 1) != test.refused {
				t.Errorf("%+v", status)
			}
			// The server is mended: what was not refused arrives by itself.
			remote.mu.Lock()
			remote.answer = nil
			remote.mu.Unlock()
			if !test.refused {
				p.Wake()
				status = until(t, p, "recovery", func(s Status) bool { return s.Pushed == 1 })
				if status.Error != "" {
					t.Errorf("still says %q", status.Error)
				}
			}
		})
	}
}

func TestBackOff(t *testing.T) {
	remote, kept := newServer(t), openStore(t)
	remote.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	add(t, kept, "web", at(0), 1)
	add(t, kept, "web", at(15), 1)
	p, _ := startPushers(t, kept)
	began := time.Now()
	if err := p.Set(t.Context(), Server{URL: remote.URL}, false); err != nil {
		t.Fatal(err)
	}
	status := until(t, p, "an error", func(s Status) bool { return s.Error != "" })
	if status.Waiting != 2 {
		t.Errorf("%d windows wait", status.Waiting)
	}
	time.Sleep(100 * time.Millisecond)
	remote.mu.Lock()
	defer remote.mu.Unlock()
	if most := 1 + int(time.Since(began)/(minBackoff*8/10)); remote.calls > most {
		t.Errorf("%d calls, %d are patient", remote.calls, most)
	}
}

func TestUnreachableServers(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for name, test := range map[string]struct{ url, says string }{
		"refused":  {refusing, "connection refused. Is the server up"},
		"no name":  {"http://no-such-host.invalid:4040", "cannot be reached"},
		"not HTTP": {"https://" + silent.Addr().String(), "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "not HTTP" {
				go func() {
					if c, err := silent.Accept(); err == nil {
						_, _ = io.WriteString(c, "SSH-2.0-OpenSSH\r\n")
						_ = c.Close()
					}
				}()
			}
			kept := openStore(t)
			add(t, kept, "web", at(0), 1)
			p, _ := startPushers(t, kept)
			if err := p.Set(t.Context(), Server{URL: test.url}, false); err != nil {
				t.Fatal(err)
			}
			status := until(t, p, "an error", func(s Status) bool { return s.Error != "" })
			if !strings.Contains(status.Error, test.says) {
				t.Errorf("says %q", status.Error)
			}
		})
	}
}

// TestCredentialsStayWithTheirServer: whoever answers for it, as a proxy that was taken over, could redirect them anywhere.
func TestCredentialsStayWithTheirServer(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			t.Errorf("%d leads to %s %s with %v", code, r.Method, r.URL, r.Header)
		}))
		remote, kept := newServer(t), openStore(t)
		remote.answer = func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Location", elsewhere.URL+r.URL.Path)
			w.WriteHeader(code)
			return true
		}
		add(t, kept, "web", at(0), 1)
		p := driven(t, kept, remote.URL)
		p.server.Credentials = Credentials{Token: "secret"}
		rounds(t, p, 1)
		if status := p.snapshot(); !strings.Contains(status.Error, "redirects to") || status.Waiting != 1 {
			t.Errorf("%d: %+v", code, status)
		}
		elsewhere.Close()
	}
}

// TestAnswersThatDoNotEnd: of headers before the answer, of a body that comes fast, drop by drop, or packed a thousand times.
func TestAnswersThatDoNotEnd(t *testing.T) {
	const patience = 500 * time.Millisecond
	for name, answer := range map[string]func(http.ResponseWriter) error{
		"early hints": func(w http.ResponseWriter) error {
			w.Header().Set("Link", strings.Repeat("x", 1000))
			w.WriteHeader(http.StatusEarlyHints)
			return nil
		},
		"a flood": func(w http.ResponseWriter) error {
			_, err := w.Write(make([]byte, 64<<10))
			return err
		},
		"drops": func(w http.ResponseWriter) error {
			time.Sleep(10 * time.Millisecond)
			_, err := w.Write([]byte{'x'})
			return errors.Join(err, http.NewResponseController(w).Flush())
		},
		"a bomb": func(w http.ResponseWriter) error {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			for range 1000 {
				if _, err := packed.Write(make([]byte, 1<<20)); err != nil {
					return err
				}
			}
			return io.EOF
		},
	} {
		t.Run(name, func(t *testing.T) {
			remote, kept := newServer(t), openStore(t)
			ended := make(chan struct{})
			remote.answer = func(w http.ResponseWriter, r *http.Request) bool {
				defer close(ended)
				for r.Context().Err() == nil && answer(w) == nil {
				}
				return true
			}
			add(t, kept, "web", at(0), 1)
			p := driven(t, kept, remote.URL)
			p.client.http.Timeout = patience
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rounds(t, p, 1)
			<-ended
			runtime.ReadMemStats(&after)
			if status := p.snapshot(); status.Error == "" || status.Waiting != 1 || status.Refused != 0 {
				t.Errorf("%+v", status)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; name != "a bomb" && grown > 64<<20 { // the bomb is made in this process
				t.Errorf("%d bytes were allocated", grown)
			}
		})
	}
}
