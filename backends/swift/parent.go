package swift

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"sync"
	"time"

	"filegate/backends/swift/api"
	"filegate/core/vfs"
)

// A new name needs an existing directory, and a directory stays when its entries are removed. Swift
// has no directories, so both take requests: a HEAD and a listing of one entry, to find out whether
// the directory exists; and a HEAD and the PUT of a marker, before the first entry of a directory
// is removed. A session caches the answers, and the directories that it has created.

const (
	// thereFor is how long a directory that was seen is taken to exist.
	thereFor = 10 * time.Second
	// markedFor is how long a directory with an object of its own is taken to have it.
	markedFor = time.Minute
	// maxKnownDirs is how many directories a session remembers.
	maxKnownDirs = 1000
)

// knownDirs are the directories that a session has seen.
type knownDirs struct {
	mu  sync.Mutex
	all map[api.Name]knownDir
}

// knownDir is what a session knows of one directory.
type knownDir struct {
	seen   time.Time // when the directory existed
	marked time.Time // when it had an object of its own
	gone   uint64    // the latest removal of a directory by this process before the request to Swift
}

func (k *knownDirs) get(n api.Name) (knownDir, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.all[n]
	return d, ok
}

func (k *knownDirs) put(n api.Name, d knownDir) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= maxKnownDirs {
		k.all = map[api.Name]knownDir{}
	}
	k.all[n] = d
}

// sawDir notes that a directory exists; gone is the result of lastGone before the request. marked
// means that it has an object of its own, or needs none.
func (f *FS) sawDir(n api.Name, gone uint64, marked bool) {
	if !n.IsObject() {
		return
	}
	d := knownDir{seen: time.Now(), gone: gone}
	if marked {
		d.marked = d.seen
	} else if old, ok := f.known(n); ok {
		d.marked = old.marked
	}
	f.dirs.put(n, d)
}

// sawIn notes that the parent directory of n has entries.
func (f *FS) sawIn(n api.Name, gone uint64) {
	if d, ok := n.Parent(); ok {
		f.sawDir(d, gone, false)
	}
}

// lastGone returns the latest removal of a directory by this process.
func (f *FS) lastGone() uint64 { return f.backend.gone.latest.Load() }

// known returns what is known of a directory, unless this process has removed it since then, or a
// directory above it.
func (f *FS) known(n api.Name) (knownDir, bool) {
	d, ok := f.dirs.get(n)
	for in, more := n, ok; more; in, more = in.Parent() {
		if f.backend.gone.of(f.client.Whole(in)).Load() > d.gone {
			return knownDir{}, false
		}
	}
	return d, ok
}

// checkParent returns ErrNotExist if the parent directory of n does not exist, and ErrNotDir if its
// name is that of a file. If the login may not request it, the directory is taken to exist.
func (f *FS) checkParent(ctx context.Context, n api.Name) error {
	d, ok := n.Parent()
	if !ok {
		return nil
	}
	return f.checkDir(ctx, d)
}

// checkDir is checkParent for the directory itself.
func (f *FS) checkDir(ctx context.Context, d api.Name) error {
	if known, ok := f.known(d); ok && time.Since(known.seen) < thereFor {
		return nil
	}
	gone := f.lastGone()
	info, o, err := f.lookup(ctx, d, "")
	if (err == nil && !info.IsDir() || o.ThroughLink || api.CannotFollow(err)) && api.StatusOf(err) != http.StatusForbidden {
		// Entries below a file can be reached by their own names, and new files can be created
		// beside them.
		if _, err = f.statPrefix(ctx, d, ""); errors.Is(err, vfs.ErrNotExist) {
			return vfs.Errorf(vfs.ErrNotDir, "%q is a file, and no directory", "/"+d.Object)
		}
	}
	switch {
	case err == nil:
		f.sawDir(d, gone, o.Exists() && o.IsDir())
		return nil
	case api.StatusOf(err) == http.StatusForbidden:
		f.sawDir(d, gone, false)
		return nil
	case errors.Is(err, api.ErrNoContainer):
		return err
	case errors.Is(err, vfs.ErrNotExist):
		return vfs.Errorf(vfs.ErrNotExist, "the directory to put it in does not exist")
	}
	return api.Translate(err)
}

// prepareParent is checkParent, but with implicit_directories it creates missing directories.
func (f *FS) prepareParent(ctx context.Context, n api.Name) error {
	if !f.backend.cfg.ImplicitDirectories {
		return f.checkParent(ctx, n)
	}
	var missing []api.Name
	for d, ok := n.Parent(); ok; d, ok = d.Parent() {
		err := f.checkDir(ctx, d)
		if !errors.Is(err, vfs.ErrNotExist) || errors.Is(err, api.ErrNoContainer) {
			if err != nil {
				return err
			}
			break
		}
		missing = append(missing, d)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := f.mark(ctx, missing[i]); err != nil {
			return api.Translate(err)
		}
	}
	return nil
}

// mark creates an object for a directory, unless its name is taken. The error is not translated.
func (f *FS) mark(ctx context.Context, d api.Name) error {
	err := f.markWith(ctx, d, nil)
	if api.StatusOf(err) == http.StatusPreconditionFailed {
		return nil
	}
	return err
}

// markWith creates an object with metadata for a directory, unless its name is taken. The error is
// not translated.
func (f *FS) markWith(ctx context.Context, d api.Name, more map[string]string) error {
	gone := f.lastGone()
	header := markerHeader(more)
	header[api.IfNoneMatch] = "*"
	_, err := f.client.Send(ctx, api.Request{Method: http.MethodPut, Target: d, Header: header})
	if err == nil || api.StatusOf(err) == http.StatusPreconditionFailed {
		f.sawDir(d, gone, true)
	}
	return err
}

// markerHeader returns the headers for the object of a directory: the metadata, and always a time,
// because Swift's own time changes with every rename.
func markerHeader(more map[string]string) map[string]string {
	header := map[string]string{"Content-Type": api.DirectoryType, api.MetaMtime: api.FormatSeconds(time.Now())}
	maps.Copy(header, more)
	return header
}

// keepParent creates an object for the parent directory of n before n is removed from it, so that
// the directory stays even if n was its last entry. It reports whether it has created one. A
// failure is only logged: the removal of n goes on.
func (f *FS) keepParent(ctx context.Context, n api.Name) (made bool) {
	d, ok := n.Parent()
	if !ok {
		return false
	}
	if known, ok := f.known(d); ok && time.Since(known.marked) < markedFor {
		return false
	}
	gone := f.lastGone()
	for _, object := range []string{d.Object, d.Object + "/"} {
		_, err := f.client.Head(ctx, d.With(object))
		switch {
		case err == nil, api.Dangles(err): // it has one, or a file has the name, beside the directory
			f.sawDir(d, gone, true)
			return false
		case api.StatusOf(err) != http.StatusNotFound:
			f.log.Debug("directory not looked at before its entry is removed", "directory", d.String(), "err", err)
			return false
		}
	}
	if err := f.mark(ctx, d); err != nil {
		f.log.Warn("directory not kept while its entries are removed", "directory", d.String(), "err", err)
		return false
	}
	return true
}

// unkeepParent removes the object that keepParent has created for an entry that another client has
// removed first: that client may have removed the directory too.
func (f *FS) unkeepParent(ctx context.Context, n api.Name) {
	d, _ := n.Parent()
	if _, empty, err := f.emptiness(ctx, d); err == nil && empty {
		f.backend.gone.changedAlone(f.client.Whole(d))
		if err := f.client.Delete(ctx, d); err != nil {
			f.log.Warn("directory not removed again", "directory", d.String(), "err", err)
		}
	}
}
