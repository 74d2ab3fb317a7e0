package symbol

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// strippedProgram is a running program without symbols, and the folder with its debug file.
func strippedProgram(t *testing.T) (program, debug string, pid uint32) {
	t.Helper()
	directory, debugDirectory := t.TempDir(), t.TempDir()
	write(t, filepath.Join(directory, "main.c"), waiting)
	program, debug = filepath.Join(directory, "waiting"), filepath.Join(debugDirectory, "waiting.debug")
	run(t, directory, "gcc", "-O1", "-g", "-Wl,--build-id", "-o", "waiting", "main.c")
	run(t, directory, "objcopy", "--only-keep-debug", program, debug)
	run(t, directory, "strip", program)
	command := start(t, program)
	waitMapped(t, uint32(command.Process.Pid), program)
	return program, debug, uint32(command.Process.Pid)
}

// realDebuginfod serves a folder with the server of elfutils and returns its address.
func realDebuginfod(t *testing.T, folder string) string {
	t.Helper()
	wanted(t, "debuginfod")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it is TCP
	_ = listener.Close()
	command := exec.Command("debuginfod", "-F", "-d", filepath.Join(t.TempDir(), "index"), "-p", fmt.Sprint(port), folder)
	command.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "DEBUGINFOD_URLS="}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

func waitServed(t *testing.T, address string) {
	t.Helper()
	for range 600 {
		if answer, err := http.Get(address); err == nil { //nolint:gosec,noctx // the test's own server
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s is never served", address)
}

func TestDebugFilesFromARealServer(t *testing.T) {
	program, debug, pid := strippedProgram(t)
	server := realDebuginfod(t, filepath.Dir(debug))
	mapping := mappingOf(t, program)
	waitServed(t, server+"/buildid/"+mapping.BuildID+"/debuginfo")
	address := addressOf(t, debug, "wait_for_ever")

	without := newTestResolver(t, Options{Directory: t.TempDir()})
	without.Observe(pid, mapping)
	if name := nameAt(t, without, mapping, address); name != "" {
		t.Fatalf("%q without a server: the test shows nothing", name)
	}
	cache := t.TempDir()
	names := make(chan bool, 10)
	options := Options{Directory: cache, Debuginfod: []string{server}, OnNames: func(_ string, all bool) { names <- all }}
	resolver := newTestResolver(t, options)
	resolver.Observe(pid, mapping)
	if name := nameAt(t, resolver, mapping, address); name != "wait_for_ever" {
		t.Fatalf("%q; %v", name, resolver.Counters())
	}
	for !<-names { // until the lines are there too
	}
	lines, err := resolver.Resolve(t.Context(), mapping, address)
	if err != nil || len(lines) == 0 || filepath.Base(lines[0].File) != "main.c" || lines[0].Line == 0 {
		t.Errorf("%+v, %v", lines, err)
	}
	if asked := resolver.Counters()[counterRemoteAsked]; asked != 1 {
		t.Errorf("asked %d times for one file", asked)
	}
	again := newTestResolver(t, options)
	again.Observe(pid, mapping)
	if name := nameAt(t, again, mapping, address); name != "wait_for_ever" || again.Counters()[counterRemoteAsked] != 0 {
		t.Errorf("%q, asked %d times for what is in the cache", name, again.Counters()[counterRemoteAsked])
	}
}

func TestHostileDebugFileServers(t *testing.T) {
	_, debug, _ := strippedProgram(t)
	content, err := os.ReadFile(debug)
	if err != nil {
		t.Fatal(err)
	}
	buildID := mappingOf(t, debug).BuildID
	wanted := debugRoot + "/.build-id/" + buildID[:2] + "/" + buildID[2:] + ".debug"
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   Reason
	}{
		{"as asked", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }, ""},
		{"unknown", http.NotFound, ReasonGone},
		{"broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, ReasonRemote},
		{"redirected to a file", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file://"+debug)
			w.WriteHeader(http.StatusFound)
		}, ReasonRemote},
		{"redirected for ever", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, ReasonRemote},
		{"packed", func(w http.ResponseWriter, _ *http.Request) {
			var packed bytes.Buffer
			writer := gzip.NewWriter(&packed)
			_, _ = writer.Write(content)
			_ = writer.Close()
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		}, ReasonRemote},
		{"another build", func(w http.ResponseWriter, _ *http.Request) { http.ServeFile(w, plainRequest(), "/bin/true") }, ReasonChecksum},
		{"no ELF file", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("page"), 100)) }, ReasonNotELF},
		{"a length beyond all bounds", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(maxRemoteBytes+1))
			_, _ = w.Write(content)
		}, ReasonSize},
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			_, _ = w.Write(content[:len(content)/2])
		}, ReasonRemote},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				test.answer(w, r)
			}))
			defer server.Close()
			directory := t.TempDir()
			resolver := newTestResolver(t, Options{Directory: directory})
			now := &clock{}
			options := resolver.options
			options.Now = now.Now
			root := newRemoteRoot(noRoot{}, []string{server.URL}, resolver.lines, newCounters(), options)
			opened, err := root.open(wanted)
			if opened != nil {
				_ = opened.Close()
			}
			if reasonOf(err) != test.want {
				t.Fatalf("%v, want %q", err, test.want)
			}
			before := asked.Load()
			if opened, _ = root.open(wanted); opened != nil {
				_ = opened.Close()
			}
			if asked.Load() != before {
				t.Error("it is asked for again at once")
			}
			files, err := os.ReadDir(directory)
			if err != nil || (len(files) > 0) != (test.want == "") {
				t.Errorf("left behind: %v, %v", files, err)
			}
		})
	}
	t.Run("nothing else is asked for", func(t *testing.T) {
		root := newRemoteRoot(noRoot{}, []string{"http://127.0.0.1:1"}, nil, newCounters(), Options{Now: time.Now})
		for _, path := range []string{"/etc/passwd", debugRoot + "/.build-id/ab/../../x.debug", debugRoot + "/.build-id/ab/CD.debug", "/srv/x.debug"} {
			if _, err := root.open(path); reasonOf(err) != ReasonGone || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
}

// plainRequest is a request without conditions, for http.ServeFile.
func plainRequest() *http.Request {
	request, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "/true", nil)
	return request
}
