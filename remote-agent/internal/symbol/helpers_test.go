package symbol

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"pyrometer.dev/remote-agent/internal/engine"
)

// needTool returns the path of a program, and skips the test where it is missing: never with CI=true.
func needTool(t testing.TB, name string) string {
	t.Helper()
	found, err := exec.LookPath(name)
	if err != nil {
		missing(t, name+" is not installed: "+err.Error())
	}
	return found
}

// missing skips a test for a reason, and fails it with CI=true.
func missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("needed with CI=true: " + reason)
	}
	t.Skip(reason)
}

// run runs a program in a folder and returns its output.
func run(t testing.TB, directory, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(needTool(t, name), arguments...)
	command.Dir = directory
	command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, problems.String())
	}
	return string(output)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// openTestRoot opens a folder as if it were the root of a process.
func openTestRoot(t testing.TB, directory string) *processRoot {
	t.Helper()
	root, err := openRoot(directory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// parseFile builds the table of a file, with debug files looked for below root.
func parseFile(t testing.TB, root opener, path string) (loaded, *counters) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	counted := newCounters()
	file, err := readImage(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	result, err := (&loader{counters: counted, own: noRoot{}}).parse(file, root, path)
	if err != nil {
		t.Fatal(err)
	}
	return result, counted
}

// mappingOf describes a file as the unwinder would.
func mappingOf(t testing.TB, path string) *engine.Mapping {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := fileIdentity(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	mapping := &engine.Mapping{FileID: identity, Path: path}
	if file, err := readImage(bytes.NewReader(content), int64(len(content))); err == nil {
		if mapping.BuildID, err = file.buildID(); err != nil {
			t.Fatal(err)
		}
	}
	return mapping
}

// definedFunctions lists the sized function symbols of a file as the standard library reads them.
func definedFunctions(t testing.TB, path string, dynamic bool) []elf.Symbol {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	read := file.Symbols
	if dynamic {
		read = file.DynamicSymbols
	}
	symbols, err := read()
	if err != nil {
		t.Fatal(err)
	}
	var functions []elf.Symbol
	for _, s := range symbols {
		if kind := elf.ST_TYPE(s.Info); (kind == elf.STT_FUNC || kind == elf.STT_GNU_IFUNC) && s.Section != elf.SHN_UNDEF && s.Size > 0 {
			functions = append(functions, s)
		}
	}
	if len(functions) == 0 {
		t.Fatalf("%s has no function symbols to compare with", path)
	}
	return functions
}

// smallPrograms compiles a program of a few hundred bytes of code for 64 and 32 bits, stripped and not.
func smallPrograms(t testing.TB) [][]byte {
	t.Helper()
	directory := t.TempDir()
	write(t, filepath.Join(directory, "small.c"), "static int f(int n) { return n * 7; } int g(int n) { return f(n) + 1; } void _start(void) { g(3); for (;;) {} }\n")
	var built [][]byte
	words := []string{"-m64", "-m32"}
	if runtime.GOARCH != "amd64" {
		words = []string{"-O0"} // one word size, no flag for it
	}
	for _, bits := range words {
		out := filepath.Join(directory, "small"+bits)
		run(t, directory, "gcc", bits, "-O0", "-nostdlib", "-static", "-fno-pic", "-no-pie", "-fno-asynchronous-unwind-tables", "-Wl,--build-id,-z,norelro,-n", "-o", out, "small.c")
		for _, arguments := range [][]string{nil, {"--strip-debug"}, {"--strip-all"}} {
			if arguments != nil {
				run(t, directory, "strip", append(arguments, out)...)
			}
			content, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			built = append(built, content)
		}
	}
	return built
}

func TestSmallPrograms(t *testing.T) {
	for i, content := range smallPrograms(t) {
		result, _, err := parseBytes(content)
		if i%3 == 2 {
			if reasonOf(err) != ReasonNoSymbols {
				t.Errorf("program %d: a stripped program gave %v", i, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("program %d: %v", i, err)
			continue
		}
		if result.table.Len() != 3 {
			t.Errorf("program %d has %d functions", i, result.table.Len())
		}
	}
}
