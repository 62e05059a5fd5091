package api

import (
	"io/fs"
	"math"
	"net/http"
	"strconv"

	"filegate/core/vfs"
)

// Permission bits and owners that clients set are metadata too, where the configuration wants them
// kept. Names and form are those that rclone gives to what it takes along of a file system ("mode",
// octal with the type of the file; "uid" and "gid", decimal) and that file systems over Swift and
// S3 use. Nothing is ever allowed or refused by them.
const (
	MetaMode = "X-Object-Meta-Mode"
	MetaUID  = "X-Object-Meta-Uid"
	MetaGID  = "X-Object-Meta-Gid"
)

// The type of a file in a mode, as Unix has it.
const (
	typeMask    = 0o170000
	typeRegular = 0o100000
	typeDir     = 0o040000
)

// Modes are the permission bits and the owner of an object, as far as its metadata has them.
type Modes struct {
	Perm *fs.FileMode `json:"m,omitempty"`
	UID  int          `json:"u,omitempty"`
	GID  int          `json:"g,omitempty"`
}

// parseModes reads the metadata of an object.
func parseModes(h http.Header) Modes {
	var m Modes
	if perm, ok := parseMode(h.Get(MetaMode)); ok {
		m.Perm = &perm
	}
	m.UID, m.GID = parseOwner(h.Get(MetaUID)), parseOwner(h.Get(MetaGID))
	return m
}

// parseMode reads permission bits: in octal, with or without the type, or else, as s3fs and its kin
// have it, in decimal with the type.
func parseMode(s string) (fs.FileMode, bool) {
	if n, err := strconv.ParseUint(s, 8, 16); err == nil && (n < 0o10000 || hasType(n)) {
		return fs.FileMode(n) & fs.ModePerm, true
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return fs.FileMode(n) & fs.ModePerm, err == nil && hasType(n)
}

func hasType(mode uint64) bool { return mode&typeMask == typeRegular || mode&typeMask == typeDir }

// parseOwner reads the number of an owner or a group; 0 is none that anybody has set.
func parseOwner(s string) int {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// Over returns the description of an object with its modes in it.
func (m Modes) Over(info vfs.Info) vfs.Info {
	if m.Perm != nil {
		info.Mode = info.Mode.Type() | *m.Perm
	}
	info.UID, info.GID = m.UID, m.GID
	return info
}

// AttrsHeader returns the metadata that keeps attributes, as far as the configuration wants them
// kept.
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

// ModesOf are the modes of an object, if the configuration wants them shown.
func (c *Client) ModesOf(h http.Header) Modes {
	if !c.store.config.KeepModes {
		return Modes{}
	}
	return parseModes(h)
}
