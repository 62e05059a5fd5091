package authplugin

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	groupPrefix = "filegate-auth-"
	// groupEnd is the maximum time for the processes of a killed group to end.
	groupEnd = 2 * time.Second
)

// group is the control group (cgroups(7), version 2) of one run of a program. No process of the
// program can leave it, also not one in another process group or session.
type group struct{ dir string }

// newGroup creates a group below that of the gateway. It returns nil if the gateway may not: if
// there is no version 2, or systemd has not delegated the gateway's group.
func newGroup() *group {
	own, err := ownGroup()
	if err != nil {
		return nil
	}
	removeStaleGroups(own)
	dir, err := os.MkdirTemp(own, fmt.Sprintf("%s%d-", groupPrefix, os.Getpid()))
	if err != nil {
		return nil
	}
	g := &group{dir}
	if _, err := os.Stat(filepath.Join(dir, "cgroup.kill")); err != nil { // before Linux 5.14
		g.remove()
		return nil
	}
	return g
}

// ownGroup returns the directory of the gateway's group.
func ownGroup() (string, error) {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	return groupDir(groups, mounts)
}

// groupDir returns the directory of a process's group from the contents of /proc/PID/cgroup and
// /proc/PID/mountinfo.
func groupDir(groups, mounts []byte) (string, error) {
	var path string
	for line := range bytes.Lines(groups) {
		if p, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte("0::")); ok {
			path = string(p)
		}
	}
	for line := range bytes.Lines(mounts) {
		// "36 35 98:0 /root /mount options - type source super-options"
		const root, mount = 3, 4
		before, after, _ := strings.Cut(string(line), " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if len(fields) <= mount || len(kind) == 0 || kind[0] != "cgroup2" || path == "" || strings.HasPrefix(path, "/..") {
			continue // a path from "/.." is outside of the process's namespace
		}
		below, err := filepath.Rel(fields[root], path)
		if err == nil && filepath.IsLocal(below) {
			return filepath.Join(fields[mount], below), nil
		}
	}
	return "", errors.ErrUnsupported
}

// removeStaleGroups removes the empty groups of gateways that have ended.
func removeStaleGroups(own string) {
	found, _ := filepath.Glob(filepath.Join(own, groupPrefix+"*"))
	for _, dir := range found {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), groupPrefix), "-")
		pid, err := strconv.Atoi(owner)
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.Remove(dir)
		}
	}
}

// start calls do with attributes that start a process in the group.
func (g *group) start(attr syscall.SysProcAttr, do func(*syscall.SysProcAttr) error) error {
	f, err := os.Open(g.dir)
	if err != nil {
		return err
	}
	defer f.Close()
	attr.UseCgroupFD, attr.CgroupFD = true, int(f.Fd())
	return do(&attr)
}

// kill kills all processes of the group.
func (g *group) kill() {
	if g != nil {
		_ = os.WriteFile(filepath.Join(g.dir, "cgroup.kill"), []byte("1"), 0)
	}
}

// remove kills all processes of the group and removes it. If they do not end in time, the directory
// stays until a later gateway removes it.
func (g *group) remove() {
	if g == nil {
		return
	}
	g.kill()
	for end := time.Now().Add(groupEnd); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if err := os.Remove(g.dir); !errors.Is(err, syscall.EBUSY) {
			return
		}
	}
}

// memory returns the resident memory of all processes of the group, in bytes.
func (g *group) memory() (bytes int64, ok bool) {
	if g == nil {
		return 0, false
	}
	f, err := os.Open(filepath.Join(g.dir, "cgroup.procs"))
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if n, found := residentMemory(s.Text()); found {
			bytes, ok = bytes+n, true
		}
	}
	return bytes, ok
}
