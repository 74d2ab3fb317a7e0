package budget

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadOnlyFile(t *testing.T) {
	for line, want := range map[string]bool{
		"00400000-00b3a000 r-xp 00000000 fd:01 1234                       /usr/bin/it":      true,
		"00b3a000-00c00000 r--p 0073a000 fd:01 1234                       /usr/bin/it":      true,
		"7f0000000000-7f0000010000 r--s 00000000 fd:01 77 /var/lib/pyrometer/#77 (deleted)": true,
		"00c00000-00d00000 rw-p 00800000 fd:01 1234                       /usr/bin/it":      false,
		"c000000000-c004000000 rw-p 00000000 00:00 0":                                       false,
		"7ffd0000-7ffd2000 r-xp 00000000 00:00 0                          [vdso]":           false,
		"7f0000000000-7f0000010000 r--p 00000000 00:00 0":                                   false,
		"---": false,
	} {
		if _, _, ok := readOnlyFile(line); ok != want {
			t.Errorf("readOnlyFile(%q) = %v", line, ok)
		}
	}
	if start, length, _ := readOnlyFile("00400000-00b3a000 r-xp 00000000 fd:01 1234 /it"); start != 0x400000 || length != 0x73a000 {
		t.Errorf("from %#x, %#x bytes", start, length)
	}
}

func TestReleaseFilePages(t *testing.T) {
	const pages = 256
	content := make([]byte, pages*os.Getpagesize())
	for i := range content {
		content[i] = byte(i % 251)
	}
	path := filepath.Join(t.TempDir(), "table")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	mapped, err := unix.Mmap(int(file.Fd()), 0, len(content), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(mapped) }()
	if string(mapped) != string(content) {
		t.Fatal("the mapping differs from its file")
	}
	before := residentFileKB(t)
	if err := ReleaseFilePages(); err != nil {
		t.Fatal(err)
	}
	if after := residentFileKB(t); after > before-pages*4*3/4 {
		t.Errorf("%d kB of files before, %d after", before, after)
	}
	if string(mapped) != string(content) {
		t.Error("the mapping differs from its file after its pages were released")
	}
}

// TestReleaseKeepsWhatWasChanged looks at a mapping as a dynamic linker leaves one: changed, then protected.
func TestReleaseKeepsWhatWasChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "library")
	if err := os.WriteFile(path, make([]byte, 4*os.Getpagesize()), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	mapped, err := unix.Mmap(int(file.Fd()), 0, 4*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(mapped) }()
	mapped[5] = 1
	if err := unix.Mprotect(mapped, unix.PROT_READ); err != nil {
		t.Fatal(err)
	}
	if err := ReleaseFilePages(); err != nil {
		t.Fatal(err)
	}
	if mapped[5] != 1 {
		t.Error("a change is gone")
	}
}

// residentFileKB is RssFile of this process (proc_pid_status(5)).
func residentFileKB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	value, err := strconv.Atoi(trimUnit(fieldOf(status, "RssFile:")))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func trimUnit(value string) string { return value[:len(value)-len(" kB")] }
