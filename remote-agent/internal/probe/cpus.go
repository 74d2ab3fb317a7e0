package probe

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

const onlineCPUsPath = "/sys/devices/system/cpu/online"

// onlineCPUs lists the CPUs that run now, ascending.
func onlineCPUs() ([]int, error) {
	content, err := os.ReadFile(onlineCPUsPath)
	if err != nil {
		return nil, fmt.Errorf("list online cpus: %w", err)
	}
	cpus, err := parseCPUList(strings.TrimSpace(string(content)))
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", onlineCPUsPath, err)
	}
	return cpus, nil
}

// parseCPUList reads the kernel's list format: "0-3,8,10-11".
func parseCPUList(list string) ([]int, error) {
	var cpus []int
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.ParseUint(first, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("cpu list %q: %w", list, err)
		}
		to := from
		if isRange {
			if to, err = strconv.ParseUint(last, 10, 16); err != nil {
				return nil, fmt.Errorf("cpu list %q: %w", list, err)
			}
		}
		for cpu := from; cpu <= to; cpu++ {
			cpus = append(cpus, int(cpu))
		}
	}
	return cpus, nil
}
