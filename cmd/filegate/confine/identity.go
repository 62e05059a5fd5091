package confine

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"
)

// identity is a user whose rights the process takes on.
type identity struct {
	name     string
	uid, gid int
	groups   []int
}

// lookUp finds a user and a group, each by name or number. Without a group it returns the main
// group of the user.
func lookUp(name, group string) (*identity, error) {
	id := &identity{name: name, uid: os.Geteuid(), gid: os.Getegid()}
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			if u, err = user.LookupId(name); err != nil {
				return nil, fmt.Errorf("user %q: it does not exist; create it with useradd --system %[1]s", name)
			}
		}
		id.name = u.Username
		id.uid, _ = strconv.Atoi(u.Uid)
		id.gid, _ = strconv.Atoi(u.Gid)
		groups, err := u.GroupIds()
		if err != nil {
			return nil, fmt.Errorf("groups of the user %s: %w", name, err)
		}
		for _, g := range groups {
			if n, err := strconv.Atoi(g); err == nil {
				id.groups = append(id.groups, n)
			}
		}
	}
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			if g, err = user.LookupGroupId(group); err != nil {
				return nil, fmt.Errorf("group %q: it does not exist; create it with groupadd --system %[1]s", group)
			}
		}
		id.gid, _ = strconv.Atoi(g.Gid)
		if name == "" {
			id.name = "the group " + g.Name
		}
	}
	if !slices.Contains(id.groups, id.gid) {
		id.groups = append(id.groups, id.gid)
	}
	return id, nil
}

// enter changes the user and the groups of this process. With keepPorts the process can still open
// ports below 1024.
func (id *identity) enter(keepPorts bool) error {
	if os.Geteuid() == id.uid && os.Getegid() == id.gid && os.Geteuid() != 0 {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("filegate cannot become %s: only root can start it as another user. Start it as root, or leave out user and group", id.name)
	}
	if keepPorts {
		keepCapabilities()
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"groups", func() error { return syscall.Setgroups(id.groups) }},
		{"group", func() error { return syscall.Setgid(id.gid) }},
		{"user", func() error { return syscall.Setuid(id.uid) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("filegate cannot become %s: %s: %w", id.name, step.what, err)
		}
	}
	return nil
}
