package symbol

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Two programs of two units each that share a header: what dwz moves out, and what compilers split off.
const (
	sharedHeader = `
#pragma once
#include <vector>
namespace oven {
struct Loaf { std::vector<int> slices; int weight = 3; template <typename T> T scale(T by) const { T sum = by; for (int s : slices) sum += s * weight; return sum; } };
inline int knead(int n) { volatile int turns = n; int sum = 0; for (int i = 0; i < turns; i++) sum += i * n; return sum; }
static inline int fold(int n) { if (n > 3) { volatile int k = n; return knead(k) + 1; } return knead(n); }
}
`
	sharedUnit = `
#include "oven.h"
__attribute__((noinline)) int bake(int n) { oven::Loaf loaf; for (int i = 0; i < n; i++) loaf.slices.push_back(i); return oven::fold(n) + loaf.scale(n); }
`
	sharedMain = `
#include "oven.h"
#include <cstdio>
int bake(int n);
__attribute__((noinline)) static int serve(int n) { return bake(n) + oven::fold(n + 1); }
int main(int argc, char **) { std::printf("%d\n", serve(argc)); return 0; }
`
)

// buildShared compiles the units with flags and links them; program is its path.
func buildShared(t testing.TB, directory, compiler, name string, flags ...string) (program string) {
	t.Helper()
	for file, content := range map[string]string{"oven.h": sharedHeader, "bake.cc": sharedUnit, "main.cc": sharedMain} {
		write(t, filepath.Join(directory, file), content)
	}
	var objects []string
	for _, unit := range []string{"bake", "main"} {
		object := name + "-" + unit + ".o"
		run(t, directory, compiler, append(slices.Clone(flags), "-O2", "-c", "-o", object, unit+".cc")...)
		objects = append(objects, object)
	}
	run(t, directory, compiler, append([]string{"-o", name}, append(objects, flags...)...)...)
	return filepath.Join(directory, name)
}

// besideOf is where the files beside a program are looked for: as if the machine were the process's root.
func besideOf(t *testing.T, program string) *companions {
	t.Helper()
	return &companions{
		process: openTestRoot(t, "/"), own: noRoot{}, program: program, debug: program,
		refused: func(err error) { t.Errorf("refused: %v", err) },
	}
}

// describe says everything that an index knows of its addresses.
func describe(index *lineIndex, addresses []uint64) []string {
	var all []string
	for _, address := range addresses {
		var lines []string
		for _, line := range index.lookup(address) {
			lines = append(lines, fmt.Sprintf("%s %s:%d from %d", line.SystemName, filepath.Clean(line.File), line.Line, line.StartLine))
		}
		all = append(all, fmt.Sprintf("%#x %s", address, strings.Join(lines, " < ")))
	}
	return all
}

// checkSame compares two indices of one code.
func checkSame(t *testing.T, got, want *lineIndex) {
	t.Helper()
	addresses := addressesIn(t, want, 2000)
	gotLines, wantLines := describe(got, addresses), describe(want, addresses)
	inlined, wrong := 0, 0
	for i := range wantLines {
		inlined += strings.Count(wantLines[i], " < ")
		if gotLines[i] != wantLines[i] {
			if wrong++; wrong <= 5 {
				t.Errorf("\n got  %s\n want %s", gotLines[i], wantLines[i])
			}
		}
	}
	t.Logf("%d addresses, %d inlined calls, %d differ", len(addresses), inlined, wrong)
	if inlined < 10 {
		t.Errorf("only %d inlined calls: the test shows nothing", inlined)
	}
}

// wanted skips a test whose second compiler or server is not here, also with CI=true: others show the same there.
func wanted(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil && tool != "g++" {
		t.Skip(tool + " is not installed: " + err.Error())
	}
}

func TestSplitDebugInformation(t *testing.T) {
	for _, test := range []struct {
		compiler, pack string
		flags          []string
	}{
		{"g++", "llvm-dwp", []string{"-gdwarf-5"}}, // the dwp of binutils 2.40 crashes on it
		{"g++", "dwp", []string{"-gdwarf-4"}},
		{"clang++-14", "llvm-dwp", []string{"-gdwarf-5"}},
		{"clang++-14", "llvm-dwp", []string{"-gdwarf-4"}},
	} {
		t.Run(test.compiler+test.flags[0], func(t *testing.T) {
			wanted(t, test.compiler)
			directory := t.TempDir()
			whole := buildShared(t, directory, test.compiler, "whole", test.flags...)
			split := buildShared(t, directory, test.compiler, "split", append(test.flags, "-gsplit-dwarf")...)
			want := indexOf(t, whole, whole, nil)
			if without := indexOf(t, split, split, nil); slices.Equal(describe(without, addressesIn(t, want, 500)), describe(want, addressesIn(t, want, 500))) {
				t.Fatal("nothing was split off")
			}
			t.Run("dwo files", func(t *testing.T) { checkSame(t, indexOf(t, split, split, besideOf(t, split)), want) })
			t.Run("dwo files of another build", func(t *testing.T) {
				moved := filepath.Join(t.TempDir(), "split")
				run(t, "", "cp", split, moved)
				hidden := filepath.Join(directory, "split-bake.dwo")
				content, err := os.ReadFile(hidden)
				if err != nil {
					t.Fatal(err)
				}
				run(t, directory, "cp", "split-main.dwo", hidden)
				defer write(t, hidden, string(content))
				beside, refusals := besideOf(t, moved), 0
				beside.refused = func(err error) {
					if reasonOf(err) == ReasonChecksum {
						refusals++
					}
				}
				if indexOf(t, moved, moved, beside); refusals != 1 {
					t.Errorf("%d refusals", refusals)
				}
			})
			t.Run("package", func(t *testing.T) {
				wanted(t, test.pack)
				run(t, directory, test.pack, "-e", "split", "-o", "split.dwp")
				for _, unit := range []string{"split-bake.dwo", "split-main.dwo"} {
					if err := os.Remove(filepath.Join(directory, unit)); err != nil {
						t.Fatal(err)
					}
				}
				checkSame(t, indexOf(t, split, split, besideOf(t, split)), want)
			})
		})
	}
}

func TestSharedDebugInformation(t *testing.T) {
	needTool(t, "dwz")
	for _, test := range []struct {
		name  string
		flags []string
	}{{"DWARF 4", []string{"-gdwarf-4"}}, {"DWARF 5", []string{"-gdwarf-5"}}} {
		t.Run(test.name, func(t *testing.T) {
			directory := t.TempDir()
			one := buildShared(t, directory, "g++", "one", test.flags...)
			two := buildShared(t, directory, "g++", "two", test.flags...)
			want := indexOf(t, one, one, nil)
			arguments := []string{"-m", "common.debug", "-M", "common.debug"}
			if test.name == "DWARF 5" {
				arguments = append(arguments, "--dwarf-5")
			}
			run(t, directory, "dwz", append(arguments, one, two)...)
			addresses := addressesIn(t, want, 500)
			if without := indexOf(t, one, one, nil); slices.Equal(describe(without, addresses), describe(want, addresses)) {
				t.Fatal("nothing was moved out")
			}
			checkSame(t, indexOf(t, one, one, besideOf(t, one)), want)

			// Another file in its place is not believed.
			run(t, directory, "cp", two, "common.debug")
			beside, refusals := besideOf(t, one), 0
			beside.refused = func(err error) {
				if reasonOf(err) == ReasonChecksum {
					refusals++
				}
			}
			if indexOf(t, one, one, beside); refusals == 0 {
				t.Error("another file is taken for the supplementary one")
			}
		})
	}
}
