package privilege

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestChooseUIDPrefersThePreviousOwner(t *testing.T) {
	everything := make(map[uint32]bool)
	for uid := firstDynamicUID; uid <= lastDynamicUID; uid++ {
		everything[uid] = true
	}
	for _, test := range []struct {
		name     string
		previous uint32
		taken    map[uint32]bool
		want     uint32
		err      error
	}{
		{"none before", 0, nil, lastDynamicUID, nil},
		{"free again", 61999, nil, 61999, nil},
		{"taken meanwhile", 61999, map[uint32]bool{61999: true}, lastDynamicUID, nil},
		{"an ordinary user's", 1000, nil, lastDynamicUID, nil},
		{"root's", 0, map[uint32]bool{lastDynamicUID: true, lastDynamicUID - 1: true}, lastDynamicUID - 2, nil},
		{"all taken", 0, everything, 0, ErrNoFreeUID},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := chooseUID(test.previous, test.taken)
			if got != test.want || !errors.Is(err, test.err) {
				t.Errorf("chooseUID = %d, %v, want %d, %v", got, err, test.want, test.err)
			}
		})
	}
}

func TestAccountsOfFilesAreTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "passwd")
	content := "root:x:0:0:root:/root:/bin/sh\nbroken\nmisplaced:x:abc\ndynamic:x:61200:61200::/:/bin/false\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	taken := make(map[uint32]bool)
	if err := addAccounts(taken, path); err != nil {
		t.Fatal(err)
	}
	if len(taken) != 2 || !taken[0] || !taken[61200] {
		t.Errorf("taken = %v, want 0 and 61200", taken)
	}
	if err := addAccounts(taken, path+".absent"); err != nil {
		t.Errorf("absent file: %v, want none", err)
	}
}

func TestVerifyStatusRefusesWhatIsLeft(t *testing.T) {
	want := Dropped{UID: 61999, Capabilities: SetOf(unix.CAP_BPF)}
	status := "Name:\tagent\nUid:\t61999\t61999\t61999\t61999\nCapInh:\t0000000000000000\nCapPrm:\t0000008000000000\n" +
		"CapEff:\t0000008000000000\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n"
	if err := verifyStatus(status, want); err != nil {
		t.Errorf("as wanted: %v", err)
	}
	for name, changed := range map[string]string{
		"saved uid is root": strings.Replace(status, "61999\t61999\n", "0\t61999\n", 1),
		"more permitted":    strings.Replace(status, "CapPrm:\t00000080", "CapPrm:\t00000081", 1),
		"may gain by exec":  strings.Replace(status, "NoNewPrivs:\t1", "NoNewPrivs:\t0", 1),
		"ambient is hidden": strings.Replace(status, "CapAmb:\t0000000000000000\n", "", 1),
	} {
		if changed == status {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := verifyStatus(changed, want); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestGiveTreeGivesLinksAndNotWhatTheyPointTo(t *testing.T) {
	root := t.TempDir()
	inside := filepath.Join(root, "directory", "file")
	if err := os.MkdirAll(filepath.Dir(inside), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inside, nil, 0o660); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		outside := filepath.Join(t.TempDir(), "outside")
		if err := os.WriteFile(outside, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
			t.Fatal(err)
		}
		if err := GiveTree(root, 61999); err != nil {
			t.Fatal(err)
		}
		if OwnerOf(inside) != 61999 || OwnerOf(root) != 61999 {
			t.Errorf("owners = %d, %d, want 61999", OwnerOf(inside), OwnerOf(root))
		}
		if OwnerOf(outside) != 0 {
			t.Error("what a link points to was given away")
		}
	}
}

func TestPreflightSaysOneSentenceEach(t *testing.T) {
	report := Preflight(filepath.Join(t.TempDir(), "not", "there", "yet"))
	if report.Kernel == "" || report.DiskFreeBytes == 0 {
		t.Errorf("kernel %q, disk %d", report.Kernel, report.DiskFreeBytes)
	}
	for _, refusal := range report.Refusals {
		if !strings.HasSuffix(refusal.Message, ".") || strings.Count(refusal.Message, ". ") > 0 || refusal.Code == "" {
			t.Errorf("refusal is not one sentence: %+v", refusal)
		}
	}
	if slices.Contains(report.MissingCapabilities, "") {
		t.Errorf("missing capabilities = %q", report.MissingCapabilities)
	}
}

func TestPIDNamespaceOfItsOwnIsRefused(t *testing.T) {
	for _, test := range []struct {
		name, namespace string
		refused         bool
	}{
		{"the host's", "pid:[4026531836]", false},
		{"a container's", "pid:[4026532281]", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			link := filepath.Join(t.TempDir(), "pid")
			if err := os.Symlink(test.namespace, link); err != nil {
				t.Fatal(err)
			}
			refusal := probePIDNamespace(link)
			if (refusal != nil) != test.refused {
				t.Fatalf("refusal = %+v", refusal)
			}
			if refusal != nil && (refusal.Code != RefusalPIDNamespace || !strings.Contains(refusal.Message, "--pid=host")) {
				t.Errorf("refusal = %+v", refusal)
			}
		})
	}
	if refusal := probePIDNamespace(filepath.Join(t.TempDir(), "absent")); refusal != nil {
		t.Errorf("unknown namespace: %+v", refusal)
	}
}

// TestPreflightInAPIDNamespace runs this test's binary in a namespace of its own, where preflight must refuse.
func TestPreflightInAPIDNamespace(t *testing.T) {
	if os.Getenv("PYROMETER_TEST_PREFLIGHT") != "" {
		for _, refusal := range Preflight(t.TempDir()).Refusals {
			fmt.Println("refused:", refusal.Code)
		}
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make a PID namespace")
	}
	child := exec.Command("/proc/self/exe", "-test.run=^TestPreflightInAPIDNamespace$")
	child.Env = append(os.Environ(), "PYROMETER_TEST_PREFLIGHT=1")
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	said, err := child.CombinedOutput()
	if err != nil {
		t.Skipf("a PID namespace cannot be made here: %v, %s", err, said)
	}
	if !strings.Contains(string(said), "refused: "+string(RefusalPIDNamespace)) {
		t.Errorf("preflight said %s", said)
	}
}
