package swift

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"filegate/backends/internal/spans"
	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// A drop box is a container that a login may write to and not read. Nothing in it can be asked for,
// so a file is put there without a look at what has its name. One that needs segments is a dynamic
// large object with its segments beside it: of a static one Swift would read the segments with the
// login's own rights, and of the container for segments the login has none.

// dropBoxFor is how long it is remembered whether a container is a drop box.
const dropBoxFor = time.Minute

// isDropBox reports whether the login may write to n's container, which it may not read. Swift is
// asked by a POST to a name that nothing has: it is refused as forbidden or, where it could have
// been done, as not found.
func (f *FS) isDropBox(ctx context.Context, n api.Name) bool {
	key := n.Top().String()
	switch {
	case f.dropBoxes.Has(key):
		return true
	case f.closed.Has(key):
		return false
	}
	// What is refused may be about a link that leads into another container.
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

// canBeBlind reports whether a file can be written to without a look at what has its name: the
// content is to begin anew.
func canBeBlind(opts vfs.WriteOptions) bool {
	return opts.Create && opts.IfVersion == "" && (opts.Truncate || opts.Offset == 0)
}

// anew is what a client has made new of a file that it did not open as an empty one. OpenSSH's scp
// writes all of it, and cuts off at the end what was there before.
type anew struct {
	truncated bool
	written   spans.Set
}

// isWhole reports whether nothing is left of what had the name before. Of a file that cannot be
// read nothing must be.
func (w *writer) isWhole() bool {
	return w.opts.Truncate || w.anew.truncated && (w.size == 0 || w.anew.written.Covers(spans.Span{End: w.size}))
}

// dropBoxInfo describes a drop box.
func (f *FS) dropBoxInfo(base string) vfs.Info {
	return vfs.Info{Name: base, Mode: fs.ModeDir | 0o333, ModTime: f.opened}
}

// blindPlace returns where the segments of a file in a drop box lie.
func blindPlace(n api.Name, upload string) (api.Name, error) {
	place := n.With(n.Object + partSuffix + "/" + upload + "/")
	if len(place.Object)+api.SegmentTail > api.MaxObjectName {
		return api.Name{}, errLongName(n)
	}
	return place, nil
}

// errBlind is the refusal of what cannot be done without a look at what is there.
func errBlind(n api.Name, err error) error {
	return api.RefusedAs(err, vfs.ErrPermission, fmt.Sprintf("this login may put new files into %q, and not read what is there", n.Container))
}
