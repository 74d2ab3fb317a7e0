package keeper

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// engine notes what it is asked.
type engine struct {
	mu    sync.Mutex
	asked []string
	plans []Plan
}

// planned notes a plan; one that is to be done at once it refuses.
func (e *engine) planned(plan Plan) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if plan.At == time.Nanosecond {
		return errors.New("too early")
	}
	e.plans = append(e.plans, plan)
	return nil
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what came is what is noted
	e.mu.Lock()
	e.asked = append(e.asked, fmt.Sprintf("%s %s %q %d", r.Method, r.RequestURI, body, len(r.Header["X-Registry-Auth"])))
	e.mu.Unlock()
	w.Header().Set("Api-Version", "1.41")
	if strings.Contains(r.URL.Path, "/events") {
		controller := http.NewResponseController(w)
		for {
			if _, err := w.Write([]byte("{}\n")); err != nil || controller.Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	_, _ = w.Write([]byte("answer"))
}

func (e *engine) taken() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	taken := e.asked
	e.asked = nil
	return taken
}

// keep starts an engine and a keeper in front of it.
func keep(t *testing.T) (*Channel, *engine) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	behind := &engine{}
	server := &http.Server{Handler: behind}
	go func() { _ = server.Serve(listener) }() // ends with Close
	agent, theirs, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(theirs, map[Engine]string{Docker: path, Podman: path + ".none"}, behind.planned)
	}()
	t.Cleanup(func() {
		_ = agent.Close() // may be closed already
		if err := <-ended; err != nil {
			t.Errorf("the keeper ended: %v", err)
		}
		_ = server.Close()
	})
	return agent, behind
}

// raw sends bytes on a connection to the engine and returns the status line's code.
func raw(t *testing.T, agent *Channel, text string) int {
	t.Helper()
	connection, err := agent.Dial(t.Context(), Docker)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// What is refused in the middle of a request cannot be written to its end.
	_, _ = connection.Write([]byte(text))
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return 0
	}
	// The connection first: closing a body reads it to its end, and events have none.
	_ = errors.Join(connection.Close(), response.Body.Close())
	return response.StatusCode
}

var id = strings.Repeat("0a", 32)

func TestGateLetsTheListThrough(t *testing.T) {
	agent, behind := keep(t)
	for asked, reached := range map[string]string{
		"/_ping":                 "/_ping",
		"/v1.44/containers/json": "/v1.44/containers/json?all=1",
		"/v1.44/containers/json?size=1&filters=x":   "/v1.44/containers/json?all=1",
		"/v1.44/containers/" + id + "/json?size=1":  "/v1.44/containers/" + id + "/json",
		"/v1.41/images/sha256:" + id + "/json":      "/v1.41/images/sha256:" + id + "/json",
		"/v1.41/images/" + id + "/json?manifests=1": "/v1.41/images/" + id + "/json",
		"/v1.41/events?since=0&filters=%7B%7D":      "/v1.41/events?filters=%7B%22type%22%3A%7B%22container%22%3Atrue%7D%7D",
		"/v1.41/events?filters=%7B%7D&since=1700000000.000000001": "/v1.41/events?since=1700000000.000000001&filters=" +
			"%7B%22type%22%3A%7B%22container%22%3Atrue%7D%7D",
		"/v1.41/events?since=1.000000001%26until%3D9": "/v1.41/events?filters=%7B%22type%22%3A%7B%22container%22%3Atrue%7D%7D",
	} {
		if code := raw(t, agent, "GET "+asked+" HTTP/1.1\r\nHost: d\r\nX-Registry-Auth: secret\r\n\r\n"); code != http.StatusOK {
			t.Errorf("%s = %d", asked, code)
		}
		if got, want := behind.taken(), []string{"GET " + reached + ` "" 0`}; !slices.Equal(got, want) {
			t.Errorf("%s reached the engine as %q, want %q", asked, got, want)
		}
	}
}

func TestGateRefusesAllElse(t *testing.T) {
	agent, behind := keep(t)
	const end = " HTTP/1.1\r\nHost: d\r\n\r\n"
	get := func(path string) string { return "GET " + path + end }
	attacks := map[string]string{
		"create":             "POST /v1.44/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{}",
		"post to the list":   "POST /v1.44/containers/json" + end,
		"head":               "HEAD /_ping" + end,
		"delete":             "DELETE /v1.44/containers/" + id + end,
		"connect":            "CONNECT d:80" + end,
		"options":            "OPTIONS *" + end,
		"unknown method":     "get /_ping" + end,
		"override":           "POST /v1.44/containers/json HTTP/1.1\r\nHost: d\r\nX-HTTP-Method-Override: GET\r\n\r\n",
		"body":               "GET /v1.44/containers/json HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{}",
		"chunked body":       "GET /v1.44/containers/json HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"smuggled":           "GET /v1.44/containers/json HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /x HTTP/1.1\r\n\r\n",
		"root":               get("/"),
		"no version":         get("/containers/json"),
		"info":               get("/v1.44/info"),
		"logs":               get("/v1.44/containers/" + id + "/logs"),
		"archive":            get("/v1.44/containers/" + id + "/archive?path=/"),
		"export":             get("/v1.44/containers/" + id + "/export"),
		"by name":            get("/v1.44/containers/web/json"),
		"short id":           get("/v1.44/containers/0a0a/json"),
		"image export":       get("/v1.44/images/" + id + "/get"),
		"climb":              get("/v1.44/containers/" + id + "/../../secrets"),
		"climb into a match": get("/v1.44/secrets/../containers/json"),
		"escaped climb":      get("/v1.44/containers/%2e%2e/secrets/json"),
		"escaped slash":      get("/v1.44/containers/" + id + "%2fexport?x=/json"),
		"escaped letters":    get("/v1.44/%63ontainers/json"),
		"double slash":       get("//v1.44/containers/json"),
		"absolute":           get("http://d/v1.44/containers/json"),
		"trailing":           get("/v1.44/containers/json/"),
		"fragment":           get("/v1.44/containers/json#x"),
		"new line":           get("/v1.44/containers/json%0aX"),
		"long version":       get("/v1." + strings.Repeat("4", 4) + "/containers/json"),
		"upgrade":            "POST /grpc HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
		"http/2":             "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"long line":          get("/v1.44/containers/json?" + strings.Repeat("x", 1<<20)),
		"many headers":       "GET /_ping HTTP/1.1\r\nHost: d\r\n" + strings.Repeat("X: y\r\n", 1<<16) + "\r\n",
		"garbage":            strings.Repeat("\x00\xff\r\n", 1<<12),
		"tls":                "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
	}
	for name, attack := range attacks {
		if code := raw(t, agent, attack); code != 0 && code < 400 {
			t.Errorf("%s: %d", name, code)
		}
		if reached := behind.taken(); len(reached) > 0 {
			t.Errorf("%s reached the engine: %q", name, reached)
		}
	}
	// Refusing costs nothing that lasts.
	if code := raw(t, agent, get("/_ping")); code != http.StatusOK {
		t.Errorf("after the attacks: %d", code)
	}
}

func TestEventsComeAsTheyHappenAndEndWithTheAsker(t *testing.T) {
	agent, _ := keep(t)
	for range 3 * maxConnections {
		var connection net.Conn
		// Room is given back soon after a connection was closed.
		for {
			var err error
			if connection, err = agent.Dial(t.Context(), Docker); err == nil {
				break
			}
			if !errors.Is(err, unix.EBUSY) {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if _, err := connection.Write([]byte("GET /v1.44/events HTTP/1.1\r\nHost: d\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(response.Body).ReadString('\n')
		if line != "{}\n" || err != nil {
			t.Errorf("event %q, %v", line, err)
		}
		connection.Close()
	}
}

// TestWhoDoesNotReadIsLetGo: an endless answer that nobody reads ends, also for the engine.
func TestWhoDoesNotReadIsLetGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	let := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(let)
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(ends[0]), "ours"), os.NewFile(uintptr(ends[1]), "theirs")
	defer ours.Close()
	connection, err := net.FileConn(theirs)
	if err := errors.Join(err, theirs.Close()); err != nil {
		t.Fatal(err)
	}
	before := descriptors(t)
	impatient := newGate(path)
	impatient.patience = 50 * time.Millisecond
	served := make(chan struct{})
	go func() {
		defer close(served)
		defer connection.Close()
		serveGate(connection, impatient)
	}()
	if _, err := io.WriteString(ours, "GET /v1.44/events HTTP/1.1\r\nHost: d\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for what, ended := range map[string]chan struct{}{"the engine's answer": let, "the connection": served} {
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Fatalf("%s does not end", what)
		}
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

// TestASlowHeadIsLetGo sends a request byte by byte.
func TestASlowHeadIsLetGo(t *testing.T) {
	agent, behind := keep(t)
	connection, err := agent.Dial(t.Context(), Docker)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	began := time.Now()
	for {
		if _, err := io.WriteString(connection, "G"); err != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
		if time.Since(began) > 4*headerTimeout {
			t.Fatal("a request may take for ever")
		}
	}
	if reached := behind.taken(); len(reached) > 0 {
		t.Errorf("the engine was asked %q", reached)
	}
}

func TestDialSaysWhyNobodyAnswers(t *testing.T) {
	agent, _ := keep(t)
	if _, err := agent.Dial(t.Context(), Podman); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an engine that is not there: %v", err)
	}
	if _, err := agent.Dial(t.Context(), 'x'); !errors.Is(err, unix.EINVAL) {
		t.Errorf("an engine that nobody knows: %v", err)
	}
}

func TestNoMoreConnectionsThanThereIsRoomFor(t *testing.T) {
	agent, _ := keep(t)
	for range maxConnections {
		connection, err := agent.Dial(t.Context(), Docker)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
	}
	if _, err := agent.Dial(t.Context(), Docker); !errors.Is(err, unix.EBUSY) {
		t.Errorf("one more: %v", err)
	}
}

// TestPacketsThatAreNotRight sends the keeper what an agent never would.
func TestPacketsThatAreNotRight(t *testing.T) {
	agent, behind := keep(t)
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	listening, err := tcp.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	datagrams, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(datagrams[0])
	defer unix.Close(datagrams[1])
	stream, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(stream[0])
	defer unix.Close(stream[1])
	before := descriptors(t)
	for name, attack := range map[string]struct {
		text  []byte
		given []int
	}{
		"no descriptor":      {[]byte("d"), nil},
		"two descriptors":    {[]byte("d"), []int{stream[0], stream[1]}},
		"as many as can be":  {[]byte("d"), slices.Repeat([]int{stream[0]}, maxDescriptors)},
		"a file":             {[]byte("d"), []int{int(file.Fd())}},
		"a listener":         {[]byte("d"), []int{int(listening.Fd())}},
		"datagrams":          {[]byte("d"), []int{datagrams[0]}},
		"no such engine":     {[]byte{0}, []int{stream[0]}},
		"a word":             {[]byte("docker"), []int{stream[0]}},
		"more than is read":  {bytes.Repeat([]byte("d"), 100_000), []int{stream[0]}},
		"a plan of the past": {Plan{Remove: true, At: -1}.packet(), nil},
		"a plan with a file": {Plan{Remove: true}.packet(), []int{int(file.Fd())}},
		"half a plan":        {Plan{Remove: true}.packet()[:8], nil},
		"another plan":       {append([]byte("x"), make([]byte, 8)...), nil},
		"json":               {[]byte(`{"operation":"admit"}`), []int{stream[0]}},
	} {
		var rights []byte
		if len(attack.given) > 0 {
			rights = unix.UnixRights(attack.given...)
		}
		if _, _, err := agent.connection.WriteMsgUnix(attack.text, rights, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var answer [roomOfPacket]byte
		read, err := agent.connection.Read(answer[:])
		if err != nil || read != 4 || syscall.Errno(answer[0]) == 0 {
			t.Errorf("%s: %v, %v", name, answer[:read], err)
		}
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
	if reached := behind.taken(); len(reached) > 0 || len(behind.plans) > 0 {
		t.Errorf("the engine was asked %q, plans were %v", reached, behind.plans)
	}
	if code := raw(t, agent, "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"); code != http.StatusOK {
		t.Errorf("after the attacks: %d", code)
	}
}

func TestPlansArrive(t *testing.T) {
	agent, behind := keep(t)
	plans := []Plan{{Remove: true}, {}, {Stopped: true}, {Remove: true, At: 36 * time.Hour}}
	for _, plan := range plans {
		if err := agent.Tell(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
	}
	if err := agent.Tell(t.Context(), Plan{Remove: true, At: time.Nanosecond}); !errors.Is(err, unix.EIO) {
		t.Errorf("a plan that cannot be taken: %v", err)
	}
	behind.mu.Lock()
	defer behind.mu.Unlock()
	if !slices.Equal(behind.plans, plans) {
		t.Errorf("plans = %v, want %v", behind.plans, plans)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	found, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// TestAnEmptyPacketEndsTheKeeperOfWhoSentIt: it looks like the end.
func TestAnEmptyPacketEndsTheKeeperOfWhoSentIt(t *testing.T) {
	agent, _ := keep(t)
	if _, _, err := agent.connection.WriteMsgUnix(nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Dial(t.Context(), Docker); err == nil || !strings.Contains(err.Error(), "restart the agent") {
		t.Errorf("dial after it: %v", err)
	}
}
