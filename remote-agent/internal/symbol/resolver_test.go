package symbol

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pyrometer.dev/remote-agent/internal/engine"
)

func newTestResolver(t *testing.T, options Options) *FileResolver {
	t.Helper()
	resolver := NewResolver(options)
	t.Cleanup(func() {
		if err := resolver.Close(); err != nil {
			t.Error(err)
		}
	})
	return resolver
}

func nameAt(t *testing.T, resolver *FileResolver, mapping *engine.Mapping, address uint64) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	lines, err := resolver.Resolve(ctx, mapping, address)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) == 0 {
		return ""
	}
	return lines[0].Function
}

func start(t *testing.T, path string, arguments ...string) *exec.Cmd {
	t.Helper()
	command := exec.Command(path, arguments...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command
}

const waiting = `
#include <unistd.h>
__attribute__((noinline)) void wait_for_ever(void) { for (;;) pause(); }
int main(void) { wait_for_ever(); return 0; }
`

func buildWaiting(t *testing.T) string {
	directory := t.TempDir()
	write(t, filepath.Join(directory, "main.c"), waiting)
	run(t, directory, "gcc", "-O1", "-o", "waiting", "main.c")
	return filepath.Join(directory, "waiting")
}

// waitMapped waits until a started process has the file mapped.
func waitMapped(t *testing.T, pid uint32, path string) {
	t.Helper()
	for range 500 {
		if found, err := findMapped(pid, path); err == nil && len(found) > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("process %d does not map %s", pid, path)
}

func TestResolveAProgram(t *testing.T) {
	path := buildWaiting(t)
	address := addressOf(t, path, "wait_for_ever") + 5
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, path string)
		mapping func(mapping engine.Mapping) *engine.Mapping
		want    string
	}{
		{"as it is", nil, nil, "wait_for_ever"},
		{"by base name alone", nil, func(m engine.Mapping) *engine.Mapping { m.Path = filepath.Base(m.Path); return &m }, "wait_for_ever"},
		{"deleted", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, nil, "wait_for_ever"},
		{"replaced", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			run(t, "", "cp", "/bin/true", path)
		}, nil, "wait_for_ever"},
		{"by build-id where the identity differs", nil, func(m engine.Mapping) *engine.Mapping {
			m.FileID = "00112233445566778899aabbccddeeff"
			return &m
		}, "wait_for_ever"},
		{"other content than what was mapped", nil, func(m engine.Mapping) *engine.Mapping {
			m.FileID, m.BuildID = "00112233445566778899aabbccddeeff", "0011"
			return &m
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "waiting")
			run(t, "", "cp", path, program)
			pid := uint32(start(t, program).Process.Pid)
			waitMapped(t, pid, program)
			mapping := mappingOf(t, program)
			if test.mapping != nil {
				mapping = test.mapping(*mapping)
			}
			if test.prepare != nil {
				test.prepare(t, program)
			}
			resolver := newTestResolver(t, Options{})
			resolver.Observe(pid, mapping)
			if got := nameAt(t, resolver, mapping, address); got != test.want {
				t.Errorf("got %q, want %q; %v", got, test.want, resolver.Counters())
			}
			if got := nameAt(t, resolver, mapping, 0x10); got != "" {
				t.Errorf("an address outside of all code is called %q", got)
			}
		})
	}
}

func TestNamesOutliveTheProcess(t *testing.T) {
	path := buildWaiting(t)
	mapping, address := mappingOf(t, path), addressOf(t, path, "wait_for_ever")
	process := start(t, path)
	waitMapped(t, uint32(process.Process.Pid), path)
	resolver := newTestResolver(t, Options{})
	resolver.Observe(uint32(process.Process.Pid), mapping)
	if got := nameAt(t, resolver, mapping, address); got != "wait_for_ever" {
		t.Fatalf("got %q", got)
	}
	_ = process.Process.Kill()
	_ = process.Wait()
	if got := nameAt(t, resolver, mapping, address); got != "wait_for_ever" {
		t.Errorf("after the end of the process: got %q", got)
	}
}

func TestResolveInAnotherRoot(t *testing.T) {
	directory := t.TempDir()
	pid := startIn(t, directory)
	waitMapped(t, pid, "sleep")
	mapping := mappingOf(t, filepath.Join(directory, "sleep"))
	mapping.Path = "/sleep"
	resolver := newTestResolver(t, Options{})
	resolver.Observe(pid, mapping)
	if got := nameAt(t, resolver, mapping, addressOf(t, filepath.Join(directory, "sleep"), "main")); got != "main" {
		t.Errorf("got %q; %v", got, resolver.Counters())
	}
}

func TestResolvePythonExtensionAndLibraries(t *testing.T) {
	pythons := []string{needTool(t, "python3")} // perhaps one that was built here, with symbols,
	if _, err := os.Stat("/usr/bin/python3"); err == nil && pythons[0] != "/usr/bin/python3" {
		pythons = append(pythons, "/usr/bin/python3") // and the distribution's, without
	}
	for _, python := range pythons {
		t.Run(python, func(t *testing.T) {
			process := start(t, python, "-c", "import _hashlib, time; time.sleep(600)")
			pid := uint32(process.Process.Pid)
			maps := "/proc/" + strconv.Itoa(int(pid)) + "/maps"
			resolver := newTestResolver(t, Options{})
			for _, library := range []struct{ part, function string }{
				{"/_hashlib.", "PyInit__hashlib"}, {"/libcrypto.", "EVP_DigestUpdate"}, {"/libc.so.6", "free"}, {"/libc.so.6", "qsort"},
			} {
				path := mappedPath(t, maps, library.part)
				mapping := mappingOf(t, path)
				mapping.Path = filepath.Base(path)
				resolver.Observe(pid, mapping)
				found := false
				for _, f := range definedFunctions(t, path, true) {
					if f.Name == library.function {
						found = true
						if got := nameAt(t, resolver, mapping, f.Value+1); got != library.function {
							t.Errorf("%s: got %q, want %q; %v", path, got, library.function, resolver.Counters())
						}
					}
				}
				if !found {
					t.Errorf("%s does not export %s", path, library.function)
				}
			}
			t.Log(resolver.Counters())
		})
	}
}

// mappedPath waits for an executable mapping whose path has a part, and returns the path.
func mappedPath(t *testing.T, maps, part string) string {
	t.Helper()
	for range 500 {
		text, err := os.ReadFile(maps)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) == 6 && strings.Contains(fields[1], "x") && strings.Contains(fields[5], part) {
				return fields[5]
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q is not mapped", part)
	return ""
}

func TestResolveVDSO(t *testing.T) {
	content, err := readVDSO()
	if err != nil {
		missing(t, err.Error())
	}
	identity, err := fileIdentity(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "vdso.so")
	write(t, path, string(content))
	resolver := newTestResolver(t, Options{})
	for _, name := range []string{"[vdso]", "linux-vdso.1.so"} {
		mapping := &engine.Mapping{FileID: identity, Path: name}
		for _, f := range definedFunctions(t, path, true) {
			if got := nameAt(t, resolver, mapping, f.Value); !strings.HasSuffix(got, "clock_gettime") && strings.HasSuffix(f.Name, "clock_gettime") {
				t.Errorf("got %q for %s", got, f.Name)
			}
		}
	}
	foreign := &engine.Mapping{FileID: "ffffffffffffffffffffffffffffffff", Path: "[vdso]"}
	if got := nameAt(t, resolver, foreign, definedFunctions(t, path, true)[0].Value); got != "" {
		t.Errorf("another vDSO got a name of ours: %q", got)
	}
}
