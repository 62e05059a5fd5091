package sftp

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"time"

	"filegate/core/vfs"
)

// Flags of attributes (draft-ietf-secsh-filexfer-02, section 5).
const (
	attrSize        = 0x00000001
	attrUIDGID      = 0x00000002
	attrPermissions = 0x00000004
	attrTimes       = 0x00000008
	attrExtended    = 0x80000000
)

// Types of files in the permissions, as in POSIX.
const (
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeLink    = 0o120000
)

// attributes are the attributes that a client wants to set.
type attributes struct {
	hasSize bool
	size    uint64
	attrs   vfs.Attrs
}

// attributes takes attributes off a packet. It ignores extended attributes, because none are known.
func (f *fields) attributes() (a attributes) {
	flags := f.uint32()
	if flags&attrSize != 0 {
		a.hasSize, a.size = true, f.uint64()
	}
	if flags&attrUIDGID != 0 {
		a.attrs.UID, a.attrs.GID = new(int(f.uint32())), new(int(f.uint32()))
	}
	if flags&attrPermissions != 0 {
		a.attrs.Mode = new(fs.FileMode(f.uint32()) & fs.ModePerm)
	}
	if flags&attrTimes != 0 {
		a.attrs.AccessTime = new(time.Unix(int64(f.uint32()), 0))
		a.attrs.ModTime = new(time.Unix(int64(f.uint32()), 0))
	}
	if flags&attrExtended != 0 {
		for range f.uint32() {
			if f.bytes(); f.bad {
				break
			}
			if f.bytes(); f.bad {
				break
			}
		}
	}
	return a
}

// creationMask is removed from the permissions of new files and directories, as with the usual
// umask of a server.
const creationMask = 0o022

// creationMode returns the mode of a new file or directory with these attributes, or nil if the
// client has given none.
func (a attributes) creationMode() *fs.FileMode {
	if a.attrs.Mode == nil {
		return nil
	}
	return new(*a.attrs.Mode &^ creationMask)
}

// fileSize returns the size for the session.
func (a attributes) fileSize() (int64, error) {
	if a.size > math.MaxInt64 {
		return 0, errTooLarge
	}
	return int64(a.size), nil
}

var errTooLarge = vfs.Errorf(vfs.ErrTooLarge, "no file can be that large")

// appendAttrs appends the attributes of a file. Every file has an owner: OpenSSH's client refuses
// to change an owner that the server does not tell.
func appendAttrs(p []byte, info vfs.Info) []byte {
	p = binary.BigEndian.AppendUint32(p, attrSize|attrUIDGID|attrPermissions|attrTimes)
	p = binary.BigEndian.AppendUint64(p, uint64(max(info.Size, 0)))
	p = binary.BigEndian.AppendUint32(p, uint32(info.UID))
	p = binary.BigEndian.AppendUint32(p, uint32(info.GID))
	p = binary.BigEndian.AppendUint32(p, permissions(info))
	t := uint32(seconds(info.ModTime))
	p = binary.BigEndian.AppendUint32(p, t)
	return binary.BigEndian.AppendUint32(p, t)
}

func permissions(info vfs.Info) uint32 {
	mode := uint32(info.Mode.Perm())
	switch {
	case info.IsDir():
		return mode | modeDir
	case info.IsLink():
		return mode | modeLink
	}
	return mode | modeRegular
}

// seconds returns the nearest time that version 3 can express, in seconds since 1970 as 32 bits.
func seconds(t time.Time) int64 { return min(max(t.Unix(), 0), math.MaxUint32) }

// longName describes an entry as `ls -l` does, which is what clients show.
func longName(info vfs.Info, now time.Time, user, group string) string {
	kind := "-"
	switch {
	case info.IsDir():
		kind = "d"
	case info.IsLink():
		kind = "l"
	}
	modified := time.Unix(seconds(info.ModTime), 0)
	date := modified.Format("Jan _2 15:04")
	if modified.Before(now.AddDate(0, -6, 0)) || modified.After(now.AddDate(0, 0, 1)) {
		date = modified.Format("Jan _2  2006")
	}
	return fmt.Sprintf("%s%s %4d %-8s %-8s %8d %s %s", kind, info.Mode.Perm().String()[1:], max(info.Links, 1),
		nameOf(info.UID, user), nameOf(info.GID, group), max(info.Size, 0), date, info.Name)
}

// nameOf returns the name of an owner. ID 0 is the login; of all other IDs only the number is
// known.
func nameOf(id int, login string) string {
	if id == 0 {
		return login
	}
	return fmt.Sprint(id)
}
