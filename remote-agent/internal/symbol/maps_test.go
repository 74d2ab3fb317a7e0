package symbol

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseMapped(t *testing.T) {
	const maps = `55d0c0000000-55d0c0001000 r--p 00000000 fd:01 42                         /srv/app/program
55d0c0001000-55d0c0002000 r-xp 00001000 fd:01 42                         /srv/app/program
55d0c0002000-55d0c0003000 r-xp 00005000 fd:01 42                         /srv/app/program
7f0000000000-7f0000001000 r-xp 00000000 fd:01 43                         /opt/a b/program (deleted)
7f0000002000-7f0000003000 r-xp 00000000 fd:01 44                         /srv/odd\012name
7f0000004000-7f0000005000 rw-p 00000000 00:00 0
7f0000006000-7f0000007000 r-xp 00000000 00:00 0                          [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
garbage
`
	program := mappedFile{"55d0c0001000-55d0c0002000", "/srv/app/program"}
	deleted := mappedFile{"7f0000000000-7f0000001000", "/opt/a b/program"}
	for _, test := range []struct {
		wanted string
		want   []mappedFile
	}{
		{"/srv/app/program", []mappedFile{program, deleted}},
		{"/opt/a b/program (deleted)", []mappedFile{deleted, program}},
		{"program", []mappedFile{program, deleted}},
		{"/srv/odd\nname", []mappedFile{{"7f0000002000-7f0000003000", "/srv/odd\nname"}}},
		{"missing", nil},
		{"[vdso]", nil},
		{"", nil},
	} {
		got, err := parseMapped(strings.NewReader(maps), test.wanted)
		if err != nil || len(got)+len(test.want) > 0 && !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: got %v, %v", test.wanted, got, err)
		}
	}
}

func TestParseMappedKeepsFewCandidates(t *testing.T) {
	var maps strings.Builder
	for i := range 1000 {
		maps.WriteString("1000-2000 r-xp 00000000 fd:01 1 /" + strings.Repeat("x", i+1) + "/lib\n")
	}
	got, err := parseMapped(strings.NewReader(maps.String()), "lib")
	if err != nil || len(got) != maxCandidates {
		t.Errorf("got %d candidates, %v", len(got), err)
	}
	if _, err := parseMapped(strings.NewReader(strings.Repeat("x", 1<<20)), "lib"); err == nil {
		t.Error("an endless line is no error")
	}
}
