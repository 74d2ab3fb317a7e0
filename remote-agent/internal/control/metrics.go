package control

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	agentv1 "pyrometer.dev/remote-agent/internal/gen/agent/v1"
	"pyrometer.dev/remote-agent/internal/store"
)

// metricsHandler tells the status, and what each service uses, in Prometheus' text format.
type metricsHandler struct {
	status StatusSource
	// store may be nil: then nothing is told of services.
	store *store.Store
}

func (h *metricsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	var services []store.Service
	if h.store != nil {
		// A store that cannot be read costs these families, not the others: the status tells of it.
		services, _ = h.store.Services(r.Context(), store.Range{})
	}
	if _, err := io.WriteString(w, metricsOf(h.status.Status(r.Context()), services)); err != nil {
		return // whoever asked has gone
	}
}

// family is a metric with its samples: "" or `{url="..."}`, and a value.
type family struct {
	name, kind, help string
	samples          []metricSample
}

type metricSample struct {
	labels string
	value  float64
}

// gaugeCounters are counters of the status that can fall.
var gaugeCounters = map[string]bool{"symbol.tables.count": true, "symbol.tables.bytes": true}

func metricsOf(status *agentv1.Status, services []store.Service) string {
	one := func(name, kind, help string, value float64) family {
		return family{name, kind, help, []metricSample{{"", value}}}
	}
	truth := func(yes bool) float64 {
		if yes {
			return 1
		}
		return 0
	}
	families := []family{
		{"pyrometer_agent_info", "gauge", "The agent that answers.", []metricSample{{metricLabels(
			"version", status.GetVersion(), "hostname", status.GetHostname(), "kernel", status.GetKernel()), 1}}},
		one("pyrometer_profiling", "gauge", "Whether it samples.", truth(status.GetState() == agentv1.State_STATE_PROFILING)),
		one("pyrometer_sample_rate_hertz", "gauge", "Samples a second of each CPU.", float64(status.GetSampleRateHz())),
		one("pyrometer_window_seconds", "gauge", "Length of a window.", float64(status.GetWindowSeconds())),
		one("pyrometer_last_window_end_seconds", "gauge", "Unix time of the end of the last stored window.", float64(status.GetLastWindowEnd())/1000),
		one("pyrometer_process_cpu_cores", "gauge", "CPU time of the agent's process over the last window.", status.GetOverhead().GetProcessCpuCores()),
		one("pyrometer_resident_bytes", "gauge", "Resident memory of the agent's process.", float64(status.GetOverhead().GetResidentBytes())),
		one("pyrometer_network_bytes_per_second", "gauge", "Sent and received by the agent over the last window.", status.GetOverhead().GetNetworkBytesPerSecond()),
		one("pyrometer_store_bytes", "gauge", "Size of the store on disk.", float64(status.GetStoreBytes())),
		one("pyrometer_docker_reachable", "gauge", "Whether Docker's socket answers.", truth(status.GetDocker().GetReachable())),
	}
	if cores := status.GetOverhead().GetBpfCpuCores(); cores >= 0 {
		families = append(families, one("pyrometer_bpf_cpu_cores", "gauge", "CPU time of the agent's BPF programs over the last window.", cores))
	}
	for _, counter := range status.GetCounters() {
		name := "pyrometer_" + metricName(counter.GetName())
		if gaugeCounters[counter.GetName()] {
			families = append(families, one(name, "gauge", "See the agent's README.", float64(counter.GetValue())))
		} else {
			families = append(families, one(name+"_total", "counter", "See the agent's README.", float64(counter.GetValue())))
		}
	}
	families = append(families, serviceFamilies(services)...)
	families = append(families, pushFamilies(status.GetPushes())...)
	slices.SortFunc(families, func(a, b family) int { return cmp.Compare(a.name, b.name) })
	var text strings.Builder
	for _, f := range families {
		fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
		for _, sample := range f.samples {
			fmt.Fprintf(&text, "%s%s %v\n", f.name, sample.labels, sample.value)
		}
	}
	return text.String()
}

// serviceFamilies add up the series of each service that were sampled here; what others pushed under its name is not its use.
func serviceFamilies(services []store.Service) []family {
	cores := map[string]float64{}
	for _, service := range services {
		labels := map[string]string{}
		for _, label := range service.Labels {
			labels[label.Name] = label.Value
		}
		if name := labels["service_name"]; name != "" && labels[store.OriginLabel] == "" {
			cores[name] += service.Cores
		}
	}
	if len(cores) == 0 {
		return nil
	}
	used := family{name: "pyrometer_service_cpu_cores", kind: "gauge", help: "CPU time of a service over the last window."}
	for _, name := range slices.Sorted(maps.Keys(cores)) {
		used.samples = append(used.samples, metricSample{metricLabels("service_name", name), cores[name]})
	}
	return []family{used}
}

func pushFamilies(pushes []*agentv1.PushStatus) []family {
	if len(pushes) == 0 {
		return nil
	}
	families := []family{
		{name: "pyrometer_push_windows_total", kind: "counter", help: "Windows that a server took."},
		{name: "pyrometer_push_windows_too_old_total", kind: "counter", help: "Windows that waited for longer than a server takes them."},
		{name: "pyrometer_push_windows_refused_total", kind: "counter", help: "Windows that a server refused for good."},
		{name: "pyrometer_push_windows_waiting", kind: "gauge", help: "Windows that are still to be sent."},
		{name: "pyrometer_push_series", kind: "gauge", help: "Distinct series of the last hour."},
		{name: "pyrometer_push_failing", kind: "gauge", help: "Whether the last attempt failed."},
	}
	for _, push := range pushes {
		labels := metricLabels("url", push.GetUrl(), "tenant", push.GetTenant())
		failing := 0.0
		if push.GetError() != "" {
			failing = 1
		}
		for i, value := range []float64{
			float64(push.GetWindowsPushed()), float64(push.GetWindowsTooOld()), float64(push.GetWindowsRefused()),
			float64(push.GetWindowsWaiting()), float64(push.GetSeries()), failing,
		} {
			families[i].samples = append(families[i].samples, metricSample{labels, value})
		}
	}
	return families
}

// metricName makes a name of Prometheus: letters, digits and underscores.
func metricName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
}

func metricLabels(pairs ...string) string {
	var made []string
	for i := 0; i < len(pairs); i += 2 {
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(pairs[i+1], "\uFFFD"))
		made = append(made, pairs[i]+`="`+value+`"`)
	}
	return "{" + strings.Join(made, ",") + "}"
}
