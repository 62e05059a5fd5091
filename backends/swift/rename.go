package swift

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// Rename implements [vfs.FS]. A file costs the same at any size: for a large object only the
// manifest is copied, and the segments stay where they are.
func (f *FS) Rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	from, err := f.locate(oldname)
	if err != nil {
		return err
	}
	switch h, inTree, err := f.historyAt(ctx, from); {
	case err != nil:
		return err
	case inTree:
		return h.restore(ctx, newname, opts)
	}
	to, err := f.locate(newname)
	if err != nil {
		return err
	}
	if err := f.changeable(ctx, to); err != nil {
		return err
	}
	if from.IsAccount() || to.IsAccount() {
		return vfs.Errorf(vfs.ErrPermission, "the account itself cannot be renamed")
	}
	info, moved, err := f.lookupEntry(ctx, from, oldname.Base())
	switch {
	case errors.Is(err, vfs.ErrNotExist) && from.IsObject() && to.IsObject():
		if done, doneErr := f.endRename(ctx, from, to); done || doneErr != nil {
			return doneErr
		}
		return f.renamePartial(ctx, from, to, newname.Base(), opts, err)
	case err != nil:
		return err
	case from == to:
		return nil
	case to.CheckNew() != nil:
		return to.CheckNew()
	case from.Contains(to):
		return vfs.Errorf(vfs.ErrInvalidName, "a directory cannot be moved into itself")
	case !info.IsDir() && to.IsContainer():
		switch _, err := f.statContainer(ctx, to, newname.Base()); {
		case err == nil && opts.Replace:
			return vfs.ErrIsDir
		case err == nil:
			return vfs.ErrExist
		}
		_, err := f.locateFile(newname) // the missing container is not the error
		return err
	}
	job := move{FS: f, Renaming: object.Renaming{From: from, To: to}, modTime: info.ModTime}
	target, replaced, err := f.lookupNew(ctx, to, newname.Base())
	target, replaced, err = f.itself(ctx, to, newname.Base(), target, replaced, err)
	switch {
	case errors.Is(err, api.ErrNoContainer) && !to.IsContainer():
		return err
	case errors.Is(err, vfs.ErrNotExist):
	case err != nil:
		return err
	default:
		if job.resumed, err = f.goesOn(ctx, from, to, info, target, moved, replaced); err != nil {
			return err
		}
		switch {
		case job.resumed:
		case !opts.Replace:
			return vfs.ErrExist
		case target.IsDir() && !info.IsDir():
			return vfs.ErrIsDir
		case !target.IsDir() && info.IsDir():
			return vfs.ErrNotDir
		case target.IsDir():
			if err := f.Rmdir(ctx, newname); err != nil {
				return err
			}
		}
	}
	if err := f.prepareParent(ctx, to); err != nil {
		return err
	}
	switch {
	case info.IsDir() && (from.IsContainer() || to.IsContainer()):
		return f.renameContainer(ctx, from, to)
	case from.Account != to.Account && moved.IsLink():
		return vfs.Errorf(vfs.ErrUnsupported, "a symbolic link cannot be moved from one account to another: make a new one there")
	case from.Account != to.Account && (info.IsDir() || moved.IsLarge()):
		return vfs.Errorf(vfs.ErrUnsupported, "only small files can be moved from one account to another: copy it, and remove it then")
	}
	if moved.IsLarge() && from.Top() != to.Top() { // Swift would count only the manifest
		if err := f.containers.CheckRoomIn(ctx, to, moved.Size); err != nil {
			return err
		}
	}
	f.keepParent(ctx, from)
	if info.IsDir() {
		f.backend.gone.changedAlone(f.client.Whole(from))
		defer f.backend.gone.changedAlone(f.client.Whole(from))
		return job.dir(ctx, moved)
	}
	return job.file(ctx, moved, replaced)
}

// renamePartial is Rename of an interrupted upload with no file at its name. none is the error of
// the lookup of that name.
func (f *FS) renamePartial(ctx context.Context, from, to api.Name, base string, opts vfs.RenameOptions, none error) error {
	if from == to || errors.Is(none, api.ErrNoContainer) || api.Dangles(none) || from.Account != to.Account {
		return none
	}
	cut, err := f.uploads.Find(ctx, from)
	if err != nil || cut == nil || f.uploads.Known.Active.Has(cut.ID) {
		return cmp.Or(api.Translate(err), none)
	}
	if err := to.CheckNew(); err != nil {
		return err
	}
	info, replaced, err := f.lookupNew(ctx, to, base)
	switch {
	case replaced.ThroughLink || api.CannotFollow(err), err == nil && !info.IsDir():
		// The file would hide the upload.
		return vfs.Errorf(vfs.ErrExist, "an upload that was cut off cannot take the place of a file: go on with it, or remove the file first")
	case err == nil:
		return vfs.ErrIsDir
	case errors.Is(err, api.ErrNoContainer), !errors.Is(err, vfs.ErrNotExist):
		return err
	}
	other, err := f.uploads.Find(ctx, to)
	switch {
	case err != nil:
		return api.Translate(err)
	case other != nil && !opts.Replace:
		return vfs.ErrExist
	}
	if err := f.prepareParent(ctx, to); err != nil {
		return err
	}
	marker := listing.Entry{}
	if cut.Place != object.HiddenPlace(from, cut.ID) || cut.MTime != "" {
		marker.Bytes = 1 // the marker contains the place, or the time
	}
	job := move{FS: f, Renaming: object.Renaming{From: from, To: to}}
	err = job.moveUpload(ctx, from, to, cut.ID, marker)
	if err == nil && other != nil {
		err = f.uploads.Remove(ctx, to, other)
	}
	return api.Translate(err)
}

// move is a rename in progress.
type move struct {
	*FS
	object.Renaming
	resumed    bool              // continues an interrupted rename
	unfinished []object.Renaming // other interrupted renames
	modTime    time.Time         // of the renamed file or directory, as shown
	behind     leftovers         // the entries that a directory's rename leaves at the old name
}

// goesOn reports whether a rename to a name that is taken continues the same rename that was
// interrupted, so that the new name was taken by that rename.
func (f *FS) goesOn(ctx context.Context, from, to api.Name, info, target vfs.Info, moved, replaced api.Object) (bool, error) {
	switch {
	case !from.IsObject() || !to.IsObject() || info.IsDir() != target.IsDir():
		return false, nil
	case !info.IsDir() && (!moved.IsLarge() || moved.ETag != replaced.ETag):
		return false, nil // the rename of a plain file is not recorded: its copy is like any other file
	}
	r, ok, err := f.renames.Begun(ctx, from, to)
	if err != nil || !ok {
		return false, err
	}
	// A directory that was created after the record is another directory: then only the record of
	// the finished rename was not deleted.
	made := info.ModTime
	if moved.Exists() {
		made = moved.Modified
	}
	return !info.IsDir() || !made.After(r.Begun), nil
}

// endRename finishes a rename that is complete except that its record was not deleted, and reports
// whether there was one.
func (f *FS) endRename(ctx context.Context, from, to api.Name) (bool, error) {
	r, ok, err := f.renames.Begun(ctx, from, to)
	if err != nil || !ok {
		return false, err
	}
	info, o, err := f.lookup(ctx, to, "")
	switch {
	case errors.Is(err, vfs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.IsDir() && !o.Exists():
		if err := f.putMarker(ctx, to, nil); err != nil {
			return false, err
		}
	}
	f.renames.Finish(ctx, r)
	return true, nil
}

// file renames a file.
func (m *move) file(ctx context.Context, moved, replaced api.Object) error {
	freed, err := m.frees(ctx, moved, replaced)
	if err != nil {
		return api.Translate(err)
	}
	if moved.IsLarge() {
		if err := m.findUnfinished(ctx); err != nil {
			return err
		}
		if err := m.renames.CheckMovable(ctx, m.From, moved, m.unfinished); err != nil {
			return err
		}
		switch onto, err := m.large.IsPartOf(ctx, m.To, replaced, m.From, moved); {
		case err != nil:
			return api.Translate(err)
		case onto:
			return m.ontoOwnPart(ctx, moved, replaced, freed)
		}
		if err := m.renames.Begin(ctx, m.Renaming); err != nil {
			return err
		}
	}
	if err := m.client.CopyObject(ctx, m.From, m.To, moved); err != nil {
		if moved.IsLarge() && !api.Reached(err) {
			m.renames.Finish(ctx, m.Renaming) // Swift has not copied the file
		}
		return api.Translate(err)
	}
	if err := m.leave(ctx, m.From, m.To); err != nil {
		return err
	}
	if moved.IsLarge() {
		m.renames.Finish(ctx, m.Renaming)
	}
	m.renames.Release(ctx, m.To, freed)
	return nil
}

// ontoOwnPart renames a large file to the name of one of its segments. The file gets content of its
// own, because the manifest would replace the segment.
func (m *move) ontoOwnPart(ctx context.Context, moved, replaced api.Object, freed []api.Name) error {
	own, err := m.large.FreedBy(ctx, m.From, moved)
	if err != nil {
		return api.Translate(err)
	}
	if replaced.Header.Get(api.MetaCopyOf) != moved.ETag { // else the rename was interrupted after the copy
		if err := m.writers.Copy(ctx, m.From, moved, m.To); err != nil {
			return err
		}
	}
	if err := m.client.Delete(ctx, m.From); err != nil {
		return api.Translate(err)
	}
	m.renames.Release(ctx, m.From, slices.DeleteFunc(own, func(seg api.Name) bool { return seg == m.To }))
	m.renames.Release(ctx, m.To, freed)
	return nil
}

// leave deletes the source of a copy. If the source is no longer there, another client has renamed
// or removed it at the same time. If it is a manifest, both clients may have a copy then, so this
// one gets content of its own. To delete the copy instead would lose the file if a damaged cluster
// just did not find the source.
func (m *move) leave(ctx context.Context, from, to api.Name) error {
	taken, err := m.client.Take(ctx, from)
	if taken || err != nil {
		return api.Translate(err)
	}
	o, err := m.client.Head(ctx, to)
	if err != nil || !o.IsLarge() {
		return api.Translate(err)
	}
	m.log.Warn("renamed or removed by somebody else at the same moment: the segments are copied", "from", from.String(), "to", to.String())
	return m.writers.Copy(ctx, to, o, to)
}

// findUnfinished finds the other renames that were interrupted.
func (m *move) findUnfinished(ctx context.Context) error {
	all, err := m.FS.renames.Unfinished(ctx, m.From)
	if api.StatusOf(err) == http.StatusForbidden {
		return nil // then nothing is deleted either, see Renames.Release
	}
	m.unfinished = slices.DeleteFunc(all, func(r object.Renaming) bool { return r.From == m.From && r.To == m.To })
	return api.Translate(err)
}

// frees returns the segments of the object that is about to be replaced. If this rename was
// interrupted before, both names have the same segments: these stay. The error is not translated.
func (m *move) frees(ctx context.Context, moved, replaced api.Object) ([]api.Name, error) {
	if !replaced.IsLarge() || replaced.IsDir() {
		return nil, nil
	}
	segments, err := m.large.FreedBy(ctx, m.To, replaced)
	if err != nil || !moved.IsLarge() {
		return segments, err
	}
	kept, err := m.large.OwnSegments(ctx, m.From, moved)
	if err != nil {
		return nil, err
	}
	needed := map[api.Name]bool{}
	for _, n := range kept {
		needed[n] = true
	}
	return slices.DeleteFunc(segments, func(n api.Name) bool { return needed[n] }), nil
}
