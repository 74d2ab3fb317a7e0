package engine

import (
	"sync/atomic"

	"go.opentelemetry.io/ebpf-profiler/libpf"
	"go.opentelemetry.io/ebpf-profiler/reporter"
	"go.opentelemetry.io/ebpf-profiler/reporter/samples"
)

// observedLimit is how many pairs of process and file are remembered as told to the observer.
const observedLimit = 65536

// processFile is a file mapped by a process.
type processFile struct {
	pid     uint32
	mapping *Mapping
}

// sampleReporter takes what the module found and gives it to the sink.
type sampleReporter struct {
	sink      Sink
	observe   func(pid uint32, mapping *Mapping)
	mappings  *mappingTable
	converter *converter
	observed  *generational[processFile, struct{}]
	// made is nil until the unwinder's maps are found, and where perf maps are not wanted.
	made *madeCode

	delivered atomic.Uint64
	cut       atomic.Uint64
}

var (
	_ reporter.TraceReporter      = (*sampleReporter)(nil)
	_ reporter.ExecutableReporter = (*sampleReporter)(nil)
)

func newSampleReporter(sink Sink, observe func(pid uint32, mapping *Mapping)) *sampleReporter {
	mappings := newMappingTable()
	return &sampleReporter{
		sink:      sink,
		observe:   observe,
		mappings:  mappings,
		converter: newConverter(mappings),
		observed:  newGenerational[processFile, struct{}](observedLimit),
	}
}

// ReportExecutable is called when the module first opens a file, from its goroutine that looks at processes: mostly
// before the first sample with that file arrives, and with its whole path.
func (r *sampleReporter) ReportExecutable(executable *reporter.ExecutableMetadata) {
	mapping := r.mappings.introduce(executable.MappingFile.Value(), executable.Mapping.Path)
	r.observe(uint32(executable.Process.PID()), mapping)
}

// ReportTraceEvent is called for each sample, from the one goroutine that calls HandleTrace.
func (r *sampleReporter) ReportTraceEvent(trace *libpf.Trace, meta *samples.TraceEventMeta) error {
	frames, hash := r.converter.stack(trace.Frames)
	if r.made != nil {
		var mapping *Mapping
		if frames, hash, mapping = r.made.own(uint32(meta.PID), frames, hash); mapping != nil {
			r.observe(uint32(meta.PID), mapping) // each time: its names grow while the process runs
		}
	}
	sample := &Sample{
		TimeNs:      int64(meta.Timestamp),
		PID:         uint32(meta.PID),
		TID:         uint32(meta.TID),
		CPU:         meta.CPU,
		Comm:        meta.Comm.String(),
		ContainerID: meta.ContainerID.String(),
		Executable:  meta.ExecutablePath.String(),
		Frames:      frames,
		Hash:        hash,
		Count:       1,
	}
	for i := range frames {
		if mapping := frames[i].Mapping; mapping != nil {
			r.observeOnce(sample.PID, mapping)
		}
	}
	if len(frames) > 0 && frames[len(frames)-1].Kind == KindError {
		r.cut.Add(1)
	}
	r.delivered.Add(1)
	r.sink.HandleSample(sample)
	return nil
}

// observeOnce tells of a file in each process that has it: the file may be reachable through the second when the first
// has ended before it could be opened.
func (r *sampleReporter) observeOnce(pid uint32, mapping *Mapping) {
	key := processFile{pid: pid, mapping: mapping}
	if _, ok := r.observed.get(key); ok {
		return
	}
	r.observed.put(key, struct{}{})
	if mapping != anonymousMapping {
		r.observe(pid, mapping)
	}
}
