// Package engine samples stacks. It is the only package that knows the unwinder module
// (go.opentelemetry.io/ebpf-profiler); the rest of the agent sees the types of this file.
package engine

// FrameKind says which interpreter or unwinder a frame comes from. Values are the unwinder's names in lower case:
// "native", "kernel", "python", "v8", "hotspot", "ruby", "php", "perl", "dotnet", "go", "beam", and "error" for a stack
// that could not be walked further, whose Function then holds the reason.
type FrameKind string

// Kinds that the agent treats specially.
const (
	KindNative FrameKind = "native"
	KindKernel FrameKind = "kernel"
	KindPython FrameKind = "python"
	KindError  FrameKind = "error"
)

// Mapping is a file that native frames lie in. Equal mappings are one pointer within a run of the agent.
type Mapping struct {
	// FileID identifies the content of the file: the unwinder's hash, hex. Never empty.
	FileID string
	// BuildID is the GNU build-id in hex, "" where the file has none.
	BuildID string
	// Path as the profiled process sees it; "[vdso]", or "" for anonymous memory.
	Path string
}

// Frame is one entry of a stack.
type Frame struct {
	Kind FrameKind
	// Function and File are empty for native frames: package symbol names those later.
	Function string
	File     string
	// Line is the 1-based line being executed, 0 when unknown. FunctionLine is the offset-free first line, 0 unknown.
	Line         uint32
	FunctionLine uint32
	// Mapping and Address are set for native frames: the ELF virtual address in the file.
	Mapping *Mapping
	Address uint64
}

// Sample is one stack, seen Count times. The sink may keep Frames: neither it nor what it points to is written to again.
type Sample struct {
	// TimeNs is CLOCK_REALTIME in nanoseconds.
	TimeNs int64
	PID    uint32
	TID    uint32
	// CPU that it was taken on.
	CPU  uint32
	Comm string
	// ContainerID is 64 hex digits where the unwinder saw one in the cgroup path, else "".
	ContainerID string
	// Executable is the path as the process sees it.
	Executable string
	// Frames, leaf first, native, interpreter and kernel frames in one stack.
	// Equal frames are mostly one pointer: a stack costs 8 bytes a frame and not 72.
	Frames []*Frame
	// Hash identifies Frames: equal hashes mean equal stacks (128-bit xxh3).
	Hash  [16]byte
	Count uint64
}

// Sink takes samples. It is called from one goroutine and must not block: it counts what it has no room for.
type Sink interface {
	HandleSample(*Sample)
}
