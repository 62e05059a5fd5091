package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/PID/stat, which is constant on Linux.
const tick = 10 * time.Millisecond

// usage is the resource usage of a process and its descendants.
type usage struct {
	cpu  time.Duration // including descendants that have ended
	peak int64         // the sum of the peaks of resident memory of the running processes
}

// usageOf returns the usage of a process and its descendants. A descendant that ends during the
// call may count twice or not at all. So exact values are read when no process ends.
func usageOf(pid int) (usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, err
	}
	var u usage
	if u.cpu, err = parseStat(stat); err != nil {
		return usage{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return usage{}, err
	}
	if u.peak, err = parseStatus(status); err != nil {
		return usage{}, fmt.Errorf("/proc/%d/status: %w", pid, err)
	}
	for _, child := range childrenOf(pid) {
		// A child that has ended is counted by its parent.
		if below, err := usageOf(child); err == nil {
			u.cpu += below.cpu
			u.peak += below.peak
		}
	}
	return u, nil
}

// parseStat returns the CPU time of a process and of its children that have ended and been waited
// for.
func parseStat(stat []byte) (time.Duration, error) {
	// The name is in parentheses and may contain any characters; the other fields are numbers.
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, errors.New("there is no name in parentheses")
	}
	fields := strings.Fields(string(stat[end+1:]))
	// The numbers of the fields in proc(5). The fields are utime, stime, cutime, cstime.
	const first, utime, cstime = 3, 14, 17
	if len(fields) <= cstime-first {
		return 0, fmt.Errorf("%d fields after the name are too few", len(fields))
	}
	var ticks int64
	for _, field := range fields[utime-first : cstime-first+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// parseStatus returns the peak of resident memory. A zombie process has none.
func parseStatus(status []byte) (int64, error) {
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		value, ok := strings.CutPrefix(lines.Text(), "VmHWM:")
		if !ok {
			continue
		}
		kib, ok := strings.CutSuffix(strings.TrimSpace(value), " kB")
		if !ok {
			return 0, fmt.Errorf("VmHWM has an unknown unit: %q", value)
		}
		n, err := strconv.ParseInt(kib, 10, 64)
		return n << 10, err
	}
	return 0, lines.Err()
}

func childrenOf(pid int) []int {
	var all []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}
