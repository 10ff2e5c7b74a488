package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// family is a process and its descendants, for helpers that start others. A kernel without the children files gives the
// process alone.
func family(pid int) []int {
	pids := []int{pid}
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, task := range tasks {
		list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		for _, word := range bytes.Fields(list) {
			if child, err := strconv.Atoi(string(word)); err == nil {
				pids = append(pids, family(child)...)
			}
		}
	}
	return pids
}

// cpuTime is the CPU time used so far by all threads of these processes, in nanoseconds and not in ticks of 10 ms.
func cpuTime(pids []int) (time.Duration, error) {
	var total time.Duration
	for _, pid := range pids {
		var ts unix.Timespec
		if err := unix.ClockGettime(cpuClock(pid), &ts); err != nil {
			return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
		}
		total += time.Duration(ts.Nano())
	}
	return total, nil
}

// cpuClock is what clock_getcpuclockid(3) computes: CPUCLOCK_SCHED of the process in the kernel's posix-timers.
func cpuClock(pid int) int32 {
	const cpuClockSched = 2
	return int32(^pid)<<3 | cpuClockSched
}

// pss is the memory of these processes in bytes, pages shared by n processes counting 1/n each.
func pss(pids []int) (int64, error) {
	var total int64
	for _, pid := range pids {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return 0, err
		}
		kb, err := parsePSS(rollup)
		if err != nil {
			return 0, fmt.Errorf("process %d: %w", pid, err)
		}
		total += kb << 10
	}
	return total, nil
}

// parsePSS finds the line "Pss:  1234 kB".
func parsePSS(rollup []byte) (int64, error) {
	for line := range bytes.Lines(rollup) {
		words := bytes.Fields(line)
		if len(words) == 3 && string(words[0]) == "Pss:" && string(words[2]) == "kB" {
			return strconv.ParseInt(string(words[1]), 10, 64)
		}
	}
	return 0, fmt.Errorf("smaps_rollup has no Pss line")
}
