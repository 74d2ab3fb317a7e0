package privilege

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// systemd gives users of this range to services for as long as they run; nobody else should own one.
const (
	firstDynamicUID uint32 = 61184
	lastDynamicUID  uint32 = 65519
)

// ErrNoFreeUID says that all user ids of the dynamic range are taken.
var ErrNoFreeUID = fmt.Errorf("every user id from %d to %d is taken", firstDynamicUID, lastDynamicUID)

// FreeUID chooses a user and group id that nobody has: not in the account files, not of a running process. previous, the
// owner of what an earlier agent left, is chosen again when it still is such an id; 0 for none.
func FreeUID(previous uint32) (uint32, error) {
	taken := make(map[uint32]bool)
	for _, file := range []string{"/etc/passwd", "/etc/group"} {
		if err := addAccounts(taken, file); err != nil {
			return 0, err
		}
	}
	if err := addRunningUsers(taken, "/proc"); err != nil {
		return 0, err
	}
	return chooseUID(previous, taken)
}

func chooseUID(previous uint32, taken map[uint32]bool) (uint32, error) {
	if previous >= firstDynamicUID && previous <= lastDynamicUID && !taken[previous] {
		return previous, nil
	}
	// From the end: systemd draws from the whole range, container engines begin at the start.
	for uid := lastDynamicUID; uid >= firstDynamicUID; uid-- {
		if !taken[uid] {
			return uid, nil
		}
	}
	return 0, ErrNoFreeUID
}

// addAccounts adds the third field of passwd and group files, both the id.
func addAccounts(taken map[uint32]bool, path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read accounts: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		if len(fields) < 3 {
			continue
		}
		if id, err := strconv.ParseUint(fields[2], 10, 32); err == nil {
			taken[uint32(id)] = true
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read accounts %s: %w", path, err)
	}
	return nil
}

// addRunningUsers adds the owners of all processes.
func addRunningUsers(taken map[uint32]bool, proc string) error {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return fmt.Errorf("list processes: %w", err)
	}
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		info, err := os.Stat(filepath.Join(proc, entry.Name()))
		if err != nil {
			continue // ended meanwhile
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			taken[owner.Uid] = true
		}
	}
	return nil
}

// OwnerOf returns the user that owns path, 0 when there is none.
func OwnerOf(path string) uint32 {
	info, err := os.Lstat(path)
	if err != nil {
		return 0
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		return owner.Uid
	}
	return 0
}

// GiveTree makes uid the owner and group of a directory and all that is in it. Links are given, not followed.
func GiveTree(root string, uid uint32) error {
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(uid), int(uid))
	})
	if err != nil {
		return fmt.Errorf("give %s to user %d: %w", root, uid, err)
	}
	return nil
}
