package engine

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unique"

	"github.com/zeebo/xxh3"
	"go.opentelemetry.io/ebpf-profiler/libpf"
)

const (
	// A busy host shows some ten thousand distinct frames in a minute.
	frameCacheLimit = 32768
	stackCacheLimit = 8192
)

// kinds are our names for the unwinder's interpreters.
var kinds = map[libpf.InterpreterType]FrameKind{
	libpf.Native:  KindNative,
	libpf.Kernel:  KindKernel,
	libpf.Python:  KindPython,
	libpf.PHP:     "php",
	libpf.PHPJIT:  "php",
	libpf.HotSpot: "hotspot",
	libpf.Ruby:    "ruby",
	libpf.Perl:    "perl",
	libpf.V8:      "v8",
	libpf.Dotnet:  "dotnet",
	libpf.LuaJIT:  "luajit",
	libpf.Go:      "go",
	libpf.BEAM:    "beam",
}

// hasLineOffset lists the kinds whose FunctionOffset counts lines from the function's first one. (.NET's counts
// instructions, the others have none.)
var hasLineOffset = map[FrameKind]bool{KindPython: true, "v8": true, "php": true, "hotspot": true}

// hashedFrame is a frame with the 128-bit hash of all its fields.
type hashedFrame struct {
	frame *Frame
	hash  [16]byte
}

// converter turns the unwinder's frames into ours. Equal stacks share one slice. Not safe for concurrent use.
type converter struct {
	mappings *mappingTable
	frames   *generational[unique.Handle[libpf.Frame], hashedFrame]
	stacks   *generational[[16]byte, []*Frame]
	// converted and scratch hold the frames and their hashes of the stack at hand.
	converted []*Frame
	scratch   []byte
}

func newConverter(mappings *mappingTable) *converter {
	return &converter{
		mappings: mappings,
		frames:   newGenerational[unique.Handle[libpf.Frame], hashedFrame](frameCacheLimit),
		stacks:   newGenerational[[16]byte, []*Frame](stackCacheLimit),
	}
}

// stack converts frames, leaf first, and returns them with their hash.
func (c *converter) stack(frames libpf.Frames) ([]*Frame, [16]byte) {
	c.scratch, c.converted = c.scratch[:0], c.converted[:0]
	for _, handle := range frames {
		hashed, ok := c.frames.get(handle)
		if !ok {
			frame := c.frame(handle.Value())
			hashed = hashedFrame{&frame, hashFrame(&frame)}
			c.frames.put(handle, hashed)
		}
		c.converted = append(c.converted, hashed.frame)
		c.scratch = append(c.scratch, hashed.hash[:]...)
	}
	hash := xxh3.Hash128(c.scratch).Bytes()
	if known, ok := c.stacks.get(hash); ok {
		return known, hash
	}
	// Only what is new is kept: a sample of a known stack makes no garbage.
	converted := slices.Clone(c.converted)
	c.stacks.put(hash, converted)
	return converted, hash
}

func (c *converter) frame(frame libpf.Frame) Frame {
	if frame.Type.IsError() {
		return Frame{Kind: KindError, Function: unwindError(uint64(frame.AddressOrLineno))}
	}
	kind, ok := kinds[frame.Type.Interpreter()]
	if !ok {
		return Frame{Kind: KindError, Function: fmt.Sprintf("[frame of unknown kind %d]", uint8(frame.Type))}
	}
	converted := Frame{Kind: kind, Function: frame.FunctionName.String()}
	if kind == KindNative {
		converted.Mapping, converted.Address = c.mapping(frame), uint64(frame.AddressOrLineno)
		return converted
	}
	converted.File = frame.SourceFile.String()
	converted.Line = uint32(frame.SourceLine)
	if hasLineOffset[kind] && converted.Line > frame.FunctionOffset {
		converted.FunctionLine = converted.Line - frame.FunctionOffset
	}
	if kind == KindKernel {
		return kernelFrame(converted, frame)
	}
	if converted.Function == "" {
		// The interpreter's structures could not be read, mostly because the process ended meanwhile.
		converted.Function = fmt.Sprintf("[%s function without a name]", kind)
	}
	return converted
}

// mapping returns the file of a native frame. Without one the code lies in anonymous memory, as just-in-time compilers
// make it: those share a mapping with an empty path, so that Mapping is set for every native frame.
func (c *converter) mapping(frame libpf.Frame) *Mapping {
	if !frame.Mapping.Valid() {
		return anonymousMapping
	}
	file := frame.Mapping.Value().File.Value()
	return c.mappings.intern(file, file.FileName.String())
}

// anonymousMapping stands for code that lies in no file.
var anonymousMapping = &Mapping{FileID: "anonymous"}

// kernelFrame adds the module's name as the file, and names a frame that the kernel's symbol table does not name.
func kernelFrame(converted Frame, frame libpf.Frame) Frame {
	module := "kernel"
	if frame.Mapping.Valid() {
		module = frame.Mapping.Value().File.Value().FileName.String()
		converted.File = module
	}
	if converted.Function == "" {
		converted.Function = fmt.Sprintf("[%s+0x%x]", module, uint64(frame.AddressOrLineno))
	}
	return converted
}

// hashFrame hashes every field; strings with their length before them, so that no two frames are written alike.
func hashFrame(frame *Frame) [16]byte {
	var fileID string
	if frame.Mapping != nil {
		fileID = frame.Mapping.FileID
	}
	buffer := make([]byte, 0, 128)
	for _, text := range []string{string(frame.Kind), frame.Function, frame.File, fileID} {
		buffer = binary.AppendUvarint(buffer, uint64(len(text)))
		buffer = append(buffer, text...)
	}
	buffer = binary.AppendUvarint(buffer, uint64(frame.Line))
	buffer = binary.AppendUvarint(buffer, uint64(frame.FunctionLine))
	buffer = binary.AppendUvarint(buffer, frame.Address)
	return xxh3.Hash128(buffer).Bytes()
}
