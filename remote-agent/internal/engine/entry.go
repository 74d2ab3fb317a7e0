package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"go.opentelemetry.io/ebpf-profiler/metrics"
	"go.opentelemetry.io/ebpf-profiler/reporter/samples"
	"go.opentelemetry.io/ebpf-profiler/support"
	"go.opentelemetry.io/ebpf-profiler/times"
	"go.opentelemetry.io/ebpf-profiler/tracer"

	"pyrometer.dev/remote-agent/internal/probe"
)

// Names inside the module's object file.
const (
	entryProgram        = "native_tracer_entry"
	entryOriginVariable = "origin_id_sampling"
	entryVariables      = ".rodata.var"
	processesMap        = "pid_page_to_mapping_info"
	metricsMap          = "metrics"
)

// entry puts our sampler in front of the unwinder: it loads a second copy of the module's entry program, whose samples
// carry an origin of their own, and gives it to the sampler to tail-call.
type entry struct {
	rateHz  uint64
	window  time.Duration
	sampler *probe.Sampler
	program *ebpf.Program
	// unwinderMetrics is the module's per-CPU counter map, of which loss is read without the delay of its own reports.
	unwinderMetrics *ebpf.Map
	jitMaps         *jitMaps
}

var _ tracer.Probe = (*entry)(nil)

// Load is called by tracer.Enable. The link it returns is nil: the engine owns the sampler and closes it.
func (e *entry) Load(_ context.Context, registrar tracer.ProbeRegistrar, module *tracer.ProbeContext) (link.Link, error) {
	origin, err := registrar.Register(&samples.TypeMetadata{
		SampleType: "samples", SampleUnit: "count", PeriodType: "cpu", PeriodUnit: "nanoseconds",
	})
	if err != nil {
		return nil, fmt.Errorf("register sample origin: %w", err)
	}
	spec, err := module.CollectionSpecWith(nil, []string{entryProgram, unwinderProgram}, []string{entryOriginVariable})
	if err != nil {
		return nil, fmt.Errorf("read unwinder entry: %w", err)
	}
	if err := spec.Variables[entryOriginVariable].Set(origin); err != nil {
		return nil, fmt.Errorf("set sample origin: %w", err)
	}
	variables, err := newVariablesMap(spec)
	if err != nil {
		return nil, err
	}
	// The loaded program keeps the map alive in the kernel.
	defer variables.Close()
	program := spec.Programs[entryProgram]
	processes, counters := mapReference(program, processesMap), mapReference(program, metricsMap)
	if processes < 0 || counters < 0 {
		return nil, fmt.Errorf("unwinder entry does not use its maps %s and %s", processesMap, metricsMap)
	}
	unwinder := spec.Programs[unwinderProgram]
	jit := map[string]int{}
	for _, name := range []string{deltaPagesMap, smallestDeltaMap, unwindInfoMap} {
		if jit[name] = mapReference(unwinder, name); jit[name] < 0 {
			return nil, fmt.Errorf("the unwinder does not use its map %s", name)
		}
	}
	if err := module.RewriteMaps(spec, map[string]*ebpf.Map{entryVariables: variables}); err != nil {
		return nil, fmt.Errorf("share the unwinder's maps: %w", err)
	}
	knownProcesses, err := mapAt(program, processes)
	if err != nil {
		return nil, err
	}
	if e.unwinderMetrics, err = mapAt(program, counters); err != nil {
		return nil, err
	}
	if e.jitMaps, err = findJITMaps(knownProcesses, unwinder, jit); err != nil {
		return nil, err
	}
	if e.program, err = ebpf.NewProgram(program); err != nil {
		return nil, fmt.Errorf("load unwinder entry: %w", err)
	}
	e.sampler, err = probe.OpenSampler(probe.SamplerConfig{
		RateHz: e.rateHz, Unwinder: e.program, KnownProcesses: knownProcesses,
		Window: e.window, ClockOffset: func() time.Duration { return time.Duration(times.KTime(0).UnixNano()) },
	})
	if err != nil {
		return nil, errors.Join(err, e.program.Close())
	}
	return nil, nil
}

// findJITMaps takes the maps that the unwinder's program uses at the given instructions; it is never loaded.
func findJITMaps(processes *ebpf.Map, unwinder *ebpf.ProgramSpec, at map[string]int) (*jitMaps, error) {
	found := map[string]*ebpf.Map{}
	for name, index := range at {
		var err error
		if found[name], err = mapAt(unwinder, index); err != nil {
			return nil, err
		}
	}
	return newJITMaps(processes, found[deltaPagesMap], found[smallestDeltaMap], found[unwindInfoMap])
}

// newVariablesMap makes the constants of the program: the module's defaults with the values that were set in spec.
func newVariablesMap(spec *ebpf.CollectionSpec) (*ebpf.Map, error) {
	section, ok := spec.Maps[entryVariables]
	if !ok || len(section.Contents) == 0 {
		return nil, fmt.Errorf("unwinder object has no %s", entryVariables)
	}
	defaults, ok := section.Contents[0].Value.([]byte)
	if !ok {
		return nil, fmt.Errorf("unwinder's %s holds %T", entryVariables, section.Contents[0].Value)
	}
	content := slices.Clone(defaults)
	for _, variable := range spec.Variables {
		if variable.SectionName == entryVariables {
			copy(content[variable.Offset:], variable.Value)
		}
	}
	section.Contents = []ebpf.MapKV{{Key: uint32(0), Value: content}}
	variables, err := ebpf.NewMap(section)
	if err != nil {
		return nil, fmt.Errorf("create unwinder constants: %w", err)
	}
	return variables, nil
}

// mapReference returns the index of an instruction that uses a map, -1 when there is none. The module does not hand its
// maps out, but its programs lead to them. To be asked before RewriteMaps, which replaces the names.
func mapReference(program *ebpf.ProgramSpec, name string) int {
	return slices.IndexFunc(program.Instructions, func(instruction asm.Instruction) bool {
		return instruction.Reference() == name
	})
}

// mapAt returns the map that an instruction uses, after RewriteMaps.
func mapAt(program *ebpf.ProgramSpec, index int) (*ebpf.Map, error) {
	used, ok := program.Instructions[index].Map().(*ebpf.Map)
	if !ok {
		return nil, fmt.Errorf("instruction %d of the unwinder entry has no map", index)
	}
	return used, nil
}

// metric reads one of the module's kernel counters, summed over CPUs.
func (e *entry) metric(id metrics.MetricID) (uint64, error) {
	index := slices.Index(support.MetricsTranslation, id)
	if index < 0 {
		return 0, fmt.Errorf("unwinder has no counter %d", id)
	}
	var perCPU []uint64
	if err := e.unwinderMetrics.Lookup(uint32(index), &perCPU); err != nil {
		return 0, fmt.Errorf("read unwinder counter %d: %w", id, err)
	}
	var sum uint64
	for _, value := range perCPU {
		sum += value
	}
	return sum, nil
}

// close detaches the sampler. The module's maps stay open: they are the module's.
func (e *entry) close() error {
	return errors.Join(e.sampler.Close(), e.program.Close())
}
