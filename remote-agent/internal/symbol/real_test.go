package symbol

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const programC = `
#include <stdio.h>
__attribute__((noinline)) static int hidden_helper(int n) { int s = 0; for (int i = 0; i < n; i++) s += i * n; return s; }
__attribute__((noinline)) int visible_work(int n) { return hidden_helper(n) + hidden_helper(n / 2); }
__attribute__((weak)) int weak_work(int n) { return n + 7; }
int alias_of_visible(int n) __attribute__((alias("visible_work")));
int main(int argc, char **argv) { printf("%d\n", visible_work(argc * 1000) + weak_work(argc)); return 0; }
`

const programCpp = `
#include <cstdio>
#include <vector>
namespace shop { namespace cart {
template <typename T> struct Basket { std::vector<T> items; __attribute__((noinline)) T total(int tax) const { T sum = tax; for (auto &i : items) sum += i; return sum; } };
__attribute__((noinline)) double price(const Basket<double> &basket) { return basket.total(3); }
} }
int main(int argc, char **) { shop::cart::Basket<double> b; for (int i = 0; i < argc * 10; i++) b.items.push_back(i); std::printf("%f\n", shop::cart::price(b)); return 0; }
`

const programRust = `
mod oven { pub trait Bake { fn bake(&self, n: u64) -> u64; }
pub struct Bread; impl Bake for Bread { #[inline(never)] fn bake(&self, n: u64) -> u64 { (0..n).fold(1, |a, b| a ^ b.wrapping_mul(31)) } }
#[inline(never)] pub fn knead<T: Bake>(what: &T, n: u64) -> u64 { what.bake(n) + 1 } }
fn main() { let n = std::env::args().count() as u64; println!("{}", oven::knead(&oven::Bread, n * 1000)); }
`

const programGo = `package main
import ("fmt"; "os")
type kiln struct{ heat int }
//go:noinline
func (k *kiln) fire(n int) int { for i := 0; i < n; i++ { k.heat ^= i * 31 }; return k.heat }
func main() { fmt.Println((&kiln{}).fire(len(os.Args) * 1000)) }
`

// checkAgainstTable looks up the first, middle and last byte of every function symbol that the standard library reads.
// Where symbols share an address the answer may be another name of the same place.
func checkAgainstTable(t *testing.T, table *Table, functions []elf.Symbol) {
	t.Helper()
	names := map[uint64]map[string]bool{}
	for _, f := range functions {
		if names[f.Value] == nil {
			names[f.Value] = map[string]bool{}
		}
		name, _, _ := strings.Cut(f.Name, "@")
		names[f.Value][name] = true
	}
	wrong := 0
	for _, f := range functions {
		for _, address := range []uint64{f.Value, f.Value + f.Size/2, f.Value + f.Size - 1} {
			found, ok := table.Lookup(address)
			covers := ok && found.Start <= address && found.Start >= f.Value
			if !covers || !names[found.Start][found.Name] {
				if wrong++; wrong < 5 {
					t.Errorf("address %#x of %s: got %q at %#x, %v", address, f.Name, found.Name, found.Start, ok)
				}
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d functions are wrong", wrong, len(functions))
	}
	t.Logf("%d symbols of the file agree, %d functions and %d bytes in the table", len(functions), table.Len(), table.Bytes())
}

// addressOf finds the start of a function by its raw name, or by a part of it where no function has just that name.
func addressOf(t *testing.T, path, name string) uint64 {
	t.Helper()
	var similar []string
	for line := range strings.Lines(run(t, "", "nm", path)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || !strings.Contains("tTwW", fields[1]) || !strings.Contains(fields[2], name) {
			continue
		}
		if similar = append(similar, fields[0]); fields[2] == name {
			similar = fields[:1]
			break
		}
	}
	if len(similar) == 0 {
		t.Fatalf("nm finds no %q in %s", name, path)
	}
	address, err := strconv.ParseUint(similar[0], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

type compiled struct {
	name    string
	source  string
	file    string
	compile []string // the command; the program is called "program"
	// part is in the raw name of a function and want is what it is called for people.
	part, want string
}

var programs = []compiled{
	{"C", programC, "main.c", []string{"gcc", "-O2", "-g", "-o", "program", "main.c"}, "hidden_helper", "hidden_helper"},
	{"C at a fixed address", programC, "main.c", []string{"gcc", "-O0", "-g", "-no-pie", "-static", "-o", "program", "main.c"}, "hidden_helper", "hidden_helper"},
	{"C++", programCpp, "main.cc", []string{"g++", "-O1", "-g", "-o", "program", "main.cc"}, "5total", "shop::cart::Basket<double>::total"},
	{"Rust", programRust, "main.rs", []string{"rustc", "-O", "-g", "-o", "program", "main.rs"}, "knead", "main::oven::knead"},
	{"Rust v0", programRust, "main.rs", []string{"rustc", "-O", "-g", "-Csymbol-mangling-version=v0", "-o", "program", "main.rs"}, "knead", "main::oven::knead::<main::oven::Bread>"},
	{"Go", programGo, "main.go", []string{"go", "build", "-o", "program", "main.go"}, "main.(*kiln).fire", "main.(*kiln).fire"},
	{"Go PIE", programGo, "main.go", []string{"go", "build", "-buildmode=pie", "-o", "program", "main.go"}, "main.(*kiln).fire", "main.(*kiln).fire"},
}

func (c compiled) build(t *testing.T) string {
	directory := t.TempDir()
	write(t, filepath.Join(directory, c.file), c.source)
	run(t, directory, c.compile[0], c.compile[1:]...)
	return filepath.Join(directory, "program")
}

func TestNamesOfRealPrograms(t *testing.T) {
	for _, program := range programs {
		t.Run(program.name, func(t *testing.T) {
			path := program.build(t)
			result, _ := parseFile(t, noRoot{}, path)
			if !result.complete {
				t.Error("a program with a symbol table is not complete")
			}
			checkAgainstTable(t, result.table, definedFunctions(t, path, false))
			address := addressOf(t, path, program.part)
			found, _ := result.table.Lookup(address + 1)
			lines := strings.Split(run(t, "", "addr2line", "-f", "-e", path, fmt.Sprintf("%#x", address+1)), "\n")
			if lines[0] != found.Name && program.compile[0] != "go" { // Go's debug information has names without mangling
				t.Errorf("addr2line says %q, not %q", lines[0], found.Name)
			}
			if display, _ := displayName(found.Name); display != program.want {
				t.Errorf("got %q for %q, want %q", display, found.Name, program.want)
			}
		})
	}
}

func TestStrippedGoProgramKeepsItsNames(t *testing.T) {
	for _, program := range programs[5:] {
		t.Run(program.name, func(t *testing.T) {
			path := program.build(t)
			functions := definedFunctions(t, path, false)
			stripped := path + ".stripped"
			run(t, "", "strip", "-o", stripped, path)
			result, counted := parseFile(t, noRoot{}, stripped)
			t.Logf("%v", counted.snapshot())
			checked := 0
			for _, f := range functions {
				if !strings.HasPrefix(f.Name, "main.") {
					continue
				}
				checked++
				if found, ok := result.table.Lookup(f.Value); !ok || found.Name != f.Name || found.Start != f.Value {
					t.Errorf("%s at %#x: got %q at %#x", f.Name, f.Value, found.Name, found.Start)
				}
			}
			if checked == 0 {
				t.Error("no function of package main was looked at")
			}
		})
	}
}

func TestSeparateDebugFiles(t *testing.T) {
	path := programs[0].build(t)
	hidden := addressOf(t, path, "hidden_helper")
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, root, program, debug string) // root/own is the agent's root
		want    string
		refused Reason
	}{
		{"none", func(*testing.T, string, string, string) {}, "", ""},
		{"by build-id", func(t *testing.T, root, program, debug string) {
			buildID := mappingOf(t, program).BuildID
			run(t, "", "install", "-D", debug, filepath.Join(root, debugRoot, ".build-id", buildID[:2], buildID[2:]+".debug"))
		}, "hidden_helper", ""},
		{"by build-id on the server", func(t *testing.T, root, program, debug string) {
			buildID := mappingOf(t, program).BuildID
			run(t, "", "install", "-D", debug, filepath.Join(root, "own", debugRoot, ".build-id", buildID[:2], buildID[2:]+".debug"))
		}, "hidden_helper", ""},
		{"by link on the server, which is none of ours", func(t *testing.T, root, program, debug string) {
			run(t, filepath.Dir(program), "objcopy", "--add-gnu-debuglink="+debug, program)
			run(t, "", "install", "-D", debug, filepath.Join(root, "own", "srv", filepath.Base(debug)))
		}, "", ""},
		{"by link beside the program", func(t *testing.T, root, program, debug string) {
			run(t, filepath.Dir(program), "objcopy", "--add-gnu-debuglink="+debug, program)
			run(t, "", "install", "-D", debug, filepath.Join(root, "srv", filepath.Base(debug)))
		}, "hidden_helper", ""},
		{"by link in .debug", func(t *testing.T, root, program, debug string) {
			run(t, filepath.Dir(program), "objcopy", "--add-gnu-debuglink="+debug, program)
			run(t, "", "install", "-D", debug, filepath.Join(root, "srv", ".debug", filepath.Base(debug)))
		}, "hidden_helper", ""},
		{"by link below the debug folder", func(t *testing.T, root, program, debug string) {
			run(t, filepath.Dir(program), "objcopy", "--add-gnu-debuglink="+debug, program)
			run(t, "", "install", "-D", debug, filepath.Join(root, debugRoot, "srv", filepath.Base(debug)))
		}, "hidden_helper", ""},
		{"by link with another content", func(t *testing.T, root, program, debug string) {
			run(t, filepath.Dir(program), "objcopy", "--add-gnu-debuglink="+debug, program)
			content, err := os.ReadFile(debug)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(root, "srv", filepath.Base(debug)), string(content)+"x")
		}, "", ReasonChecksum},
		{"by build-id of another program", func(t *testing.T, root, program, _ string) {
			buildID := mappingOf(t, program).BuildID
			run(t, "", "install", "-D", "/bin/true", filepath.Join(root, debugRoot, ".build-id", buildID[:2], buildID[2:]+".debug"))
		}, "", ReasonChecksum},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			program, debug := filepath.Join(root, "srv", "program"), filepath.Join(t.TempDir(), "program.debug")
			run(t, "", "install", "-D", path, program)
			run(t, "", "objcopy", "--only-keep-debug", program, debug)
			run(t, "", "strip", program)
			test.prepare(t, root, program, debug)

			content, err := os.ReadFile(program)
			if err != nil {
				t.Fatal(err)
			}
			file, err := readImage(strings.NewReader(string(content)), int64(len(content)))
			if err != nil {
				t.Fatal(err)
			}
			counted := newCounters()
			if err := os.MkdirAll(filepath.Join(root, "own"), 0o755); err != nil {
				t.Fatal(err)
			}
			own := openTestRoot(t, filepath.Join(root, "own"))
			result, err := (&loader{counters: counted, own: own}).parse(file, openTestRoot(t, root), "/srv/program")
			name := ""
			if err == nil {
				found, _ := result.table.Lookup(hidden)
				name = found.Name
			} else if reasonOf(err) != ReasonNoSymbols {
				t.Fatal(err)
			}
			if name != test.want || result.complete != (test.want != "") {
				t.Errorf("got %q, complete %v, want %q", name, result.complete, test.want)
			}
			if test.refused != "" && counted.snapshot()[counterRefused+string(test.refused)] == 0 {
				t.Errorf("the refusal is not counted: %v", counted.snapshot())
			}
		})
	}
}
