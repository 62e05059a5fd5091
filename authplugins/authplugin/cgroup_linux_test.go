package authplugin

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestDaemons tests that a child of a program ends with it, although the child has its own session
// and its parent has ended. This takes a control group.
func TestDaemons(t *testing.T) {
	g := newGroup()
	if g == nil {
		t.Skip("this process may not create control groups of version 2")
	}
	g.remove()
	if _, err := os.Stat(g.dir); !os.IsNotExist(err) {
		t.Errorf("an empty group was not removed: %v", err)
	}
	for name, end := range map[string]func(t *testing.T, p *program){
		"closed": func(t *testing.T, p *program) {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		},
		"killed": func(t *testing.T, p *program) { kill(t, p.pid(t), syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			path := programAs(t, "has-daemon")
			p := mustLaunch(t, &Launcher{}, spec(t, path, nil))
			text, err := os.ReadFile(path + ".child")
			if err != nil {
				t.Fatal(err)
			}
			child, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil || !runs(child) {
				t.Fatalf("the program has no child: %v", err)
			}
			p.mu.Lock()
			ours := p.current.process
			p.mu.Unlock()
			if whole, ok := p.Memory(); !ok {
				t.Error("the program has no memory")
			} else if alone, _ := residentMemory(ours.ID()); whole <= alone/2 {
				t.Errorf("the program has %d bytes with its child, and %d without", whole, alone)
			}
			end(t, p)
			eventually(t, "the child ends", func() bool { return !runs(child) })
			eventually(t, "the group is removed", func() bool { _, err := os.Stat(ours.group.dir); return os.IsNotExist(err) })
		})
	}
}

// TestGroupDir tests where groups of version 2 are, alone and beside those of version 1.
func TestGroupDir(t *testing.T) {
	const hybrid = "36 25 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n37 25 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	for _, c := range []struct{ groups, mounts, want string }{
		{"0::/system.slice/filegate.service\n", "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/system.slice/filegate.service"},
		{"9:name=systemd:/x\n0::/\n", hybrid, "/sys/fs/cgroup/unified"},
		{"0::/docker/1/a\n", "30 25 0:26 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/a"},
		{"0::/docker/2\n", "30 25 0:26 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", ""},
		{"0::/../x\n", hybrid, ""},
		{"4:memory:/x\n", hybrid, ""},
		{"0::/x\n", "", ""},
		{"0::/x\n", "30 - cgroup2\nx\n", ""},
	} {
		if got, err := groupDir([]byte(c.groups), []byte(c.mounts)); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q, %q: got %q, %v, want %q", c.groups, c.mounts, got, err, c.want)
		}
	}
}

// TestStaleGroups tests that groups of gateways that have ended are removed, and no others.
func TestStaleGroups(t *testing.T) {
	own := t.TempDir()
	gone, ours, other := groupPrefix+"1073741824-1", groupPrefix+strconv.Itoa(os.Getpid())+"-1", groupPrefix+"x"
	for _, name := range []string{gone, ours, other} {
		if err := os.Mkdir(filepath.Join(own, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	removeStaleGroups(own)
	left, err := os.ReadDir(own)
	if err != nil || len(left) != 2 || left[0].Name() == gone || left[1].Name() == gone {
		t.Errorf("left are %v, %v", left, err)
	}
}
