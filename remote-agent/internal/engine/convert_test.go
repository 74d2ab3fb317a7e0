package engine

import (
	"runtime"
	"testing"
	"time"
	"unique"

	"go.opentelemetry.io/ebpf-profiler/libpf"
	"go.opentelemetry.io/ebpf-profiler/support"
)

func mapped(name string, id uint64) libpf.FrameMapping {
	return libpf.NewFrameMapping(libpf.FrameMappingData{File: libpf.NewFrameMappingFile(libpf.FrameMappingFileData{
		FileID: libpf.NewFileID(id, id), FileName: libpf.Intern(name), GnuBuildID: "b" + name,
	})})
}

func frames(list ...libpf.Frame) libpf.Frames {
	var result libpf.Frames
	for _, frame := range list {
		result = append(result, unique.Make(frame))
	}
	return result
}

func TestFramesAreConverted(t *testing.T) {
	library := mapped("libc.so.6", 1)
	for _, test := range []struct {
		name string
		in   libpf.Frame
		want Frame
	}{
		{
			"python",
			libpf.Frame{
				Type: libpf.PythonFrame, FunctionName: libpf.Intern("view"), SourceFile: libpf.Intern("/app/views.py"),
				SourceLine: 12, FunctionOffset: 2,
			},
			Frame{Kind: KindPython, Function: "view", File: "/app/views.py", Line: 12, FunctionLine: 10},
		},
		{
			"python that could not be read",
			libpf.Frame{Type: libpf.PythonFrame},
			Frame{Kind: KindPython, Function: "[python function without a name]"},
		},
		{
			"go has no first line",
			libpf.Frame{Type: libpf.GoFrame, FunctionName: libpf.Intern("main.main"), SourceLine: 5},
			Frame{Kind: "go", Function: "main.main", Line: 5},
		},
		{
			"kernel",
			libpf.Frame{Type: libpf.KernelFrame, FunctionName: libpf.Intern("do_idle"), AddressOrLineno: 16},
			Frame{Kind: KindKernel, Function: "do_idle"},
		},
		{
			"kernel module without a name for it",
			libpf.Frame{
				Type: libpf.KernelFrame, Mapping: mapped("ext4", 2), AddressOrLineno: 16,
			},
			Frame{Kind: KindKernel, Function: "[ext4+0x10]", File: "ext4"},
		},
		{
			"kernel frame of nowhere",
			libpf.Frame{Type: libpf.KernelFrame, AddressOrLineno: 16},
			Frame{Kind: KindKernel, Function: "[kernel+0x10]"},
		},
		{
			"error",
			libpf.Frame{Type: libpf.NativeFrame.Error(), AddressOrLineno: 4005},
			Frame{Kind: KindError, Function: "[stack cut: native stack delta invalid]"},
		},
		{
			"error of a later module",
			libpf.Frame{Type: libpf.UnknownFrame.Error(), AddressOrLineno: 99999},
			Frame{Kind: KindError, Function: "[stack cut: error 99999 of the unwinder]"},
		},
		{
			"kind of a later module",
			libpf.Frame{Type: libpf.FrameType(0x7e)},
			Frame{Kind: KindError, Function: "[frame of unknown kind 126]"},
		},
		{
			"just-in-time code",
			libpf.Frame{Type: libpf.NativeFrame, AddressOrLineno: 7},
			Frame{Kind: KindNative, Mapping: anonymousMapping, Address: 7},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _ := newConverter(newMappingTable()).stack(frames(test.in))
			if len(got) != 1 || *got[0] != test.want {
				t.Errorf("converted = %+v, want %+v", got, test.want)
			}
		})
	}
	got, _ := newConverter(newMappingTable()).stack(frames(libpf.Frame{Type: libpf.NativeFrame, Mapping: library, AddressOrLineno: 7}))
	if got[0].Mapping.Path != "libc.so.6" || got[0].Mapping.BuildID != "blibc.so.6" || got[0].Address != 7 || got[0].Function != "" {
		t.Errorf("native = %+v of %+v", got[0], got[0].Mapping)
	}
}

func TestHashTellsStacksApart(t *testing.T) {
	python := libpf.Frame{Type: libpf.PythonFrame, FunctionName: libpf.Intern("f"), SourceFile: libpf.Intern("a.py"), SourceLine: 3}
	shifted, otherLine := python, python
	shifted.FunctionName, shifted.SourceFile = libpf.Intern("fa"), libpf.Intern(".py")
	otherLine.SourceLine = 4
	native := libpf.Frame{Type: libpf.NativeFrame, Mapping: mapped("libc", 1), AddressOrLineno: 3}
	otherFile, otherAddress := native, native
	otherFile.Mapping, otherAddress.AddressOrLineno = mapped("libc", 2), 4
	converter := newConverter(newMappingTable())
	seen := make(map[[16]byte]int)
	for i, stack := range []libpf.Frames{
		nil, frames(python), frames(shifted), frames(otherLine), frames(native), frames(otherFile), frames(otherAddress),
		frames(python, native), frames(native, python), frames(python, python),
	} {
		first, hash := converter.stack(stack)
		second, again := converter.stack(stack)
		if hash != again {
			t.Errorf("stack %d has two hashes", i)
		}
		if len(first) > 0 && &first[0] != &second[0] {
			t.Errorf("stack %d was made twice", i)
		}
		if other, ok := seen[hash]; ok {
			t.Errorf("stacks %d and %d have one hash", i, other)
		}
		seen[hash] = i
	}
	// Another run of the agent gives the same hashes: the store keeps them.
	if _, hash := newConverter(newMappingTable()).stack(frames(python, native)); seen[hash] != 7 {
		t.Error("the hash depends on the converter")
	}
}

func TestMappingsAreOnePointerAndAreForgotten(t *testing.T) {
	table := newMappingTable()
	file := libpf.FrameMappingFileData{FileID: libpf.NewFileID(1, 2), FileName: libpf.Intern("libc.so.6")}
	introduced := table.introduce(file, "/lib/libc.so.6")
	if table.intern(file, "libc.so.6") != introduced || introduced.Path != "/lib/libc.so.6" {
		t.Errorf("introduced = %+v", introduced)
	}
	if vdso := table.intern(libpf.FrameMappingFileData{FileID: libpf.NewFileID(3, 4)}, vdsoPath); vdso.Path != "[vdso]" {
		t.Errorf("vdso = %+v", vdso)
	}
	runtime.KeepAlive(introduced)
	entries := func() int {
		table.mu.Lock()
		defer table.mu.Unlock()
		return len(table.byFile)
	}
	for range 100 {
		if entries() == 1 {
			return // the vdso's went, the introduced one is kept
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d entries are left, want 1", entries())
}

func TestGenerationalForgetsOnlyWhatIsNotUsed(t *testing.T) {
	cache := newGenerational[int, string](10)
	cache.put(-1, "used")
	cache.put(-2, "unused")
	for i := range 100 {
		cache.put(i, "x")
		if i%5 == 0 {
			if value, ok := cache.get(-1); !ok || value != "used" {
				t.Fatalf("forgotten after %d", i)
			}
		}
		if size := len(cache.young) + len(cache.old); size > 20 {
			t.Fatalf("holds %d entries", size)
		}
	}
	if _, ok := cache.get(-2); ok {
		t.Error("what was never used is still there")
	}
}

func TestRingStaysSmall(t *testing.T) {
	for _, test := range []struct{ rate, cpus, want int }{{49, 1, 49}, {97, 1, 82}, {97, 2, 82}, {97, 16, 41}, {97, 128, 5}, {1000, 2, 82}, {97, 2000, 1}} {
		got := ringSamplesPerSecond(test.rate, test.cpus)
		if got != test.want {
			t.Errorf("%d Hz on %d CPUs: %d, want %d", test.rate, test.cpus, got, test.want)
		}
		if size := got * test.cpus * support.Sizeof_Trace; size > min(ringByteLimit, test.cpus*ringBytesACPU) && got > 1 {
			t.Errorf("%d Hz on %d CPUs: ring of %d bytes", test.rate, test.cpus, size)
		}
	}
}
