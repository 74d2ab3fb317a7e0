package engine

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"go.opentelemetry.io/ebpf-profiler/lpm"
	"go.opentelemetry.io/ebpf-profiler/support"
)

// Names inside the module's object file that lead to what jitMaps writes.
const (
	unwinderProgram  = "perf_unwind_native"
	deltaPagesMap    = "stack_delta_page_to_info"
	smallestDeltaMap = "exe_id_to_8_stack_deltas"
	unwindInfoMap    = "unwind_info_array"

	smallestDeltaBits = 8 // the map's name has it
	deltaPageBytes    = 1 << support.StackDeltaPageBits
)

// walkRule is how the unwinder gets from a frame of made code to its caller. The value is the "file" that such code lies in for
// the unwinder; real ones are hashes of 64 bits.
type walkRule uint64

const (
	// walkByFramePointer suits compilers that write perf maps: perf itself walks their code no other way.
	walkByFramePointer walkRule = 0x7079726f6d000001
	// walkByTrampoline is for CPython's trampolines (-X perf), which move the stack pointer by 8 and call: no frame pointer.
	walkByTrampoline walkRule = 0x7079726f6d000002
)

// maxDeltaPages bounds what made code takes of the module's map of 40,000 pages: 256 MB of code.
const maxDeltaPages = 4096

// jitMaps are the module's maps in which code that lies in no file is made known to its unwinder, which otherwise ends every
// stack at such code. The maps are the module's; they are never closed here. Not safe for concurrent use.
type jitMaps struct {
	processes, pages *ebpf.Map
	// users counts the regions of processes on a page.
	users map[support.StackDeltaPageKey]int
}

// newJITMaps writes the two rules.
func newJITMaps(processes, pages, deltas, unwindInfos *ebpf.Map) (*jitMaps, error) {
	// The module counts up from 0 and never comes so far.
	trampoline := unwindInfos.MaxEntries() - 1
	info := support.UnwindInfo{BaseReg: support.UnwindRegSp, Param: 16}
	if err := unwindInfos.Put(trampoline, &info); err != nil {
		return nil, fmt.Errorf("write rule of trampolines: %w", err)
	}
	for rule, index := range map[walkRule]uint16{
		walkByFramePointer: support.DeltaCommandFlag | uint16(support.UnwindCommandFramePointer), walkByTrampoline: uint16(trampoline),
	} {
		if err := putDelta(deltas, rule, index); err != nil {
			return nil, err
		}
	}
	return &jitMaps{processes: processes, pages: pages, users: map[support.StackDeltaPageKey]int{}}, nil
}

// Types of the module's own maps. To kernels before 6.2 a map whose values are no struct, or of no known type, is of another kind
// than one whose are, even if all the rest is equal (bpf_map_meta_equal compares where a timer could be).
var (
	u16, u32   = &btf.Int{Name: "u16", Size: 2}, &btf.Int{Name: "u32", Size: 4}
	stackDelta = &btf.Struct{Name: "StackDelta", Size: 4, Members: []btf.Member{
		{Name: "addrLow", Type: u16}, {Name: "unwindInfo", Type: u16, Offset: 16},
	}}
)

// putDelta makes one rule the answer for all addresses of a "file".
func putDelta(deltas *ebpf.Map, rule walkRule, index uint16) (err error) {
	inner, err := ebpf.NewMap(&ebpf.MapSpec{
		Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1 << smallestDeltaBits,
		Key: u32, Value: stackDelta,
	})
	if err != nil {
		return fmt.Errorf("create rule of made code: %w", err)
	}
	defer func() { err = errors.Join(err, inner.Close()) }() // the outer map keeps it
	if err := inner.Put(uint32(0), &support.StackDelta{UnwindInfo: index}); err != nil {
		return fmt.Errorf("write rule of made code: %w", err)
	}
	if err := deltas.Put(uint64(rule), inner); err != nil {
		return fmt.Errorf("publish rule of made code: %w", err)
	}
	return nil
}

// region is a part of a process's memory with made code.
type region struct {
	start, end uint64
	rule       walkRule
}

// errJITFull says that made code takes as much of the module's maps as it may.
var errJITFull = errors.New("too much code outside of files")

// add makes a region known. Addresses of its frames are then those of the process's memory.
func (m *jitMaps) add(pid uint32, r region) error {
	keys := r.pages()
	fresh := 0
	for _, key := range keys {
		if m.users[key] == 0 {
			fresh++
		}
	}
	if len(m.users)+fresh > maxDeltaPages {
		return errJITFull
	}
	for _, key := range keys {
		if err := m.pages.Put(&key, &support.StackDeltaPageInfo{FirstDelta: 1, MapID: smallestDeltaBits}); err != nil {
			return fmt.Errorf("write page of made code: %w", err)
		}
		m.users[key]++
	}
	program, err := support.EncodeBiasAndUnwindProgram(0, support.ProgUnwindNative)
	if err != nil {
		return err
	}
	info := support.PIDPageMappingInfo{File_id: uint64(r.rule), Bias_and_unwind_program: program}
	return m.eachPrefix(pid, r, func(key *support.PIDPage) error {
		// What the module knows better is left to it.
		if err := m.processes.Update(key, &info, ebpf.UpdateNoExist); err != nil && !errors.Is(err, ebpf.ErrKeyExist) {
			return fmt.Errorf("write region of made code: %w", err)
		}
		return nil
	})
}

// remove forgets a region: the process has ended or given it back.
func (m *jitMaps) remove(pid uint32, r region) error {
	err := m.eachPrefix(pid, r, func(key *support.PIDPage) error {
		var info support.PIDPageMappingInfo
		if err := m.processes.Lookup(key, &info); err != nil || info.File_id != uint64(r.rule) {
			return nil //nolint:nilerr // it is not there, or not ours
		}
		return ignoreNoKey(m.processes.Delete(key))
	})
	for _, key := range r.pages() {
		if m.users[key]--; m.users[key] <= 0 {
			delete(m.users, key)
			err = errors.Join(err, ignoreNoKey(m.pages.Delete(&key)))
		}
	}
	return err
}

func ignoreNoKey(err error) error {
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	return err
}

func (r region) pages() []support.StackDeltaPageKey {
	var keys []support.StackDeltaPageKey
	for page := r.start &^ (deltaPageBytes - 1); page < r.end && len(keys) <= maxDeltaPages; page += deltaPageBytes {
		keys = append(keys, support.StackDeltaPageKey{FileID: uint64(r.rule), Page: page})
	}
	return keys
}

func (m *jitMaps) eachPrefix(pid uint32, r region, visit func(key *support.PIDPage) error) error {
	prefixes, err := lpm.CalculatePrefixList(r.start, r.end)
	if err != nil {
		return fmt.Errorf("cut region of made code: %w", err)
	}
	for _, prefix := range prefixes {
		// The kernel compares big-endian numbers bit by bit.
		key := support.PIDPage{
			Pid: bits.ReverseBytes32(pid), Page: bits.ReverseBytes64(prefix.Key), PrefixLen: support.BitWidthPID + prefix.Length,
		}
		if err := visit(&key); err != nil {
			return err
		}
	}
	return nil
}
