package privilege

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"github.com/elastic/go-perf"
	"golang.org/x/sys/unix"
)

// RefusalCode says why the agent cannot run, for a program.
type RefusalCode string

// Codes of refusals.
const (
	RefusalNotLinux     RefusalCode = "not_linux"
	RefusalKernelTooOld RefusalCode = "kernel_too_old"
	RefusalLockdown     RefusalCode = "lockdown"
	RefusalCapabilities RefusalCode = "no_capabilities"
	RefusalBPF          RefusalCode = "no_bpf"
	RefusalBTF          RefusalCode = "no_btf"
	RefusalMemlock      RefusalCode = "memlock"
	RefusalTracefs      RefusalCode = "no_tracefs"
	RefusalPerfEvents   RefusalCode = "no_perf_events"
	RefusalDisk         RefusalCode = "no_disk_space"
	RefusalPIDNamespace RefusalCode = "pid_namespace"
)

// Refusal is one reason why the agent cannot run here. It is an error whose text is one sentence for people: what is
// wrong and what to do.
type Refusal struct {
	Code    RefusalCode `json:"code"`
	Message string      `json:"message"`
}

// Error returns the sentence.
func (r *Refusal) Error() string { return r.Message }

// Report is what Preflight found.
type Report struct {
	// Kernel is uname -r.
	Kernel string `json:"kernel"`
	// Architecture is GOARCH's name.
	Architecture string `json:"architecture"`
	UID          int    `json:"uid"`
	// MissingCapabilities are those of Kept that the caller does not have.
	MissingCapabilities []string `json:"missing_capabilities"`
	BPF                 bool     `json:"bpf"`
	BTF                 bool     `json:"btf"`
	// Lockdown is "none", "integrity", "confidentiality", or "" where the kernel does not say.
	Lockdown      string `json:"lockdown"`
	DiskFreeBytes uint64 `json:"disk_free_bytes"`
	// Refusals is empty when the agent can run.
	Refusals []*Refusal `json:"refusals"`
}

const (
	btfPath      = "/sys/kernel/btf/vmlinux"
	lockdownPath = "/sys/kernel/security/lockdown"
	// minimalDiskBytes is less than what a day of windows takes, and enough not to be what fills the disk.
	minimalDiskBytes = 64 << 20
)

// Preflight looks whether the agent can run, without changing anything. storeDirectory need not exist yet.
func Preflight(storeDirectory string) Report {
	report := Report{Kernel: kernelRelease(), Architecture: runtime.GOARCH, UID: os.Getuid(), MissingCapabilities: []string{}, Refusals: []*Refusal{}}
	refuse := func(code RefusalCode, format string, arguments ...any) {
		report.Refusals = append(report.Refusals, &Refusal{Code: code, Message: fmt.Sprintf(format, arguments...)})
	}
	if refusal := probePIDNamespace("/proc/self/ns/pid"); refusal != nil {
		report.Refusals = append(report.Refusals, refusal)
	}
	report.Lockdown = lockdown()
	if report.Lockdown == "confidentiality" {
		refuse(RefusalLockdown, "The kernel is locked down (confidentiality), which forbids BPF programs to read memory: "+
			"boot with lockdown=integrity, or with Secure Boot off.")
	}
	for _, capability := range missingCapabilities() {
		report.MissingCapabilities = append(report.MissingCapabilities, capability.Name())
	}
	if len(report.MissingCapabilities) > 0 {
		refuse(RefusalCapabilities, "The agent lacks %s: start it as root (sudo).", strings.Join(report.MissingCapabilities, ", "))
	}
	_, err := os.Stat(btfPath)
	report.BTF = err == nil
	if !report.BTF {
		refuse(RefusalBTF, "The kernel does not describe its types (there is no %s): "+
			"use a kernel built with CONFIG_DEBUG_INFO_BTF, as the distributions' kernels since 2020 are.", btfPath)
	}
	// Without capabilities these would only say so again.
	if len(report.MissingCapabilities) == 0 {
		refusal := probeBPF()
		report.BPF = refusal == nil
		for _, found := range []*Refusal{refusal, probePerfEvents(), probeTracefs()} {
			if found != nil {
				report.Refusals = append(report.Refusals, found)
			}
		}
	}
	report.DiskFreeBytes = diskFree(storeDirectory)
	if report.DiskFreeBytes < minimalDiskBytes {
		refuse(RefusalDisk, "The disk of %s has %d MB left: free some space, or choose another directory with --store.",
			storeDirectory, report.DiskFreeBytes>>20)
	}
	return report
}

func kernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}

// initialPIDNamespace is PROC_PID_INIT_INO of include/linux/proc_ns.h, the same number since Linux 3.8.
const initialPIDNamespace = "pid:[4026531836]"

// probePIDNamespace looks whether pids mean the same here and in the kernel: BPF programs see the pids of the initial
// namespace, and the unwinder waits in vain for its own in another ("system analysis request was not handled").
func probePIDNamespace(link string) *Refusal {
	namespace, err := os.Readlink(link)
	// Where /proc does not say, what the unwinder says must do.
	if err != nil || namespace == initialPIDNamespace {
		return nil
	}
	return &Refusal{RefusalPIDNamespace, "The agent is in a PID namespace of its own, as in a container or in WSL2, where eBPF sees " +
		"other process numbers than it does: start it on the host itself, or in a container with --pid=host."}
}

// lockdown reads a list with the choice in brackets: "none [integrity] confidentiality".
func lockdown() string {
	content, err := os.ReadFile(lockdownPath)
	if err != nil {
		return ""
	}
	_, chosen, _ := strings.Cut(string(content), "[")
	chosen, _, _ = strings.Cut(chosen, "]")
	return chosen
}

// missingCapabilities are those of Kept without which nothing works; CAP_SYS_ADMIN stands for the newer ones.
func missingCapabilities() []Capability {
	effective, err := Effective()
	if err != nil {
		return Kept
	}
	var missing []Capability
	for _, capability := range Kept {
		replaceable := capability == unix.CAP_BPF || capability == unix.CAP_PERFMON ||
			capability == unix.CAP_CHECKPOINT_RESTORE || capability == unix.CAP_SYSLOG
		if effective.Has(capability) || replaceable && effective.Has(unix.CAP_SYS_ADMIN) {
			continue
		}
		missing = append(missing, capability)
	}
	return missing
}

// probeBPF tries what the unwinder and the sampler need, by loading tiny programs and maps.
func probeBPF() *Refusal {
	needs := []struct {
		what  string
		since string
		probe func() error
	}{
		{"BPF programs on perf events", "4.9", func() error { return features.HaveProgramType(ebpf.PerfEvent) }},
		{"BPF prefix tries", "4.11", func() error { return features.HaveMapType(ebpf.LPMTrie) }},
		{"BPF ring buffers", "5.8", func() error { return features.HaveMapType(ebpf.RingBuf) }},
		{"bpf_ringbuf_output", "5.8", func() error { return features.HaveProgramHelper(ebpf.PerfEvent, asm.FnRingbufOutput) }},
	}
	for _, need := range needs {
		err := need.probe()
		switch {
		case err == nil:
		case errors.Is(err, ebpf.ErrNotSupported):
			return &Refusal{RefusalKernelTooOld, fmt.Sprintf("The kernel %s has no %s: use Linux %s or newer.",
				kernelRelease(), need.what, need.since)}
		case errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES):
			return &Refusal{RefusalBPF, fmt.Sprintf("The kernel refuses BPF (%v): a security module or the container forbids it, "+
				"so start the agent as root on the host itself.", err)}
		case errors.Is(err, unix.ENOSYS):
			return &Refusal{RefusalBPF, "The kernel is built without BPF: use one with CONFIG_BPF_SYSCALL."}
		default:
			return &Refusal{RefusalBPF, fmt.Sprintf("The kernel cannot load a BPF program: %v.", err)}
		}
	}
	return nil
}

// probePerfEvents opens the clock that drives the sampler.
func probePerfEvents() *Refusal {
	attributes := new(perf.Attr)
	attributes.SetSampleFreq(1)
	if err := perf.CPUClock.Configure(attributes); err != nil {
		return &Refusal{RefusalPerfEvents, fmt.Sprintf("The clock of a CPU cannot be used: %v.", err)}
	}
	event, err := perf.Open(attributes, perf.AllThreads, firstCPU(), nil)
	if err != nil {
		return &Refusal{RefusalPerfEvents, fmt.Sprintf("The kernel refuses perf events (%v): a security module or the container "+
			"forbids them, so start the agent as root on the host itself.", err)}
	}
	if err := event.Close(); err != nil {
		return &Refusal{RefusalPerfEvents, fmt.Sprintf("The clock of a CPU cannot be used: %v.", err)}
	}
	return nil
}

// firstCPU is one that runs: the one that this thread is on.
func firstCPU() int {
	var cpus unix.CPUSet
	if err := unix.SchedGetaffinity(0, &cpus); err != nil {
		return 0
	}
	for cpu := range len(cpus) * 64 {
		if cpus.IsSet(cpu) {
			return cpu
		}
	}
	return 0
}

func probeTracefs() *Refusal {
	if tracefsMounted() {
		return nil
	}
	effective, err := Effective()
	if err == nil && effective.Has(unix.CAP_SYS_ADMIN) {
		return nil // it will be mounted
	}
	return &Refusal{RefusalTracefs, "Tracepoints cannot be reached, because tracefs is not mounted: " +
		"run `mount -t tracefs tracefs /sys/kernel/tracing` as root."}
}

// diskFree is what an ordinary user may still write below a directory, or below where it would be made.
func diskFree(directory string) uint64 {
	for {
		var statistics unix.Statfs_t
		err := unix.Statfs(directory, &statistics)
		if err == nil {
			return statistics.Bavail * uint64(statistics.Bsize)
		}
		parent := filepath.Dir(directory)
		if !errors.Is(err, unix.ENOENT) || parent == directory {
			return 0
		}
		directory = parent
	}
}
