package symbol

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// indexOf builds the line index of a file whose debug information lies in debug, which may be the same.
func indexOf(t testing.TB, program, debug string, beside *companions) *lineIndex {
	t.Helper()
	read := func(path string) *image {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := readImage(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	builder, err := buildLineIndex(read(debug), beside, read(program).segments, newAllowance(t.TempDir(), func() {}))
	if err != nil {
		t.Fatal(err)
	}
	var written bytes.Buffer
	if err := builder.writeTo(&written); err != nil {
		t.Fatal(err)
	}
	index, err := openLineIndex(bytes.NewReader(written.Bytes()), int64(written.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// addressesIn lists every step-th address of a file's code.
func addressesIn(t *testing.T, index *lineIndex, most int) []uint64 {
	t.Helper()
	count := index.counts[partRows]
	var addresses []uint64
	for i := int64(0); i < count; i += max(1, count/int64(most)) {
		row := index.numbers(partRows, i)
		if !(indexRow{row[0], row[1], row[2]}).isGap() {
			addresses = append(addresses, index.base+uint64(row[0]), index.base+uint64(row[0])+1)
		}
	}
	return addresses
}

// positions is what a file says of addresses, as text: "function file:line", innermost first.
type positions map[uint64][]string

// addr2line asks a tool that is used like that of binutils. It knows inlined calls; names are for people.
func addr2line(t *testing.T, tool, path string, addresses []uint64) positions {
	t.Helper()
	arguments := []string{"-i", "-f", "-a", "-e", path}
	for _, address := range addresses {
		arguments = append(arguments, fmt.Sprintf("%#x", address))
	}
	found := positions{}
	var at uint64
	var function string
	for line := range strings.Lines(run(t, "", tool, arguments...)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "0x"):
			at, _ = strconv.ParseUint(line[2:], 16, 64)
			function = ""
		case function == "":
			function, _ = displayName(line)
		default:
			position, _, _ := strings.Cut(line, " (discriminator")
			if file, number, ok := cutLast(position, ":"); ok {
				position = filepath.Clean(file) + ":" + strings.ReplaceAll(number, "?", "0")
			}
			found[at] = append(found[at], function+" "+position)
			function = ""
		}
	}
	return found
}

// goAddr2line asks Go's own tool, which knows no inlined calls: the innermost position only.
func goAddr2line(t *testing.T, path string, addresses []uint64) positions {
	t.Helper()
	command := exec.Command(needTool(t, "go"), "tool", "addr2line", path)
	var questions bytes.Buffer
	for _, address := range addresses {
		fmt.Fprintf(&questions, "%#x\n", address)
	}
	command.Stdin = &questions
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	found, lines := positions{}, strings.Split(string(output), "\n")
	for i, address := range addresses {
		found[address] = []string{"? " + lines[2*i+1]}
	}
	return found
}

func cutLast(text, separator string) (before, after string, found bool) {
	place := strings.LastIndex(text, separator)
	if place < 0 {
		return text, "", false
	}
	return text[:place], text[place+len(separator):], true
}

// checkPositions compares an index with what another reader says. Some addresses may differ where that one falls back on the
// symbol table, or reads a compiler's "no line" in another way.
func checkPositions(t *testing.T, index *lineIndex, addresses []uint64, want positions, innermostOnly bool) {
	t.Helper()
	wrong, inlined := 0, 0
	for _, address := range addresses {
		var got []string
		for _, line := range index.lookup(address) {
			name, _ := displayName(line.SystemName)
			got = append(got, fmt.Sprintf("%s %s:%d", name, filepath.Clean(line.File), line.Line))
		}
		if len(got) > 1 {
			inlined++
		}
		expected := slices.Clone(want[address])
		for _, list := range [][]string{got, expected} { // the outermost name comes from the symbol table, in the resolver too
			if last := len(list) - 1; last >= 0 {
				_, position, _ := cutLast(list[last], " ")
				list[last] = "? " + position
			}
		}
		if len(expected) == 1 && len(got) > 1 && innermostOnly {
			_, position, _ := cutLast(got[0], " ")
			got = []string{"? " + position}
		}
		if !slices.Equal(got, expected) {
			if wrong++; wrong <= 6 {
				t.Logf("%#x:\n got  %q\n want %q", address, got, expected)
			}
		}
	}
	t.Logf("%d addresses, %d with inlined calls, %d differ", len(addresses), inlined, wrong)
	if wrong*100 > len(addresses) {
		t.Errorf("%d of %d addresses differ", wrong, len(addresses))
	}
}

func TestLinesOfRealPrograms(t *testing.T) {
	for _, program := range programs {
		t.Run(program.name, func(t *testing.T) {
			path := program.build(t)
			index := indexOf(t, path, path, nil)
			addresses := addressesIn(t, index, 400)
			if program.compile[0] == "go" { // binutils does not read what Go writes
				checkPositions(t, index, addresses, goAddr2line(t, path, addresses), true)
			} else {
				checkPositions(t, index, addresses, addr2line(t, "addr2line", path, addresses), false)
			}
		})
	}
}

// TestLinesOfTheCLibrary reads what a distribution ships: compressed sections in a separate file, shared units, assembly.
func TestLinesOfTheCLibrary(t *testing.T) {
	library := "/lib/x86_64-linux-gnu/libc.so.6"
	if _, err := os.Stat(library); err != nil {
		missing(t, "no glibc here: "+err.Error())
	}
	buildID := mappingOf(t, library).BuildID
	debug := debugRoot + "/.build-id/" + buildID[:2] + "/" + buildID[2:] + ".debug"
	if _, err := os.Stat(debug); err != nil {
		missing(t, "debug symbols of the C library are not installed (libc6-dbg): "+err.Error())
	}
	began := time.Now()
	index := indexOf(t, library, debug, nil)
	t.Logf("%s: %v", time.Since(began), index.counts)
	addresses := addressesIn(t, index, 2000)
	checkPositions(t, index, addresses, addr2line(t, "llvm-addr2line", debug, addresses), false)
}
