package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	"pyrometer.dev/remote-agent/internal/engine"
	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/gen/agent/v1/agentv1connect"
	pushv1 "pyrometer.dev/remote-agent/internal/gen/push/v1"
	"pyrometer.dev/remote-agent/internal/gen/push/v1/pushv1connect"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
	"pyrometer.dev/remote-agent/internal/push"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
	"pyrometer.dev/remote-agent/internal/window"
)

// bed is an agent on real sockets in a private directory.
type bed struct {
	directory string
	store     *store.Store
	recorder  *store.Recorder
	parts     *fakeParts
	stop      context.CancelFunc
	served    chan error
}

// fakeParts stand for what cmd wires: they note what they were asked.
type fakeParts struct {
	mu         sync.Mutex
	message    string
	containers []string
	pids       []uint32
	pushed     push.Settings
	flushed    bool
	exited     chan struct{}
}

func (f *fakeParts) Status(context.Context) *agentv1.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &agentv1.Status{State: agentv1.State_STATE_PROFILING, Message: f.message}
}

func (f *fakeParts) Select(_ context.Context, containers []string, pids []uint32) error {
	f.containers, f.pids = containers, pids
	return nil
}

func (f *fakeParts) Renew(_ context.Context, duration time.Duration) (time.Time, error) {
	if duration == time.Hour {
		return time.Time{}, ErrNoLease
	}
	return time.UnixMilli(duration.Milliseconds()), nil
}

func (f *fakeParts) CloseWindow(context.Context) error { f.flushed = true; return nil }
func (f *fakeParts) Exit()                             { close(f.exited) }

func (f *fakeParts) Set(_ context.Context, settings push.Settings) error {
	f.pushed = settings
	return nil
}

func newBed(t *testing.T) *bed {
	t.Helper()
	directory := t.TempDir()
	kept, err := store.Open(t.Context(), store.Options{Directory: filepath.Join(directory, "store")})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	b := &bed{
		directory: directory, store: kept, recorder: store.NewRecorder(kept, nil, logger),
		parts: &fakeParts{exited: make(chan struct{})}, served: make(chan error, 1),
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	listener, err := ListenControl(directory, os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	pushListener, err := ListenPush(directory)
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(Agent{
		Status: b.parts, Windows: b.recorder, Select: b.parts, Lease: b.parts, Stop: b.parts, Push: b.parts, Store: kept,
	}, logger)
	recorded := make(chan struct{})
	go func() { b.recorder.Run(ctx); close(recorded) }()
	go func() { b.served <- server.Serve(ctx, []net.Listener{listener}, pushListener) }()
	t.Cleanup(func() {
		cancel()
		<-recorded
		if err := <-b.served; err != nil {
			t.Errorf("serve: %v", err)
		}
		if err := kept.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return b
}

func (b *bed) socket() string { return filepath.Join(b.directory, SocketName(os.Getuid())) }

func over(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
}

func (b *bed) agent() agentv1connect.AgentServiceClient {
	return agentv1connect.NewAgentServiceClient(over(b.socket()), "http://agent")
}

func (b *bed) querier() querierv1connect.QuerierServiceClient {
	return querierv1connect.NewQuerierServiceClient(over(b.socket()), "http://agent")
}

// someInterval has one service, two processes, and 3 + 4 counts of two stacks.
func someInterval(start time.Time) window.Interval {
	frame := func(name string) engine.Frame {
		return engine.Frame{Kind: engine.KindPython, Function: name, File: "/app/" + name + ".py", Line: 7}
	}
	end := start.Add(15 * time.Second)
	return window.Interval{Start: start, End: end, Windows: []*window.Window{{
		Labels: []target.Label{{Name: "host", Value: "h"}, {Name: "service_name", Value: "web"}},
		Type:   window.CPU, Start: start, End: end, Period: 10_000_000,
		Stacks: []window.Stack{
			{Hash: [16]byte{1}, Frames: []engine.Frame{frame("parse"), frame("main")}},
			{Hash: [16]byte{2}, Frames: []engine.Frame{frame("render"), frame("main")}},
		},
		SampleLabels: []window.SampleLabels{{PID: 1, Thread: "a"}, {PID: 2, Thread: "b"}},
		Counts:       []window.Count{{Stack: 0, Labels: 0, Count: 3}, {Stack: 1, Labels: 1, Count: 4}},
	}}}
}

const (
	cpuType = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
	baseMs  = 1_700_000_010_000 // a multiple of 15 s
)

func TestQuerierAnswersAsAPprof(t *testing.T) {
	b := newBed(t)
	if err := b.store.Append(t.Context(), someInterval(time.UnixMilli(baseMs)), nil); err != nil {
		t.Fatal(err)
	}
	// The raw bytes of the answer, as a client without generated code would read them.
	body := fmt.Sprintf(`{"profileTypeID":%q,"labelSelector":"{thread=\"b\"}","start":%d,"end":%d}`, cpuType, baseMs, baseMs+1)
	message := &querierv1.SelectMergeProfileRequest{ProfileTypeID: cpuType, LabelSelector: `{thread="b"}`, Start: baseMs, End: baseMs + 1}
	encoded, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	client := over(b.socket())
	url := "http://agent/querier.v1.QuerierService/SelectMergeProfile"
	answer, err := client.Post(url, "application/proto", strings.NewReader(string(encoded)))
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.Body.Close() != nil || answer.StatusCode != 200 {
		t.Fatalf("%v: %s %s", err, answer.Status, content)
	}
	parsed, err := profile.ParseData(content)
	if err != nil {
		t.Fatal(err)
	}
	if len(parsed.Sample) != 1 || parsed.Sample[0].Value[0] != 40_000_000 {
		t.Fatalf("samples: %v", parsed.Sample)
	}
	asJSON, err := client.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	content, err = io.ReadAll(asJSON.Body)
	if err != nil || asJSON.Body.Close() != nil || !strings.Contains(string(content), `"render"`) {
		t.Fatalf("as JSON: %v %s", err, content)
	}
}

func TestQuerierErrors(t *testing.T) {
	b := newBed(t)
	for name, test := range map[string]struct {
		request *querierv1.SelectMergeProfileRequest
		says    string
	}{
		"bad selector": {&querierv1.SelectMergeProfileRequest{ProfileTypeID: cpuType, LabelSelector: "{x", Start: 1, End: 2}, "parse error"},
		"bad type":     {&querierv1.SelectMergeProfileRequest{ProfileTypeID: "cpu", LabelSelector: "{}", Start: 1, End: 2}, "must be of the form"},
		"no range":     {&querierv1.SelectMergeProfileRequest{ProfileTypeID: cpuType, LabelSelector: "{}"}, "missing time range"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.querier().SelectMergeProfile(t.Context(), connect.NewRequest(test.request))
			var failure *connect.Error
			if !errors.As(err, &failure) || failure.Code() != connect.CodeInvalidArgument || !strings.Contains(failure.Message(), test.says) {
				t.Fatalf("got %v", err)
			}
		})
	}
	_, err := b.querier().LabelValues(t.Context(), connect.NewRequest(&typesv1.LabelValuesRequest{Name: strings.Repeat("x", maxRequestBytes)}))
	if connect.CodeOf(err) != connect.CodeResourceExhausted {
		t.Fatalf("a request over the limit: %v", err)
	}
}

func TestSelectWindowsStreams(t *testing.T) {
	b := newBed(t)
	for i := range 3 {
		if err := b.store.Append(t.Context(), someInterval(time.UnixMilli(baseMs+int64(i)*15_000)), nil); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := b.agent().SelectWindows(t.Context(), connect.NewRequest(&agentv1.SelectWindowsRequest{
		ProfileTypeID: cpuType, LabelSelector: `{service_name="web"}`, Start: baseMs, End: baseMs + 45_000,
	}))
	if err != nil {
		t.Fatal(err)
	}
	var starts []int64
	for stream.Receive() {
		parsed, err := profile.ParseData(stream.Msg().GetProfile())
		if err != nil {
			t.Fatal(err)
		}
		if total := parsed.Sample[0].Value[0] + parsed.Sample[1].Value[0]; total != 70_000_000 {
			t.Errorf("total %d", total)
		}
		if stream.Msg().GetEnd() != stream.Msg().GetStart()+15_000 {
			t.Errorf("ends at %d", stream.Msg().GetEnd())
		}
		starts = append(starts, stream.Msg().GetStart()-baseMs)
	}
	if err := errors.Join(stream.Err(), stream.Close()); err != nil || fmt.Sprint(starts) != "[0 15000 30000]" {
		t.Fatalf("%v %v", starts, err)
	}
}

func TestWatchStatusSendsAtOnceOnChangeAndOnWindow(t *testing.T) {
	b := newBed(t)
	stream, err := b.agent().WatchStatus(t.Context(), connect.NewRequest(&agentv1.WatchStatusRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	b.parts.mu.Lock()
	b.parts.message = "changed"
	b.parts.mu.Unlock()
	b.recorder.Deliver(someInterval(time.UnixMilli(baseMs)))
	if !stream.Receive() || stream.Msg().GetStatus().GetMessage() != "changed" {
		t.Fatalf("%v %v", stream.Msg(), stream.Err())
	}
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestServerStopsWhileSomebodyWatches(t *testing.T) {
	b := newBed(t)
	stream, err := b.agent().WatchStatus(t.Context(), connect.NewRequest(&agentv1.WatchStatusRequest{}))
	if err != nil || !stream.Receive() {
		t.Fatal(err, stream.Err())
	}
	b.stop()
	err = <-b.served
	b.served <- err
	if err != nil {
		t.Fatal(err)
	}
	for stream.Receive() {
		continue
	}
	if code := connect.CodeOf(stream.Err()); code != connect.CodeUnavailable {
		t.Errorf("the watcher saw %v", stream.Err())
	}
	if _, err := os.Stat(b.socket()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestAgentCalls(t *testing.T) {
	b := newBed(t)
	agent := b.agent()
	if _, err := agent.SetSelection(t.Context(), connect.NewRequest(&agentv1.SetSelectionRequest{ContainerIds: []string{"c"}, Pids: []uint32{4}})); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.SetPush(t.Context(), connect.NewRequest(&agentv1.SetPushRequest{
		Url: "http://p:4040", Headers: []*typesv1.LabelPair{{Name: "X", Value: "y"}}, Labels: []*typesv1.LabelPair{{Name: "env", Value: "test"}},
	})); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(b.parts.containers, b.parts.pids, b.parts.pushed); got != "[c] [4] {http://p:4040 [{X y}] [{env test}]}" {
		t.Errorf("asked for %s", got)
	}
	renewed, err := agent.RenewLease(t.Context(), connect.NewRequest(&agentv1.RenewLeaseRequest{Seconds: 30}))
	if err != nil || renewed.Msg.GetExpiresAt() != 30_000 {
		t.Errorf("renewed %v %v", renewed, err)
	}
	if _, err := agent.RenewLease(t.Context(), connect.NewRequest(&agentv1.RenewLeaseRequest{})); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("a lease of nothing: %v", err)
	}
	if _, err := agent.RenewLease(t.Context(), connect.NewRequest(&agentv1.RenewLeaseRequest{Seconds: 3600})); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("no lease: %v", err)
	}
	if _, err := agent.Stop(t.Context(), connect.NewRequest(&agentv1.StopRequest{})); err != nil {
		t.Fatal(err)
	}
	<-b.parts.exited
	if !b.parts.flushed {
		t.Error("the open window was not closed")
	}
}

func TestSocketBelongsToItsUserAndAdmitsNobodyElse(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving a socket to another user needs root")
	}
	const owner, stranger = 23_001, 23_002
	directory := t.TempDir()
	// The path must be passable for the users; the socket itself is what is guarded.
	for path := directory; path != "/" && strings.HasPrefix(path, os.TempDir()+"/"); path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o711); err != nil { //nolint:gosec // as /run/pyrometer
			t.Fatal(err)
		}
	}
	listener, err := ListenControl(directory, owner)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, SocketName(owner))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != owner || info.Mode().Perm() != 0o600 {
		t.Fatalf("uid %d mode %v", uid, info.Mode())
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	parts := &fakeParts{}
	go func() {
		served <- NewServer(Agent{Status: parts}, slog.New(slog.DiscardHandler)).Serve(ctx, []net.Listener{listener}, nil)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	if code, body := callAs(t, owner, path); code != 0 || !strings.Contains(body, "STATE_PROFILING") {
		t.Errorf("owner: exit %d %s", code, body)
	}
	if code, body := callAs(t, 0, path); code != 0 || !strings.Contains(body, "STATE_PROFILING") {
		t.Errorf("root: exit %d %s", code, body)
	}
	if code, body := callAs(t, stranger, path); code == 0 {
		t.Errorf("a stranger got %s", body)
	}
	// Even where the file's mode fails to stop him, the kernel's word on the peer does.
	if err := os.Chmod(path, 0o666); err != nil { //nolint:gosec // what is tested
		t.Fatal(err)
	}
	if code, body := callAs(t, stranger, path); code != 0 || !strings.Contains(body, "permission_denied") || !strings.Contains(body, "grant 23002") {
		t.Errorf("a stranger through an open file: exit %d %s", code, body)
	}
}

// callAs asks for the status as another user, by this test binary.
func callAs(t *testing.T, uid uint32, path string) (int, string) {
	t.Helper()
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(filepath.Dir(path), "caller")
	if err := os.WriteFile(binary, self, 0o755); err != nil { //nolint:gosec // run by other users
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), binary)
	command.Env = []string{callerVariable + "=" + path}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(output)
}

const callerVariable = "PYROMETER_TEST_CALL"

func TestMain(m *testing.M) {
	if path := os.Getenv(callerVariable); path != "" {
		os.Exit(call(path))
	}
	os.Exit(m.Run())
}

func call(path string) int {
	answer, err := over(path).Post("http://agent/agent.v1.AgentService/GetStatus", "application/json", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		return 1
	}
	return 0
}

func TestStaleSocketIsReplacedAndALiveOneIsNot(t *testing.T) {
	directory := t.TempDir()
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(directory, SocketName(os.Getuid()))})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	first, err := ListenControl(directory, os.Getuid())
	if err != nil {
		t.Fatal("a stale socket stops the agent:", err)
	}
	if _, err := ListenControl(directory, os.Getuid()); !errors.Is(err, ErrInUse) {
		t.Errorf("a second agent: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(directory)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestPushSocketOnlyTakes(t *testing.T) {
	b := newBed(t)
	client := over(filepath.Join(b.directory, PushSocketName))
	pprof := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 10_000_000,
		TimeNanos: time.Now().UnixNano(), DurationNanos: 10e9,
	}
	function := &profile.Function{ID: 1, Name: "handler"}
	location := &profile.Location{ID: 1, Line: []profile.Line{{Function: function, Line: 3}}}
	pprof.Function, pprof.Location = []*profile.Function{function}, []*profile.Location{location}
	pprof.Sample = []*profile.Sample{{Location: []*profile.Location{location}, Value: []int64{50}, Label: map[string][]string{"thread": {"t1"}}}}
	var raw strings.Builder
	if err := pprof.Write(&raw); err != nil {
		t.Fatal(err)
	}
	pusher := pushv1connect.NewPusherServiceClient(client, "http://agent")
	request := func(content string) *connect.Request[pushv1.PushRequest] {
		return connect.NewRequest(&pushv1.PushRequest{Series: []*pushv1.RawProfileSeries{{
			Labels:  []*typesv1.LabelPair{{Name: "__name__", Value: "process_cpu"}, {Name: "service_name", Value: "sdk"}},
			Samples: []*pushv1.RawSample{{RawProfile: []byte(content)}},
		}}})
	}
	if _, err := pusher.Push(t.Context(), request(raw.String())); err != nil {
		t.Fatal(err)
	}
	if _, err := pusher.Push(t.Context(), request("no pprof")); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("garbage: %v", err)
	}
	values, err := b.querier().LabelValues(t.Context(), connect.NewRequest(&typesv1.LabelValuesRequest{Name: "service_name"}))
	if err != nil || fmt.Sprint(values.Msg.GetNames()) != "[sdk]" {
		t.Errorf("%v %v", values, err)
	}
	reading := querierv1connect.NewQuerierServiceClient(client, "http://agent")
	if _, err := reading.LabelValues(t.Context(), connect.NewRequest(&typesv1.LabelValuesRequest{Name: "service_name"})); connect.CodeOf(err) != connect.CodeUnimplemented {
		t.Errorf("the push socket can be read: %v", err)
	}
	if _, err := agentv1connect.NewAgentServiceClient(client, "http://agent").Stop(t.Context(), connect.NewRequest(&agentv1.StopRequest{})); connect.CodeOf(err) != connect.CodeUnimplemented {
		t.Errorf("the push socket commands: %v", err)
	}
}

// pipes is a bridge's standard input and output as one connection.
type pipes struct {
	io.Reader
	io.WriteCloser
	net.Conn
}

func (p pipes) Read(b []byte) (int, error)  { return p.Reader.Read(b) }
func (p pipes) Write(b []byte) (int, error) { return p.WriteCloser.Write(b) }
func (p pipes) Close() error                { return p.WriteCloser.Close() }

func (pipes) LocalAddr() net.Addr              { return &net.UnixAddr{} }
func (pipes) RemoteAddr() net.Addr             { return &net.UnixAddr{} }
func (pipes) SetDeadline(time.Time) error      { return nil }
func (pipes) SetReadDeadline(time.Time) error  { return nil }
func (pipes) SetWriteDeadline(time.Time) error { return nil }

func TestBridgeCarriesManyStreamsOverOnePipe(t *testing.T) {
	b := newBed(t)
	for i := range 40 {
		if err := b.store.Append(t.Context(), someInterval(time.UnixMilli(baseMs+int64(i)*15_000)), nil); err != nil {
			t.Fatal(err)
		}
	}
	stdinReader, stdinWriter := io.Pipe()
	stdoutReader, stdoutWriter := io.Pipe()
	bridged := make(chan error, 1)
	go func() { bridged <- Bridge(t.Context(), b.socket(), stdinReader, stdoutWriter) }()
	protocols := &http.Protocols{}
	protocols.SetUnencryptedHTTP2(true)
	dialed := 0
	transport := &http.Transport{Protocols: protocols, DialContext: func(context.Context, string, string) (net.Conn, error) {
		dialed++
		return pipes{Reader: stdoutReader, WriteCloser: stdinWriter}, nil
	}}
	client := &http.Client{Transport: transport}
	agent := agentv1connect.NewAgentServiceClient(client, "http://agent")
	watching, err := agent.WatchStatus(t.Context(), connect.NewRequest(&agentv1.WatchStatusRequest{}))
	if err != nil || !watching.Receive() {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for i := range 20 {
		calls.Go(func() {
			stream, err := agent.SelectWindows(t.Context(), connect.NewRequest(&agentv1.SelectWindowsRequest{
				ProfileTypeID: cpuType, LabelSelector: "{}", Start: baseMs, End: baseMs + 40*15_000,
			}))
			if err != nil {
				t.Error(i, err)
				return
			}
			windows := 0
			for stream.Receive() {
				windows++
			}
			if err := errors.Join(stream.Err(), stream.Close()); err != nil || windows != 40 {
				t.Errorf("call %d: %d windows, %v", i, windows, err)
			}
		})
	}
	calls.Wait()
	if dialed != 1 {
		t.Errorf("%d connections", dialed)
	}
	if err := watching.Close(); err != nil {
		t.Error(err)
	}
	transport.CloseIdleConnections()
	if err := stdinWriter.Close(); err != nil {
		t.Error(err)
	}
	if err := <-bridged; err != nil {
		t.Errorf("the bridge ended with %v", err)
	}
}

func TestBridgeSaysWhenNoAgentRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), SocketName(os.Getuid()))
	err := Bridge(t.Context(), path, strings.NewReader(""), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no agent runs behind") {
		t.Fatal(err)
	}
}

func TestSocketNameHoldsTheUID(t *testing.T) {
	if got := SocketName(1000); got != "control-"+strconv.Itoa(1000)+".sock" {
		t.Error(got)
	}
}
