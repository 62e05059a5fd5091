package sftp

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"filegate/core/vfs"
)

// extensions are the extended requests: those of OpenSSH (its PROTOCOL, section 4) and those of
// draft-ietf-secsh-filexfer-extensions-00. An extension that clients must know of is also in
// announced.
var extensions = map[string]verb{
	"posix-rename@openssh.com":       {fields: "nn", effect: changes | tree | appears, run: posixRename},
	"statvfs@openssh.com":            {fields: "n", run: statvfs},
	"fstatvfs@openssh.com":           {fields: "h", run: statvfs},
	"fsync@openssh.com":              {fields: "h", effect: changes, run: fsync},
	"lsetstat@openssh.com":           {fields: "na", effect: changes, run: lsetstat},
	"limits@openssh.com":             {run: limits},
	"expand-path@openssh.com":        {fields: "s", run: expandPath},
	"copy-data":                      {fields: "H88h8", effect: changes, run: copyData},
	"home-directory":                 {fields: "s", run: homeDirectory},
	"users-groups-by-id@openssh.com": {fields: "ss", run: usersGroupsByID},
	"hardlink@openssh.com":           {fields: "nn", run: hardlink},
	"space-available":                {fields: "n", run: spaceAvailable},
	"check-file":                     {fields: "hs884", run: checkFile},
	"check-file-handle":              {fields: "hs884", run: checkFile},
	"check-file-name":                {fields: "ns884", run: checkFile},
	"vendor-id":                      {fields: "sss8", run: vendorID},
}

// announced are the extensions that the server announces to the client, with their versions. These
// are all except hardlink, which is refused, vendor-id, which is only logged, and check-file-handle
// and check-file-name: the draft announces these two requests as check-file.
var announced = [...][2]string{
	{"posix-rename@openssh.com", "1"},
	{"statvfs@openssh.com", "2"},
	{"fstatvfs@openssh.com", "2"},
	{"fsync@openssh.com", "1"},
	{"lsetstat@openssh.com", "1"},
	{"limits@openssh.com", "1"},
	{"expand-path@openssh.com", "1"},
	{"copy-data", "1"},
	{"home-directory", "1"},
	{"users-groups-by-id@openssh.com", "1"},
	{"space-available", "1"},
	{"check-file", "1"},
}

// vendor returns the description of this program: the vendor's name, the product's name, its
// version and its build number.
func vendor() string {
	p := appendString(nil, "filegate")
	p = appendString(p, "filegate")
	p = appendString(p, "1")
	return string(binary.BigEndian.AppendUint64(p, 0))
}

func appendAnnounced(p []byte) []byte {
	for _, pair := range announced {
		p = appendString(appendString(p, pair[0]), pair[1])
	}
	return appendString(appendString(p, "vendor-id"), vendor())
}

// limits answers with the limits for packets and payloads. It leaves out the limit of open handles,
// which the session sets.
func limits(c *channel, r *request) ([]byte, error) {
	p := answer(typeExtendedReply, r.id)
	p = binary.BigEndian.AppendUint64(p, maxPacket)
	p = binary.BigEndian.AppendUint64(p, uint64(c.limit))
	p = binary.BigEndian.AppendUint64(p, uint64(c.limit))
	return binary.BigEndian.AppendUint64(p, 0), nil
}

// lsetstat sets attributes of an entry that is not a link. A link has no attributes of its own.
func lsetstat(c *channel, r *request) ([]byte, error) {
	n := r.names[0]
	if !n.Dir {
		info, err := c.sess.Lstat(c.ctx, n.Path)
		if err != nil {
			return nil, err
		}
		if info.IsLink() {
			return nil, vfs.Errorf(vfs.ErrUnsupported, "the attributes of a symbolic link cannot be set")
		}
	}
	return setstat(c, r)
}

// expandPath makes a path absolute and expands ~. The home directory is the root for every user.
func expandPath(c *channel, r *request) ([]byte, error) {
	path := r.raw[0]
	if strings.HasPrefix(path, "~") {
		user, rest, _ := strings.Cut(path[1:], "/")
		if user != "" && user != c.sess.User() {
			return nil, vfs.Errorf(vfs.ErrNotExist, "no such user here")
		}
		path = "/" + rest
	}
	n, err := vfs.ResolveName(vfs.Root, path)
	if err != nil {
		return nil, err
	}
	return namePacket(r.id, n.Path.String()), nil
}

// homeDirectory answers with the home directory of the client's own user. Other users do not exist
// for it.
func homeDirectory(c *channel, r *request) ([]byte, error) {
	if user := r.raw[0]; user != "" && user != c.sess.User() {
		return nil, vfs.Errorf(vfs.ErrNotExist, "no such user here")
	}
	return namePacket(r.id, "/"), nil
}

// usersGroupsByID answers with the names of owners. ID 0 is the login; all others have no name.
func usersGroupsByID(c *channel, r *request) ([]byte, error) {
	p := answer(typeExtendedReply, r.id)
	for i, login := range []string{c.sess.User(), c.sess.Group()} {
		ids := fields{rest: []byte(r.raw[i])}
		var names []byte
		for len(ids.rest) > 0 {
			id := ids.uint32()
			if ids.bad {
				return nil, errMalformed
			}
			if id != 0 {
				names = appendString(names, "")
				continue
			}
			names = appendString(names, login)
		}
		if len(names) > maxNames {
			return nil, vfs.Errorf(vfs.ErrInvalid, "too many users and groups in one request")
		}
		p = appendString(p, names)
	}
	return p, nil
}

func hardlink(*channel, *request) ([]byte, error) {
	return nil, vfs.Errorf(vfs.ErrUnsupported, "hard links are not supported here: make a symbolic link")
}

// vendorID logs the client's description of itself.
func vendorID(c *channel, r *request) ([]byte, error) {
	c.sess.Log().Debug("sftp client", "vendor", strconv.Quote(r.raw[0]), "product", strconv.Quote(r.raw[1]), "version", strconv.Quote(r.raw[2]))
	return nil, nil
}

// hasHash reports whether a comma-separated list contains a name.
func hasHash(list, name string) bool { return slices.Contains(strings.Split(list, ","), name) }
