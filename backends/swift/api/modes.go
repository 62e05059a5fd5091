package api

import (
	"io/fs"
	"math"
	"net/http"
	"strconv"

	"filegate/core/vfs"
)

// Permission bits and owners that clients set are kept as metadata if the configuration says so.
// The names and formats are those of rclone ("mode" is octal and includes the file type; "uid" and
// "gid" are decimal), which file systems on Swift and S3 use too. They never allow or forbid
// anything.
const (
	MetaMode = "X-Object-Meta-Mode"
	MetaUID  = "X-Object-Meta-Uid"
	MetaGID  = "X-Object-Meta-Gid"
)

// The file types in a Unix mode.
const (
	typeMask    = 0o170000
	typeRegular = 0o100000
	typeDir     = 0o040000
)

// Modes are the permission bits and the owner in the metadata of an object.
type Modes struct {
	Perm *fs.FileMode `json:"m,omitempty"`
	UID  int          `json:"u,omitempty"`
	GID  int          `json:"g,omitempty"`
}

// parseModes parses the metadata of an object.
func parseModes(h http.Header) Modes {
	var m Modes
	if perm, ok := parseMode(h.Get(MetaMode)); ok {
		m.Perm = &perm
	}
	m.UID, m.GID = parseOwner(h.Get(MetaUID)), parseOwner(h.Get(MetaGID))
	return m
}

// parseMode parses permission bits: in octal, with or without the file type, or in decimal with the
// file type, as s3fs and similar programs write them.
func parseMode(s string) (fs.FileMode, bool) {
	if n, err := strconv.ParseUint(s, 8, 16); err == nil && (n < 0o10000 || hasType(n)) {
		return fs.FileMode(n) & fs.ModePerm, true
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return fs.FileMode(n) & fs.ModePerm, err == nil && hasType(n)
}

func hasType(mode uint64) bool { return mode&typeMask == typeRegular || mode&typeMask == typeDir }

// parseOwner parses the ID of an owner or a group; 0 means that none was set.
func parseOwner(s string) int {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// Over returns info with the modes of the object.
func (m Modes) Over(info vfs.Info) vfs.Info {
	if m.Perm != nil {
		info.Mode = info.Mode.Type() | *m.Perm
	}
	info.UID, info.GID = m.UID, m.GID
	return info
}

// AttrsHeader returns the metadata for attributes, as far as the configuration keeps them.
func (c *Client) AttrsHeader(attrs vfs.Attrs, dir bool) map[string]string {
	h := map[string]string{}
	if attrs.ModTime != nil {
		h[MetaMtime] = FormatSeconds(*attrs.ModTime)
	}
	if !c.store.config.KeepModes {
		return h
	}
	if attrs.Mode != nil {
		kind := typeRegular
		if dir {
			kind = typeDir
		}
		h[MetaMode] = strconv.FormatInt(int64(kind)|int64(attrs.Mode.Perm()), 8)
	}
	for key, id := range map[string]*int{MetaUID: attrs.UID, MetaGID: attrs.GID} {
		if id != nil && *id >= 0 && *id <= math.MaxUint32 {
			h[key] = strconv.Itoa(*id)
		}
	}
	return h
}

// ModesOf returns the modes of an object if the configuration keeps them.
func (c *Client) ModesOf(h http.Header) Modes {
	if !c.store.config.KeepModes {
		return Modes{}
	}
	return parseModes(h)
}
