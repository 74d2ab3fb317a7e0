package privilege

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFactsOfAMachine(t *testing.T) {
	root := t.TempDir() + "/"
	for _, path := range []string{
		"sys/fs/cgroup/cgroup.controllers", "run/systemd/system/x", "proc/sys/kernel/perf_event_paranoid",
	} {
		if err := os.MkdirAll(filepath.Dir(root+path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+path, []byte("2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	facts := factsBelow(root, Report{
		Kernel: "5.15.90.1-microsoft-standard-WSL2", Architecture: "amd64", BTF: true, MissingCapabilities: []string{"CAP_BPF"},
		DiskFreeBytes: 3 << 30, Refusals: []*Refusal{
			{RefusalCapabilities, "The agent lacks CAP_BPF: start it as root (sudo)."},
			{RefusalPIDNamespace, "The agent is in a PID namespace of its own."},
		},
	})
	found := make(map[string]Fact)
	for _, fact := range facts {
		found[fact.Name] = fact
		if fact.State == FactRefused && fact.Message == "" || fact.Value == "" {
			t.Errorf("%+v says too little", fact)
		}
	}
	for name, want := range map[string]Fact{
		"kernel":        {Value: "5.15.90.1-microsoft-standard-WSL2", State: FactFine},
		"wsl2":          {Value: "yes", State: FactNote},
		"pid namespace": {Value: "not told", State: FactRefused},
		"capabilities":  {Value: "without CAP_BPF", State: FactRefused},
		"btf":           {Value: "yes", State: FactFine},
		"bpf":           {Value: "no", State: FactFine},
		"perf events":   {Value: "perf_event_paranoid 2", State: FactFine},
		"lockdown":      {Value: "not told", State: FactFine},
		"disk":          {Value: "3072 MB free", State: FactFine},
		"cgroups":       {Value: "v2", State: FactFine},
		"systemd":       {Value: "yes", State: FactFine},
		"podman":        {Value: "no", State: FactFine},
	} {
		if got := found[name]; got.Value != want.Value || got.State != want.State {
			t.Errorf("%s = %+v, want %+v", name, got, want)
		}
	}
}

func TestEveryRefusalIsAFact(t *testing.T) {
	for _, code := range []RefusalCode{
		RefusalNotLinux, RefusalKernelTooOld, RefusalLockdown, RefusalCapabilities, RefusalBPF, RefusalBTF, RefusalMemlock,
		RefusalTracefs, RefusalPerfEvents, RefusalDisk, RefusalPIDNamespace,
	} {
		told := false
		for _, fact := range factsBelow(t.TempDir()+"/", Report{Refusals: []*Refusal{{code, "Because of " + string(code) + "."}}}) {
			told = told || fact.State == FactRefused && strings.Contains(fact.Message, string(code))
		}
		if !told {
			t.Errorf("%s is refused and no fact says so", code)
		}
	}
}
