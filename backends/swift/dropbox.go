package swift

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io/fs"
	"net/http"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// A drop box is a container that a login may write to but not read. Nothing in it can be requested,
// so a file is put there without checking whether its name exists. A file that needs segments
// becomes a dynamic large object with its segments beside it: for a static one, Swift would read
// the segments with the login's own rights, and the login has no rights on the container for
// segments.

// dropBoxFor is how long it is cached whether a container is a drop box.
const dropBoxFor = time.Minute

// isDropBox reports whether the login may write to n's container but not read it. It sends a POST
// to a name that no object has. Swift refuses it with 403 or, if the login may write, with 404.
func (f *FS) isDropBox(ctx context.Context, n api.Name) bool {
	key := n.Top().String()
	switch {
	case f.dropBoxes.Has(key):
		return true
	case f.closed.Has(key):
		return false
	}
	// The 403 may be about a link to another container.
	if _, err := f.client.Send(ctx, api.Request{Method: http.MethodHead, Target: n.Top(), Patience: -1}); api.StatusOf(err) != http.StatusForbidden {
		return false
	}
	var r [16]byte
	rand.Read(r[:])
	_, err := f.client.Send(ctx, api.Request{Method: http.MethodPost, Target: n.With(".filegate-" + hex.EncodeToString(r[:])), Patience: -1})
	switch api.StatusOf(err) {
	case http.StatusNotFound:
		f.dropBoxes.Note(key)
		return true
	case http.StatusForbidden:
		f.closed.Note(key)
	}
	return false
}

// dropsInto reports whether a lookup of n has failed because n's container is a drop box.
func (f *FS) dropsInto(ctx context.Context, n api.Name, err error) bool {
	return api.StatusOf(err) == http.StatusForbidden && n.Container != "" && f.isDropBox(ctx, n)
}

// canBeBlind reports whether a file can be written without a lookup of its name, because its
// content starts empty.
func canBeBlind(opts vfs.WriteOptions) bool {
	return opts.Create && opts.IfVersion == "" && (opts.Truncate || opts.Offset == 0)
}

// dropBoxInfo returns the description of a drop box.
func (f *FS) dropBoxInfo(base string) vfs.Info {
	return vfs.Info{Name: base, Mode: fs.ModeDir | 0o333, ModTime: f.opened}
}
