package session

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"filegate/core/vfs"
)

// The functions below describe changes for [Event.Changes].

func attrChanges(a vfs.Attrs) map[string]string {
	all := map[string]string{}
	if a.ModTime != nil {
		all["mtime"] = a.ModTime.UTC().Format(time.RFC3339)
	}
	if a.AccessTime != nil {
		all["atime"] = a.AccessTime.UTC().Format(time.RFC3339)
	}
	if a.Mode != nil {
		all["mode"] = fmt.Sprintf("%04o", a.Mode.Perm())
	}
	if a.UID != nil {
		all["uid"] = strconv.Itoa(*a.UID)
	}
	if a.GID != nil {
		all["gid"] = strconv.Itoa(*a.GID)
	}
	return all
}

func detailChanges(c vfs.DetailChange) map[string]string {
	all := map[string]string{}
	if c.Expires != nil {
		all["expires"] = "never"
		if !c.Expires.IsZero() {
			all["expires"] = c.Expires.UTC().Format(time.RFC3339)
		}
	}
	for key, value := range c.Meta {
		all["meta."+key] = value
	}
	return all
}

func aclChanges(a vfs.ACL) map[string]string {
	all := map[string]string{}
	if a.Read != nil {
		all["read"] = strings.Join(a.Read, ",")
	}
	if a.Write != nil {
		all["write"] = strings.Join(a.Write, ",")
	}
	return all
}
