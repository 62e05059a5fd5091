package authplugin

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Memory implements auth.MemoryUser. It is the memory of the program, and also of its child
// processes if it has a control group.
func (p *program) Memory() (bytes int64, ok bool) {
	p.mu.Lock()
	inst := p.current
	p.mu.Unlock()
	if inst == nil {
		return 0, false
	}
	if bytes, ok := inst.process.group.memory(); ok {
		return bytes, true
	}
	return residentMemory(inst.process.ID())
}

// residentMemory returns the resident memory of a process, in bytes, from proc(5). It returns false
// if there is no such process, and on systems without /proc.
func residentMemory(pid string) (bytes int64, ok bool) {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "statm"))
	if err != nil {
		return 0, false
	}
	const resident = 1 // "size resident shared …", in pages
	fields := strings.Fields(string(text))
	if len(fields) <= resident {
		return 0, false
	}
	pages, err := strconv.ParseInt(fields[resident], 10, 64)
	return pages * int64(os.Getpagesize()), err == nil
}
