package object

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"filegate/backends/internal/recent"
	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

// Uploads finds and removes interrupted uploads, see [CutOff].
type Uploads struct {
	client     *api.Client
	log        *slog.Logger
	lists      *listing.View
	containers *Containers
	large      *Large
	writing    *Writing
	Known      *KnownUploads
}

// NewUploads returns the interrupted uploads that a login can see. known is shared by all logins of
// a backend.
func NewUploads(l *Large, known *KnownUploads) *Uploads {
	return &Uploads{client: l.client, log: l.log, lists: l.lists, containers: l.containers, large: l, writing: l.writing, Known: known}
}

// KnownUploads caches facts about uploads for all logins of a backend.
type KnownUploads struct {
	none   *recent.Keys // containers without an interrupted upload
	some   *recent.Keys // containers that have or had an interrupted upload
	swept  *recent.Keys // containers that were searched for expired uploads
	Active activeUploads
}

// NewKnownUploads returns a KnownUploads that knows nothing yet.
func NewKnownUploads() *KnownUploads {
	k := &KnownUploads{}
	k.Forget()
	return k
}

// Forget forgets everything that was looked up. It must not be called while a login is in use.
func (k *KnownUploads) Forget() {
	k.none, k.some, k.swept = recent.New(partialsFor), recent.New(partialsFor), recent.New(sweepEvery)
}

// activeUploads are the running uploads of this process. Their markers are not those of interrupted
// uploads.
type activeUploads struct {
	mu  sync.Mutex
	all map[string]bool // by upload ID
}

func (a *activeUploads) add(upload string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all == nil {
		a.all = map[string]bool{}
	}
	a.all[upload] = true
}

func (a *activeUploads) remove(upload string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.all, upload)
}

// Has reports whether the upload is running in this process.
func (a *activeUploads) Has(upload string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all[upload]
}

// parseMarker parses the name of a marker in the segments container of n. It returns the file and
// the ID of the upload.
func parseMarker(n api.Name, marker string) (target api.Name, upload string, ok bool) {
	rest, ok := strings.CutPrefix(marker, uploadsPrefix)
	i := strings.LastIndexByte(rest, '/')
	if !ok || i <= 0 {
		return api.Name{}, "", false
	}
	return n.With(rest[:i]), rest[i+1:], IsUploadID(rest[i+1:])
}

// EachMarker calls do for the marker of each upload below a directory or container, several in
// parallel. The error is not translated.
func (u *Uploads) EachMarker(ctx context.Context, dir api.Name, do func(ctx context.Context, target api.Name, upload string, marker listing.Entry) error) error {
	if may, err := u.MayHave(ctx, dir); err != nil || !may {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(copiesAtOnce)
	err := u.lists.EachListed(ctx, dir.SegmentsContainer(), uploadsPrefix+dir.Prefix(), func(e listing.Entry) error {
		if target, upload, ok := parseMarker(dir, e.Name); ok {
			g.Go(func() error { return do(gctx, target, upload, e) })
		}
		return gctx.Err()
	})
	if failed := g.Wait(); failed != nil {
		return failed
	}
	if NoneToSee(err) {
		return nil
	}
	return err
}

// RemoveBelow removes the uploads below a directory that was removed, because no listing shows them
// any more. It skips uploads that are running in this process. An error is only logged.
func (u *Uploads) RemoveBelow(ctx context.Context, dir api.Name) {
	err := u.EachMarker(ctx, dir, func(ctx context.Context, target api.Name, upload string, marker listing.Entry) error {
		if u.Known.Active.Has(upload) {
			return nil
		}
		p, err := u.replay(ctx, target, upload, marker)
		if err != nil || len(p.segments) == 0 && !u.expired(p.modified) && !dir.IsContainer() {
			return err
		}
		return u.Remove(ctx, target, p)
	})
	if err != nil {
		u.log.Warn("remains of uploads in a removed directory not removed", "directory", dir.String(), "err", err)
	}
}
