package symbol

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"pyrometer.dev/remote-agent/internal/engine"
)

func TestPerfMapLines(t *testing.T) {
	for _, test := range []struct {
		name, content string
		// want is "address=function" at several addresses, "-" where nothing names them.
		want string
	}{
		{"plain", "1000 20 first\n1020 10 second one\n", "fff=- 1000=first 101f=first 1020=second one 102f=second one 1030=-"},
		{"prefixes and carriage returns", "0x1000 0x20 first\r\n", "1000=first"},
		{"later code at the same place", "1000 20 old\n1000 20 new\n", "1000=new 101f=new 1020=-"},
		{"later code over a part", "1000 40 old\n1010 10 new\n", "100f=old 1010=new 101f=new 1020=old 103f=old 1040=-"},
		{"later code over several", "1000 10 a\n1010 10 b\n1020 10 c\n1008 20 new\n", "1007=a 1008=new 1018=new 1027=new 1028=c 1030=-"},
		{"earlier code within later", "1010 10 old\n1000 40 new\n", "1000=new 1010=new 101f=new 103f=new"},
		{"a line that is being written", "1000 20 first\n1020 10 sec", "1000=first 1020=-"},
		{"what is no line", "\n# x\nzz 10 bad\n2000 zz bad\n2000 0 empty\n2000 10 \n2000 10\nffffffffffffffff 10 far\n2000 ffffffffff huge\n1000 20 first\n", "1000=first 2000=-"},
		{"a line without an end in sight", strings.Repeat("1000 20 x", windowBytes) + "\n1000 20 first\n", "1000=first"},
		{"a NUL in a name", "1000 20 fi\x00rst\n", "1000=first"},
	} {
		t.Run(test.name, func(t *testing.T) {
			table, err := parsePerfMap(inMemory([]byte(test.content)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, address := range addressesOf(test.want) {
				name := "-"
				if found, ok := table.Lookup(address); ok {
					name = found.Name
				}
				got = append(got, fmt.Sprintf("%x=%s", address, name))
			}
			if joined := strings.Join(got, " "); joined != test.want {
				t.Errorf("got  %s\nwant %s", joined, test.want)
			}
		})
	}
	if _, err := parsePerfMap(inMemory([]byte("nothing\n"))); reasonOf(err) != ReasonNoSymbols {
		t.Error(err)
	}
}

// addressesOf reads the numbers before each "=".
func addressesOf(text string) []uint64 {
	var addresses []uint64
	for _, word := range strings.Fields(text) {
		var address uint64
		if number, _, ok := strings.Cut(word, "="); ok {
			if _, err := fmt.Sscanf(number, "%x", &address); err == nil {
				addresses = append(addresses, address)
			}
		}
	}
	return addresses
}

// inContainer runs a program as process 1 of a namespace of its own with a root of its own.
func inContainer(t *testing.T) (pid uint32, root string) {
	t.Helper()
	if os.Getuid() != 0 {
		missing(t, "a process in a root of its own needs root")
	}
	root = t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "main.c")
	write(t, source, waiting)
	run(t, root, "gcc", "-O1", "-static", "-o", "waiting", source)
	command := exec.Command("/waiting")
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Cloneflags: syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // the signal comes when the thread ends that started it
	t.Cleanup(runtime.UnlockOSThread)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return uint32(command.Process.Pid), root
}

func TestPerfMapOfAContainer(t *testing.T) {
	pid, root := inContainer(t)
	path := filepath.Join(root, "tmp/perf-1.map")
	finder := NewPerfMaps()
	if _, ok := finder.Find(pid); ok {
		t.Fatal("a map is found where there is none")
	}
	write(t, path, "1000 20 first\n")
	if found, ok := finder.Find(pid); !ok || found != "/tmp/perf-1.map" {
		t.Fatal(found, ok)
	}
	for look := range 1000 {
		if _, ok := finder.Find(pid); !ok {
			t.Fatalf("look %d found nothing, right after the one before", look)
		}
	}
	now := &clock{}
	renamed := make(chan bool, 10)
	resolver := newTestResolver(t, Options{Now: now.Now, Directory: t.TempDir(), OnNames: func(_ string, all bool) { renamed <- all }})
	mapping := &engine.Mapping{FileID: "0123456789abcdef0123456789abcdef", Path: "/tmp/perf-1.map"}
	resolver.Observe(pid, mapping)
	if name := nameAt(t, resolver, mapping, 0x1004); name != "first" {
		t.Errorf("%q", name)
	}
	if name := nameAt(t, resolver, mapping, 0x2004); name != "" {
		t.Errorf("%q before it was written", name)
	}
	<-renamed

	t.Run("what is appended is noticed", func(t *testing.T) {
		write(t, path, "1000 20 first\n2000 20 second\n")
		resolver.Observe(pid, mapping)
		if name := nameAt(t, resolver, mapping, 0x2004); name != "" {
			t.Errorf("%q: it was read again too early", name)
		}
		now.turn(perfMapRetry)
		resolver.Observe(pid, mapping)
		if all := <-renamed; all {
			t.Error("names of earlier code are taken back")
		}
		if name := nameAt(t, resolver, mapping, 0x2004); name != "second" {
			t.Errorf("%q", name)
		}
	})
	t.Run("an unchanged map is not read again", func(t *testing.T) {
		before := resolver.Counters()[counterParsed]
		now.turn(perfMapRetry)
		resolver.Observe(pid, mapping)
		waitRead(t, resolver, mapping)
		if after := resolver.Counters()[counterParsed]; after != before {
			t.Errorf("read %d times more", after-before)
		}
	})
	t.Run("a regenerated map is noticed", func(t *testing.T) {
		write(t, path+".new", "1000 20 other\n2000 20 things\n")
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		now.turn(perfMapRetry)
		resolver.Observe(pid, mapping)
		<-renamed
		if name := nameAt(t, resolver, mapping, 0x1004); name != "other" {
			t.Errorf("%q", name)
		}
	})
}

// waitRead waits until nothing is being read of a file.
func waitRead(t *testing.T, resolver *FileResolver, mapping *engine.Mapping) {
	t.Helper()
	resolver.mutex.Lock()
	pending := resolver.entries[mapping.FileID].reading
	resolver.mutex.Unlock()
	if pending != nil {
		<-pending.done
	}
}

func TestHostilePerfMaps(t *testing.T) {
	pid, root := inContainer(t)
	path := filepath.Join(root, "tmp/perf-1.map")
	secret := filepath.Join(t.TempDir(), "secret.map")
	write(t, secret, "1000 20 secret_of_the_host\n")
	for _, test := range []struct {
		name string
		make func() error
		want Reason
	}{
		{"a link out of the container", func() error { return os.Symlink(secret, path) }, ReasonGone},
		{"a climbing link", func() error { return os.Symlink("../../../../../../../.."+secret, path) }, ReasonGone},
		{"a link through procfs", func() error { return os.Symlink("/proc/1/root"+secret, path) }, ReasonGone},
		{"a FIFO", func() error { return unix.Mkfifo(path, 0o644) }, ReasonNotRegular},
		{"a folder", func() error { return os.Mkdir(path, 0o755) }, ReasonNotRegular},
		{"a gigabyte", func() error {
			return errors.Join(os.WriteFile(path, []byte("1000 20 x\n"), 0o600), os.Truncate(path, 1<<30))
		}, ReasonSize},
		{"nothing but zeros", func() error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, maxPerfMapBytes)) }, ReasonNoSymbols},
		{"too many lines", func() error {
			return os.WriteFile(path, []byte(strings.Repeat("1000 20 x\n", maxTableSymbols+1)), 0o600)
		}, ReasonTooMany},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.make(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = os.RemoveAll(path) }()
			resolver := newTestResolver(t, Options{})
			mapping := &engine.Mapping{FileID: "0123456789abcdef0123456789abcdef", Path: "/tmp/perf-1.map"}
			resolver.Observe(pid, mapping)
			if name := nameAt(t, resolver, mapping, 0x1004); name != "" {
				t.Errorf("%q", name)
			}
			counters := resolver.Counters()
			if counters[counterRefused+string(test.want)] != 1 {
				t.Errorf("counters %v, want one refusal as %s", counters, test.want)
			}
			if test.want == ReasonSize && counters[counterBytesRead] != 0 {
				t.Errorf("%d bytes of it were read", counters[counterBytesRead])
			}
		})
	}
}

func FuzzPerfMap(f *testing.F) {
	f.Add([]byte("1000 20 first\n1010 20 second\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		table, err := parsePerfMap(inMemory(content))
		if err != nil {
			return
		}
		for i := range table.starts {
			if i > 0 && table.starts[i] <= table.starts[i-1] {
				t.Fatalf("ranges do not rise: %x", table.starts)
			}
			table.Lookup(table.starts[i])
		}
		if last := len(table.owners) - 1; table.owners[last] != noFunction {
			t.Fatal("the last range has no end")
		}
	})
}
