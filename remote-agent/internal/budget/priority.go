//go:build linux

package budget

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// agentNice is the agent's place in the queue for a CPU. It needs little of one and needs that soon: the unwinder walks no
// process before it has read its mappings, and at 20 runnable processes a CPU it never came to that (every sample of them was
// lost, and counted so). What may wait, reading symbols, lowers its own threads.
const agentNice = -10

// RaisePriority puts all threads of this process before others of the machine; those that are started later inherit it. It
// needs CAP_SYS_NICE, and holds when that is given up.
func RaisePriority() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("list own threads: %w", err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, agentNice); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("raise own priority: %w", err)
		}
	}
	return nil
}
