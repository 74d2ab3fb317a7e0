package privilege

import (
	"fmt"
	"os"
	"strings"
)

// FactState says what a fact means for the agent.
type FactState string

// States of facts.
const (
	FactFine FactState = "fine"
	// FactNote is worth knowing and forbids nothing.
	FactNote    FactState = "note"
	FactRefused FactState = "refused"
)

// Fact is one thing that was looked at.
type Fact struct {
	Name string `json:"name"`
	// Value is what was found, "" where there is nothing to tell beside the state.
	Value string    `json:"value"`
	State FactState `json:"state"`
	// Message says in one sentence why it is refused and what to do, or what a note means; "" else.
	Message string `json:"message"`
}

// Facts are what Preflight found, one by one, with what else matters for what will be seen.
func Facts(report Report) []Fact { return factsBelow("/", report) }

// factsBelow reads below a root, which is / but in tests.
func factsBelow(root string, report Report) []Fact {
	refused := make(map[RefusalCode]string)
	for _, refusal := range report.Refusals {
		refused[refusal.Code] = refusal.Message
	}
	fact := func(name, value string, codes ...RefusalCode) Fact {
		for _, code := range codes {
			if message, ok := refused[code]; ok {
				return Fact{name, value, FactRefused, message}
			}
		}
		return Fact{Name: name, Value: value, State: FactFine}
	}
	lockdown := report.Lockdown
	if lockdown == "" {
		lockdown = "not told"
	}
	facts := []Fact{
		fact("kernel", report.Kernel, RefusalKernelTooOld),
		fact("architecture", report.Architecture, RefusalNotLinux),
		wsl(report.Kernel),
		fact("pid namespace", baseOf(root, "proc/self/ns/pid"), RefusalPIDNamespace),
		fact("lockdown", lockdown, RefusalLockdown),
		fact("capabilities", capabilitiesInWords(report), RefusalCapabilities),
		fact("btf", yesNo(report.BTF), RefusalBTF),
		fact("bpf", yesNo(report.BPF), RefusalBPF, RefusalMemlock),
		fact("perf events", "perf_event_paranoid "+read(root, "proc/sys/kernel/perf_event_paranoid"), RefusalPerfEvents),
		fact("tracefs", yesNo(tracefsMounted()), RefusalTracefs),
		fact("disk", fmt.Sprintf("%d MB free", report.DiskFreeBytes>>20), RefusalDisk),
		{Name: "cgroups", Value: cgroupVersion(root), State: FactFine},
	}
	if facts[9].State == FactFine && !tracefsMounted() {
		facts[9].State, facts[9].Message = FactNote, "It is mounted on /sys/kernel/tracing when the agent starts."
	}
	for _, engine := range []struct{ name, path string }{
		{"containerd", "run/containerd/io.containerd.runtime.v2.task"},
		{"podman", "var/lib/containers/storage/overlay-containers"},
		{"systemd", "run/systemd/system"},
	} {
		_, err := os.Stat(root + engine.path)
		facts = append(facts, Fact{Name: engine.name, Value: yesNo(err == nil), State: FactFine})
	}
	return facts
}

// wsl notes a Linux in Windows: its distributions live in PID namespaces of their own.
func wsl(kernel string) Fact {
	found := Fact{Name: "wsl2", Value: "no", State: FactFine}
	if strings.Contains(strings.ToLower(kernel), "microsoft") {
		found.Value, found.State = "yes", FactNote
		found.Message = "Only what runs in WSL2's virtual machine is seen, and nothing of Windows."
	}
	return found
}

func capabilitiesInWords(report Report) string {
	if len(report.MissingCapabilities) == 0 {
		return "all that are needed"
	}
	return "without " + strings.Join(report.MissingCapabilities, ", ")
}

func cgroupVersion(root string) string {
	if _, err := os.Stat(root + "sys/fs/cgroup/cgroup.controllers"); err == nil {
		return "v2"
	}
	if _, err := os.Stat(root + "sys/fs/cgroup/unified/cgroup.controllers"); err == nil {
		return "v1 with v2 beside it"
	}
	if _, err := os.Stat(root + "sys/fs/cgroup"); err == nil {
		return "v1"
	}
	return "none"
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func read(root, path string) string {
	content, err := os.ReadFile(root + path)
	if err != nil {
		return "not told"
	}
	return strings.TrimSpace(string(content))
}

func baseOf(root, path string) string {
	value, err := os.Readlink(root + path)
	if err != nil {
		return "not told"
	}
	return value
}
