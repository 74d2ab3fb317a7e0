package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/proto"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/gen/agent/v1/agentv1connect"
	querierv1 "pyrometer.dev/remote-agent/internal/gen/querier/v1"
	"pyrometer.dev/remote-agent/internal/gen/querier/v1/querierv1connect"
	typesv1 "pyrometer.dev/remote-agent/internal/gen/types/v1"
)

const (
	end     = "2026-11-22T12:00:07Z"
	endMs   = 1_795_348_800_000 // the window boundary before it
	startMs = endMs - 30*60_000
	cpuType = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
)

// serve runs the command until the test ends and returns a client of its socket.
func serve(t *testing.T, arguments ...string) *http.Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	stdout, stdoutWriter := io.Pipe()
	var stderr bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, append([]string{"--socket", socket}, arguments...), stdoutWriter, &stderr)
		_ = stdoutWriter.Close()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "serving "+socket+"\n" {
		t.Fatalf("%q %v: %s", line, err, stderr.String())
	}
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("exit code %d: %s", code, stderr.String())
		}
	})
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
}

func selectProfile(t *testing.T, client *http.Client, selector string, start, end int64) *profile.Profile {
	t.Helper()
	q := querierv1connect.NewQuerierServiceClient(client, "http://agent")
	answer, err := q.SelectMergeProfile(t.Context(), connect.NewRequest(&querierv1.SelectMergeProfileRequest{
		ProfileTypeID: cpuType, LabelSelector: selector, Start: start, End: end,
	}))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := proto.Marshal(answer.Msg)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func total(p *profile.Profile, function string) int64 {
	var sum int64
	for _, sample := range p.Sample {
		if slices.ContainsFunc(sample.Location, func(l *profile.Location) bool {
			return l.Line[0].Function.Name == function
		}) {
			sum += sample.Value[0]
		}
	}
	return sum
}

func TestMadeUpStoreIsServed(t *testing.T) {
	client := serve(t, "--store", filepath.Join(t.TempDir(), "store"), "--synthesize", "--end", end)
	agent := agentv1connect.NewAgentServiceClient(client, "http://agent")
	status, err := agent.GetStatus(t.Context(), connect.NewRequest(&agentv1.GetStatusRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	if s := status.Msg.GetStatus(); s.GetState() != agentv1.State_STATE_PROFILING || s.GetLastWindowEnd() != endMs || s.GetStartedAt() != startMs {
		t.Errorf("%v", s)
	}
	listed, err := agent.ListServices(t.Context(), connect.NewRequest(&agentv1.ListServicesRequest{Start: startMs, End: endMs}))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, service := range listed.Msg.GetServices() {
		for _, label := range service.GetLabels() {
			if label.GetName() == "service_name" {
				names = append(names, label.GetValue())
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names) // revel_web is deployed halfway
	if strings.Join(names, " ") != "postgres revel_beat revel_celery_default revel_web" {
		t.Errorf("%v", names)
	}
	middle := int64(endMs - 15*60_000)
	before := selectProfile(t, client, `{service_name="revel_web"}`, startMs, middle)
	after := selectProfile(t, client, `{service_name="revel_web"}`, middle, endMs)
	if a, b := total(before, "customer_name"), total(after, "customer_name"); b < 5*a || a == 0 {
		t.Errorf("the change halfway does not show: %d then %d", a, b)
	}
	for _, name := range []string{"order_list", "PKCS5_PBKDF2_HMAC", "libcrypto.so.3+0x1a52c0", "tcp_sendmsg"} {
		if total(after, name) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	_, err = agent.SetSelection(t.Context(), connect.NewRequest(&agentv1.SetSelectionRequest{}))
	if connect.CodeOf(err) != connect.CodeUnimplemented || !strings.Contains(err.Error(), "played back") {
		t.Errorf("stopping a recording: %v", err)
	}
}

func TestEqualSeedsMakeEqualStores(t *testing.T) {
	var answers [2]string
	for i := range answers {
		directory := filepath.Join(t.TempDir(), "store")
		for range 2 { // the second time there is something, and nothing is added
			if code := run(t.Context(), []string{"--store", directory, "--synthesize", "--end", end, "--minutes", "3", "--seed", "7"}, io.Discard, io.Discard); code != 0 {
				t.Fatal(code)
			}
		}
		answers[i] = selectProfile(t, serve(t, "--store", directory), "{}", startMs, endMs).String()
	}
	if answers[0] != answers[1] || !strings.Contains(answers[0], "order_list") {
		t.Error("they differ")
	}
}

func TestServingChangesNothing(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "store")
	if code := run(t.Context(), []string{"--store", directory, "--synthesize", "--minutes", "1"}, io.Discard, io.Discard); code != 0 {
		t.Fatal(code)
	}
	path := filepath.Join(directory, "profiles.db")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("serve", func(t *testing.T) {
		q := querierv1connect.NewQuerierServiceClient(serve(t, "--store", directory), "http://agent")
		if _, err := q.LabelNames(t.Context(), connect.NewRequest(&typesv1.LabelNamesRequest{})); err != nil {
			t.Error(err)
		}
	})
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the store was written to: %v", err)
	}
}

func TestBadArguments(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		says      string
	}{
		"no store":    {nil, "--store DIR is required"},
		"bad end":     {[]string{"--store", "x", "--synthesize", "--end", "noon"}, "--end"},
		"bad minutes": {[]string{"--store", "x", "--minutes", "0"}, "--minutes"},
		"bad uid":     {[]string{"--store", "x", "--uid", "-1"}, "--uid"},
		"push alone":  {[]string{"--store", "x", "--push-socket", "y"}, "needs --live"},
		"no such":     {[]string{"--store", filepath.Join(t.TempDir(), "none"), "--socket", "y"}, "open store"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := run(t.Context(), test.arguments, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("%d: %s", code, stderr.String())
			}
		})
	}
}

func TestGeneratorKeepsToItsLoad(t *testing.T) {
	g := newGenerator(3)
	for _, mean := range []float64{0, 0.5, 5, 29, 31, 400} {
		var sum float64
		const draws = 4_000
		for range draws {
			sum += float64(g.poisson(mean))
		}
		if got := sum / draws; got < mean*0.93 || got > mean*1.07 {
			t.Errorf("mean %v gave %v", mean, got)
		}
	}
}
