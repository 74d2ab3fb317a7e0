package control

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/store"
	"pyrometer.dev/remote-agent/internal/target"
)

type fixedStatus struct{ status *agentv1.Status }

func (f fixedStatus) Status(context.Context) *agentv1.Status { return f.status }

func serveMetrics(t *testing.T, listener net.Listener, status *agentv1.Status) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		served <- NewServer(Agent{Status: fixedStatus{status}}, slog.New(slog.DiscardHandler)).Serve(ctx, Listeners{Metrics: []net.Listener{listener}})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func TestMetricsTellTheStatus(t *testing.T) {
	listener, err := ListenMetrics("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	status := &agentv1.Status{
		State: agentv1.State_STATE_PROFILING, Version: "0.1.0+x", Hostname: "a\"b\n", SampleRateHz: 97, LastWindowEnd: 1_700_000_000_500,
		Overhead: &agentv1.Overhead{ProcessCpuCores: 0.01, BpfCpuCores: -1, ResidentBytes: 64 << 20},
		Counters: []*agentv1.Counter{
			{Name: "samples.lost.new_process", Value: 7}, {Name: "symbol.files.refused.not-elf", Value: 2}, {Name: "symbol.tables.bytes", Value: 5},
		},
		Pushes: []*agentv1.PushStatus{{Url: "http://p", WindowsTooOld: 3}, {Url: "http://p", Tenant: "t", WindowsPushed: 9, Error: "down"}},
	}
	serveMetrics(t, listener, status)
	address := "http://" + listener.Addr().String()
	answer, err := http.Get(address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.Body.Close() != nil || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%v %v", err, answer.Header)
	}
	text := string(content)
	for _, line := range []string{
		`pyrometer_agent_info{version="0.1.0+x",hostname="a\"b\n",kernel=""} 1`,
		"pyrometer_profiling 1", "pyrometer_sample_rate_hertz 97", "pyrometer_last_window_end_seconds 1.7000000005e+09",
		"pyrometer_process_cpu_cores 0.01", "# TYPE pyrometer_samples_lost_new_process_total counter",
		"pyrometer_samples_lost_new_process_total 7", "pyrometer_symbol_files_refused_not_elf_total 2",
		"# TYPE pyrometer_symbol_tables_bytes gauge", "pyrometer_symbol_tables_bytes 5",
		`pyrometer_push_windows_too_old_total{url="http://p",tenant=""} 3`, `pyrometer_push_failing{url="http://p",tenant="t"} 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("lacks %q", line)
		}
	}
	if strings.Contains(text, "bpf_cpu") {
		t.Error("what cannot be measured is told")
	}
	form := regexp.MustCompile(`^(# (HELP|TYPE) pyrometer_[a-z0-9_]+ .+|pyrometer_[a-z0-9_]+(\{[^\n]*\})? [0-9.e+-]+)$`)
	for line := range strings.Lines(text) {
		if !form.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("no line of the format: %q", line)
		}
	}
	if strings.Count(text, "# TYPE pyrometer_push_windows_total ") != 1 {
		t.Error("a family is there twice")
	}
	for _, path := range []string{"/", "/agent.v1.AgentService/GetStatus", "/ingest"} {
		answer, err := http.Post(address+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close() != nil || answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
	if other, err := ListenMetrics("0.0.0.0:0"); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("%v %v", other, err)
	}
}

func TestMetricsTellTheCoresOfEachService(t *testing.T) {
	series := func(cores float64, labels ...target.Label) store.Service {
		return store.Service{Labels: labels, Cores: cores}
	}
	service := func(name string) target.Label { return target.Label{Name: "service_name", Value: name} }
	text := metricsOf(&agentv1.Status{}, []store.Service{
		series(0.5, service("web"), target.Label{Name: "host", Value: "a"}), series(0.25, service("web")), series(1, service(`a"b`)), series(3),
		series(7, service("web"), target.Label{Name: store.OriginLabel, Value: "push"}),
	})
	for _, line := range []string{`pyrometer_service_cpu_cores{service_name="a\"b"} 1`, `pyrometer_service_cpu_cores{service_name="web"} 0.75`} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("lacks %q in %s", line, text)
		}
	}
	if none := metricsOf(&agentv1.Status{}, nil); strings.Contains(none, "service_cpu") {
		t.Error("a family without a sample is told")
	}
}
