package engine

import (
	"slices"
	"strings"
	"testing"
)

func TestMadeRegions(t *testing.T) {
	const maps = `559a00000000-559a00001000 r-xp 00000000 fe:01 77 /usr/bin/program
7f0000000000-7f0000010000 r-xp 00000000 00:00 0 
7f0000010000-7f0000020000 rw-p 00000000 00:00 0 
7f0000020000-7f0000030000 rwxp 00000000 00:00 0 [anon:jit code]
7f0000030000-7f0000040000 r-xp 00000000 00:05 9 /memfd:code (deleted)
7f0000040000-7f0040040000 r-xp 00000000 00:00 0 
7fff00000000-7fff00001000 r-xp 00000000 00:00 0 [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
nonsense
`
	regions, err := parseMadeRegions(strings.NewReader(maps))
	want := []region{{start: 0x7f0000000000, end: 0x7f0000010000}, {start: 0x7f0000020000, end: 0x7f0000030000}}
	if err != nil || !slices.Equal(regions, want) {
		t.Errorf("%x, %v", regions, err)
	}
}

func TestTrampolines(t *testing.T) {
	for code, want := range map[string]bool{
		"\x48\x83\xec\x08\xff\xd1\x48\x83\xc4\x08\xc3\x00\x00\x00\x00\x00": true,
		"\xf3\x0f\x1e\xfa\x48\x83\xec\x08\xff\xd1\x48\x83\xc4\x08\xc3\x00": true,
		"\x55\x48\x89\xe5\xff\xd1\x5d\xc3\x00\x00\x00\x00\x00\x00\x00\x00": false,
		"\x48\x83\xec\x18\xff\xd1\x48\x83\xc4\x18\xc3\x00\x00\x00\x00\x00": false,
	} {
		if got := isTrampoline([]byte(code)); got != want {
			t.Errorf("%x: %v", code, got)
		}
	}
}

func TestStartTimeTellsProcessesApart(t *testing.T) {
	if started, err := startTimeOf(1); err != nil {
		t.Error(started, err)
	}
	if _, err := startTimeOf(1 << 30); err == nil {
		t.Error("a process that does not exist has begun")
	}
}
