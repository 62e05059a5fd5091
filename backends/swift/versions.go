package swift

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/cache"
	"filegate/core/vfs"
)

// If a container keeps versions, it has a tree of them: "/c/.versions/a/b" is the directory of the
// versions of "/c/a/b", each a file that is named by its time, and of the entries below it. The
// tree is entered by its name. Listings do not show it, so that a client that copies or removes a
// whole directory does not include the versions.
const versionsDir = ".versions"

// history is a path in the tree of a container's versions.
type history struct {
	*FS
	of  api.Name // the name with the same path without versionsDir
	how api.Versioning
}

// historyAt returns the place of a name in the tree of versions. ok is false for a name outside of
// the tree.
func (f *FS) historyAt(ctx context.Context, n api.Name) (h history, ok bool, err error) {
	rest, inTree := strings.CutPrefix(n.Object, versionsDir+"/")
	if !inTree && n.Object != versionsDir {
		return history{}, false, nil
	}
	how, err := f.versioningFor(ctx, n.Top())
	// A login that may not request the container's attributes may still read files in it.
	if err != nil && api.StatusOf(err) != http.StatusForbidden {
		return history{}, false, api.Translate(err)
	}
	most := api.MaxObjectName
	if how.Keeps() {
		most += len(versionsDir) + 1 + maxVersionBase
	}
	if len(n.Object) > most {
		return history{}, false, api.ErrLongName(n)
	}
	switch {
	case !inTree:
		rest = ""
	case rest == "":
		rest = api.EmptyObject
	}
	return history{f, n.With(rest), how}, how.Keeps(), nil
}

// maxVersionBase is more than the length of a slash and the file name of a version.
const maxVersionBase = 64

// versioningLife is how long it is cached that a container keeps versions. That a container keeps
// none is not cached: this may change at any time.
const versioningLife = 5 * time.Minute

// versioningFor returns how a container keeps versions, for paths. The error is not translated.
func (f *FS) versioningFor(ctx context.Context, container api.Name) (api.Versioning, error) {
	key, err := f.versioningKey(ctx, container)
	if err != nil {
		return api.Versioning{}, err
	}
	if archive, ok := f.backend.local.Get(ctx, key); ok {
		return api.Versioning{Enabled: len(archive) == 0, Archive: string(archive)}, nil
	}
	how, err := f.client.Versioning(ctx, container)
	if err == nil && how.Keeps() {
		if how.Enabled { // Enabled takes precedence over an archive
			how.Archive = ""
		}
		f.backend.local.Set(ctx, key, []byte(how.Archive), versioningLife)
	}
	return how, err
}

func (f *FS) versioningKey(ctx context.Context, container api.Name) (cache.Key, error) {
	grant, err := f.client.Grants.Current(ctx)
	if err != nil {
		return cache.Key{}, err
	}
	account, err := api.AccountURL(grant.Endpoint, container.Account)
	return cache.NewKey("swift versioning", account, container.Container), err
}

// forgetVersioning removes a container that was created or removed from the cache.
func (f *FS) forgetVersioning(ctx context.Context, container api.Name) {
	if key, err := f.versioningKey(ctx, container); err == nil {
		f.backend.local.Delete(context.WithoutCancel(ctx), key)
	}
}

// changeable returns an error if n is in the tree of versions, where nothing can be created,
// changed or removed.
func (f *FS) changeable(ctx context.Context, n api.Name) error {
	_, inTree, err := f.historyAt(ctx, n)
	if inTree {
		err = vfs.Errorf(vfs.ErrPermission, "old versions of files cannot be changed: to bring one back, rename it to the file, or copy it")
	}
	return err
}

// readable returns the name by which a file is read. For an old version that is another name, and
// dated is the time of the version.
func (f *FS) readable(ctx context.Context, n api.Name, base string) (at api.Name, dated time.Time, err error) {
	h, inTree, err := f.historyAt(ctx, n)
	if err != nil || !inTree {
		return n, time.Time{}, err
	}
	v, err := h.version(ctx)
	if errors.Is(err, vfs.ErrNotExist) {
		if _, dirErr := h.stat(ctx, base); dirErr == nil {
			err = vfs.ErrIsDir
		}
	}
	return v.name, v.dated, err
}

// versionTime is the layout of a version's time as a file name: these names sort by time, and all
// systems permit them.
const versionTime = "2006-01-02T15-04-05.00000Z"

// finerTime is versionTime for RadosGW, whose version times have six decimals.
const finerTime = "2006-01-02T15-04-05.000000Z"

// versionBase returns the file name of a version, and its time. Some ids have a second part after
// an underscore, which is not a time.
func versionBase(id string) (base string, at time.Time, ok bool) {
	seconds, rest, _ := strings.Cut(id, "_")
	at, err := api.ParseSeconds(seconds)
	if err != nil || !strings.Contains(seconds, ".") {
		return "", time.Time{}, false
	}
	layout := versionTime
	if _, fraction, _ := strings.Cut(seconds, "."); len(fraction) == 6 {
		layout = finerTime
	}
	base = at.UTC().Format(layout)
	if rest != "" {
		base += "_" + rest
	}
	return base, at.UTC(), vfs.ValidName(base)
}

// versionOf returns the id of the version with a file name, and its time.
func versionOf(base string) (id string, at time.Time, ok bool) {
	text, rest, _ := strings.Cut(base, "_")
	layout, tick, most := versionTime, 10*time.Microsecond, int64(100_000) // Swift's unit of time
	if len(text) == len(finerTime) {
		layout, tick, most = finerTime, time.Microsecond, 1_000_000
	}
	at, err := time.Parse(layout, text)
	if err != nil || at.Unix() < 0 {
		return "", time.Time{}, false
	}
	id = strconv.FormatInt(at.Unix(), 10)
	id = strings.Repeat("0", max(0, 10-len(id))) + id + "." + strconv.FormatInt(int64(at.Nanosecond())/int64(tick)+most, 10)[1:]
	if rest != "" {
		id += "_" + rest
	}
	again, _, ok := versionBase(id)
	return id, at, ok && again == base
}

// oldVersion is a version of an object. name is the name by which it is read.
type oldVersion struct {
	name   api.Name
	of     api.Name // the object that it is a version of
	object api.Object
	dated  time.Time
}

// version returns the version whose file h is.
func (h history) version(ctx context.Context) (oldVersion, error) {
	dir, base := "", h.of.Object
	if i := strings.LastIndexByte(base, '/'); i >= 0 {
		dir, base = base[:i], base[i+1:]
	}
	id, at, ok := versionOf(base)
	if !ok || dir == "" {
		return oldVersion{}, vfs.ErrNotExist
	}
	v := oldVersion{of: h.of.With(dir), dated: at}
	var err error
	if h.how.Archive != "" {
		v.name = h.archived(v.of, id)
		v.object, err = h.client.Head(ctx, v.name)
	} else {
		v.name = v.of.AtVersion(id)
		v.object, err = h.client.Head(ctx, v.name)
		if api.StatusOf(err) == http.StatusNotFound {
			// An object from before versions were kept has no id, but it has a time.
			v.name = v.of.AtVersion(api.NullVersion)
			v.object, err = h.client.Head(ctx, v.name)
			if err == nil && !v.object.Modified.Equal(at) {
				return oldVersion{}, vfs.ErrNotExist
			}
		}
	}
	switch {
	case err != nil:
		return oldVersion{}, h.client.Refusal(ctx, h.of, err)
	case v.object.ContentType == api.DeletedType, v.object.IsDir():
		return oldVersion{}, vfs.ErrNotExist
	}
	v.object.DatedBy(at)
	return v, nil
}

// stat implements Stat in the tree of versions.
func (h history) stat(ctx context.Context, base string) (vfs.Info, error) {
	dir := vfs.Info{Name: base, Mode: api.DefaultDirMode, ModTime: h.opened}
	if !h.of.IsObject() {
		return dir, nil
	}
	v, err := h.version(ctx)
	if err == nil {
		return v.object.Info(base), nil
	}
	if !errors.Is(err, vfs.ErrNotExist) {
		return vfs.Info{}, err
	}
	there, err := h.isDir(ctx)
	switch {
	case err != nil:
		return vfs.Info{}, h.client.Refusal(ctx, h.of, err)
	case !there:
		return vfs.Info{}, vfs.ErrNotExist
	}
	return dir, nil
}

// isDir reports whether there are versions of an object with the name, or of an object below it.
// The error is not translated.
func (h history) isDir(ctx context.Context) (bool, error) {
	if h.how.Archive != "" {
		return h.isDirInArchive(ctx)
	}
	for _, prefix := range []string{h.of.Object, h.of.Prefix()} {
		if prefix == api.EmptyObject {
			continue
		}
		p, err := h.lists.RawPage(ctx, h.of, listing.Query{Versions: true, Prefix: prefix, Limit: 1})
		if err != nil {
			return false, err
		}
		if len(p.Lines) > 0 && (p.Lines[0].Name == h.of.Object || strings.HasPrefix(p.Lines[0].Key(), h.of.Prefix())) {
			return true, nil
		}
	}
	return false, nil
}
