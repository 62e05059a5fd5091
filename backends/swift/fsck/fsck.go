package fsck

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/backends/swift/object"
	"filegate/core/vfs"
)

// Checker searches the account of a login.
type Checker struct {
	Client  *api.Client
	Log     *slog.Logger
	Lists   *listing.View
	Large   *object.Large
	Uploads *object.Uploads
	Renames *object.Renames
	Objects *object.Store
	// Retention is how long an interrupted upload can be resumed. 0: this gateway keeps none, and
	// another one may.
	Retention time.Duration
}

const (
	// atOnce is how many objects are looked up in parallel.
	atOnce = 32
	// maxUnread is the number of objects that cannot be read at which the search ends: the store is
	// probably down.
	maxUnread = 100
	// maxNamed is how many examples a text contains.
	maxNamed = 3
)

// Run searches the account. The error is translated.
func (c *Checker) Run(ctx context.Context, opts vfs.FsckOptions) error {
	limits, err := c.Client.Limits(ctx)
	if err != nil {
		return api.Translate(err)
	}
	s := &search{
		Checker: c, opts: opts, limits: limits, begun: time.Now(),
		segments: newSeen(), places: newSeen(), parts: map[string]string{},
	}
	return api.Translate(s.run(ctx))
}

// search is one search.
type search struct {
	*Checker
	opts   vfs.FsckOptions
	limits api.Limits
	begun  time.Time

	containers []container
	segments   *seen // segments in use
	places     *seen // places of uploads that have a marker

	all, done atomic.Int64 // objects

	mu        sync.Mutex        // guards the following fields, and is held when a function of opts is called
	unread    []string          // the first objects that could not be read, each with its error
	failed    int               // how many could not be read
	uncertain int               // objects that may be manifests, and could not be read as such
	opaque    int               // static large objects whose manifests are not returned
	parts     map[string]string // manifests by the place of their parts; only for sftp-cloudfs's layout
	doubted   []doubt
	more      bool // doubted is full
}

// container is a container of the account.
type container struct {
	api.Name
	objects  int64
	selected bool // its errors are reported
	version  api.Versioning
}

func (s *search) run(ctx context.Context) error {
	if err := s.setClock(ctx); err != nil {
		return err
	}
	if err := s.findContainers(ctx); err != nil {
		return err
	}
	if err := s.prepare(ctx, true); err != nil {
		return err
	}
	for _, c := range s.containers {
		if c.selected {
			if err := s.objects(ctx, c, true); err != nil {
				return err
			}
		}
	}
	if err := s.askAgain(ctx); err != nil {
		return err
	}
	if err := s.orphans(ctx); err != nil {
		return err
	}
	s.progress(0)
	if s.failed > 0 {
		s.note(fmt.Sprintf("%d objects could not be read: %s", s.failed, someOf(s.unread, s.failed)))
	}
	return nil
}

// setClock makes begun a time of Swift's clock, if that is far from this machine's.
func (s *search) setClock(ctx context.Context) error {
	resp, err := s.Client.Send(ctx, api.Request{Method: http.MethodHead})
	if api.StatusOf(err) == http.StatusForbidden {
		return errNotOwner(err)
	}
	if err != nil {
		return err
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		if ahead := time.Since(date); ahead.Abs() > time.Minute {
			s.begun = s.begun.Add(-ahead)
		}
	}
	return nil
}

func errNotOwner(err error) error {
	return api.RefusedAs(err, vfs.ErrPermission, "this login may not list the account: use a login of its owner")
}

// findContainers lists the account.
func (s *search) findContainers(ctx context.Context) error {
	wanted := s.opts.Container
	found := wanted == ""
	err := s.Lists.EachListed(ctx, api.Name{}, "", func(e listing.Entry) error {
		if e.Name == "" {
			return nil
		}
		n := api.Name{Container: e.Name}
		c := container{Name: n, objects: e.Count, selected: wanted == "" || e.Name == wanted || n.SegmentsOf().Container == wanted ||
			e.Name == api.SegmentsContainer(wanted)}
		found = found || e.Name == wanted
		if c.selected {
			s.all.Add(e.Count)
		}
		s.containers = append(s.containers, c)
		return nil
	})
	if api.StatusOf(err) == http.StatusForbidden {
		return errNotOwner(err)
	}
	if err == nil && !found {
		return vfs.Errorf(vfs.ErrNotExist, "there is no container %s", wanted)
	}
	if err != nil {
		return err
	}
	return nil
}

// prepare reads what must be known of the containers before their objects are read.
func (s *search) prepare(ctx context.Context, selected bool) error {
	for i := range s.containers {
		c := &s.containers[i]
		if c.selected != selected {
			continue
		}
		v, err := s.Client.Versioning(ctx, c.Name)
		if err != nil {
			err = s.cannotRead(ctx, c.Name, err)
		}
		if err == nil {
			err = s.readMarkers(ctx, *c)
		}
		if err == nil {
			err = s.readRenames(ctx, *c)
		}
		if err != nil {
			return err
		}
		c.version = v
	}
	return nil
}

// exists reports whether the account has a container.
func (s *search) exists(n api.Name) bool {
	return slices.ContainsFunc(s.containers, func(c container) bool { return c.Name == n.Top() })
}

// cannotRead notes an object or a container that cannot be read. It returns an error that ends the
// search: that of ctx, or the last of too many.
func (s *search) cannotRead(ctx context.Context, n api.Name, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed++
	if len(s.unread) < maxNamed {
		s.unread = append(s.unread, fmt.Sprintf("%s: %s", n.InAccount(), vfs.ClientText(api.Translate(err))))
	}
	if s.failed >= maxUnread {
		return api.RefusedAs(err, vfs.ErrUnavailable, fmt.Sprintf("%d objects could not be read, so the search was ended: %s", s.failed, someOf(s.unread, s.failed)))
	}
	return nil
}

// old reports whether something was last changed long enough ago to be judged. An unknown time is
// not.
func (s *search) old(t time.Time) bool { return !t.IsZero() && s.begun.Sub(t) > s.opts.Age }

func (s *search) found(f vfs.Finding) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opts.Found(f)
}

func (s *search) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Note(text)
}

// progress counts objects that were looked up.
func (s *search) progress(n int64) {
	done := s.done.Add(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.Progress(done, max(done, s.all.Load()))
}

// key returns the form of a name in the sets.
func key(n api.Name) string { return n.InAccount() }

// use notes that a file uses a segment.
func (s *search) use(seg api.Name) { s.segments.add(key(seg)) }

// someOf returns examples for a text.
func someOf(names []string, all int) string {
	text := ""
	for i, n := range names {
		if i > 0 {
			text += ", "
		}
		text += n
	}
	if rest := all - len(names); rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}
