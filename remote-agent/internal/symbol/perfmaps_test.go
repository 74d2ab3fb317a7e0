package symbol

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// withHangingTmp runs a process that sees a FUSE file system in /tmp which never answers. mend ends it, as when its server dies.
func withHangingTmp(t *testing.T) (pid uint32, mend func()) {
	t.Helper()
	fuse, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		missing(t, "FUSE: "+err.Error())
	}
	command := exec.Command("unshare", "--mount", "sh", "-c",
		"mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other hangs /tmp && echo mounted && exec sleep 600")
	command.ExtraFiles = []*os.File{fuse}
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		missing(t, "unshare: "+err.Error())
	}
	ended := false
	mend = func() {
		if ended {
			return
		}
		ended = true
		_ = command.Process.Kill()
		_ = fuse.Close()
		_ = command.Wait()
	}
	t.Cleanup(mend)
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "mounted\n" {
		missing(t, "a FUSE mount in a namespace of its own: "+line)
	}
	return uint32(command.Process.Pid), mend
}

func TestAHangingFileSystemDoesNotKeepOthersFromTheirPerfMaps(t *testing.T) {
	hanging, mend := withHangingTmp(t)
	other, root := inContainer(t)
	write(t, filepath.Join(root, "tmp/perf-1.map"), "1000 20 first\n")
	finder := NewPerfMaps()
	within(t, 20*time.Second, func() {
		for range 50 { // Only the first look takes its time.
			if path, ok := finder.Find(hanging); ok {
				t.Errorf("%q is found where nothing answers", path)
			}
		}
		if path, ok := finder.Find(other); !ok || path != "/tmp/perf-1.map" {
			t.Errorf("another process has to wait: %q %v", path, ok)
		}
	})
	looks := func() int {
		finder.mutex.Lock()
		defer finder.mutex.Unlock()
		return len(finder.looking)
	}
	if looks() != 1 {
		t.Errorf("%d looks hang, want 1", looks())
	}
	mend()
	for deadline := time.Now().Add(10 * time.Second); looks() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the look that hung does not end")
		}
	}
}
