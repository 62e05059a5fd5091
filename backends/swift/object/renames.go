package object

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
	"filegate/core/vfs"
)

// A rename that moves segments to another name, or that moves many files, is recorded before it
// begins, and the record is deleted after it:
//
//	<container>_segments/.renames/<hash of both names>
//
// The record is in the containers of both names. If the rename is interrupted, repeating it
// completes it. Until then, the record shows which other name may use the same segments, so that
// they are not deleted.
const renamesPrefix = ".renames/"

// maxRenames is the largest number of unfinished renames that are read. Normally there are none.
const maxRenames = 1000

// maxRenameRecord is larger than any two names in JSON.
const maxRenameRecord = 32 * kib

// Renaming is a rename that has begun.
type Renaming struct {
	From, To api.Name
	Begun    time.Time // by Swift's clock; zero if the rename is not recorded yet
}

// record is the stored form of a Renaming. The names are in the account of the record.
type record struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Records returns the names of the records of the rename.
func (r Renaming) Records() []api.Name {
	sum := sha256.Sum256([]byte(r.From.InAccount() + "\x00" + r.To.InAccount()))
	object := renamesPrefix + hex.EncodeToString(sum[:16])
	all := []api.Name{r.From.SegmentsContainer().With(object)}
	if other := r.To.SegmentsContainer().With(object); other != all[0] {
		all = append(all, other)
	}
	return all
}

// Sibling returns the other name for n while the rename is not finished.
func (r Renaming) Sibling(n api.Name) (api.Name, bool) {
	for _, way := range [][2]api.Name{{r.From, r.To}, {r.To, r.From}} {
		switch {
		case way[0] == n:
			return way[1], true
		case way[0].Contains(n):
			return way[1].With(way[1].Prefix() + strings.TrimPrefix(n.Object, way[0].Prefix())), true
		}
	}
	return api.Name{}, false
}

// Renames is the journal of renames, as a login reads and writes it.
type Renames struct {
	client     *api.Client
	log        *slog.Logger
	lists      *listing.View
	containers *Containers
	large      *Large
}

// NewRenames returns the journal of a login.
func NewRenames(l *Large) *Renames {
	return &Renames{client: l.client, log: l.log, lists: l.lists, containers: l.containers, large: l}
}

// Begin records a rename.
func (j *Renames) Begin(ctx context.Context, r Renaming) error {
	body, err := json.Marshal(record{r.From.InAccount(), r.To.InAccount()})
	if err != nil {
		return err
	}
	files := []api.Name{r.From, r.To}
	for i, n := range r.Records() {
		req := api.Request{
			Method: http.MethodPut, Target: n, Body: api.Pieces{body}.Reader(), Length: int64(len(body)),
			Header: map[string]string{"Content-Type": "application/json"},
		}
		_, err := j.client.Send(ctx, req)
		if api.StatusOf(err) == http.StatusNotFound {
			if err := j.containers.makeForSegments(ctx, files[i]); err != nil {
				return api.Translate(err)
			}
			_, err = j.client.Send(ctx, req)
		}
		if err != nil {
			return api.Translate(err)
		}
	}
	return nil
}

// Finish deletes the record of a rename. If the deletion fails, the record only causes more
// look-ups.
func (j *Renames) Finish(ctx context.Context, r Renaming) {
	for _, n := range r.Records() {
		if err := j.client.Delete(ctx, n); err != nil {
			j.log.Warn("record of a finished rename not deleted", "record", n.String(), "err", err)
		}
	}
}

// Begun returns the unfinished rename between two names, if there is one.
func (j *Renames) Begun(ctx context.Context, from, to api.Name) (Renaming, bool, error) {
	r := Renaming{From: from, To: to}
	o, err := j.client.Head(ctx, r.Records()[0])
	switch {
	case api.StatusOf(err) == http.StatusNotFound, api.StatusOf(err) == http.StatusForbidden:
		return r, false, nil
	case err != nil:
		return r, false, api.Translate(err)
	}
	r.Begun = o.Modified
	return r, true, nil
}

// Unfinished returns the unfinished renames of names in n's container. The error is not translated.
func (j *Renames) Unfinished(ctx context.Context, n api.Name) ([]Renaming, error) {
	page, err := j.lists.ListedUpTo(ctx, n.SegmentsContainer(), renamesPrefix, maxRenames)
	switch {
	case api.StatusOf(err) == http.StatusNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	var all []Renaming
	for _, e := range page {
		r, err := j.readRecord(ctx, n.SegmentsContainer().With(e.Name))
		switch {
		case api.StatusOf(err) == http.StatusNotFound: // finished meanwhile
		case err != nil:
			return nil, err
		default:
			all = append(all, r)
		}
	}
	return all, nil
}

func (j *Renames) readRecord(ctx context.Context, n api.Name) (Renaming, error) {
	body, _, err := j.client.Fetch(ctx, api.Request{Method: http.MethodGet, Target: n}, maxRenameRecord)
	if err != nil {
		return Renaming{}, err
	}
	r, err := parseRecord(n.Account, body)
	if err != nil {
		return Renaming{}, fmt.Errorf("%q: %w", n.String(), err)
	}
	return r, nil
}

// parseRecord parses a record in an account.
func parseRecord(account string, body []byte) (Renaming, error) {
	var rec record
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&rec); err != nil {
		return Renaming{}, err
	}
	from, ok1 := api.ParseName(account, rec.From)
	to, ok2 := api.ParseName(account, rec.To)
	if !ok1 || !ok2 {
		return Renaming{}, errors.New("this records no rename")
	}
	return Renaming{From: from, To: to}, nil
}

// Release deletes the segments that n used. The caller must call it after n was deleted or
// replaced, so that no rename of n can begin meanwhile. Release keeps the segments that another
// name uses because of an unfinished rename, and those that old versions may use. If the login may
// not read the records, Release deletes nothing.
func (j *Renames) Release(ctx context.Context, n api.Name, segments []api.Name) {
	if len(segments) == 0 {
		return
	}
	kept := map[api.Name]bool{}
	var renames []Renaming
	var inVersions bool
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		renames, err = j.Unfinished(gctx, n)
		return err
	})
	g.Go(func() (err error) {
		inVersions, err = j.large.mayBeInVersions(gctx, n, segments)
		return err
	})
	err := g.Wait()
	if inVersions {
		return
	}
	for _, r := range renames {
		if s, ok := r.Sibling(n); ok && err == nil {
			err = j.keep(ctx, s, kept)
		}
	}
	if err != nil {
		j.log.Warn("segments not deleted", "first", segments[0].String(), "count", len(segments), "err", err)
		return
	}
	var gone []api.Name
	for _, seg := range segments {
		if !kept[seg] {
			gone = append(gone, seg)
		}
	}
	j.large.deleteSegments(ctx, gone)
}

// keep adds the segments of n to kept, if n exists.
func (j *Renames) keep(ctx context.Context, n api.Name, kept map[api.Name]bool) error {
	o, err := j.client.Head(ctx, n)
	if api.StatusOf(err) == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	segments, err := j.large.OwnSegments(ctx, n, o)
	if api.StatusOf(err) == http.StatusNotFound {
		return nil
	}
	for _, seg := range segments {
		kept[seg] = true
	}
	return err
}

// CheckMovable refuses to rename a large file that shares segments with another name because of an
// unfinished rename. After a second rename, nothing would record that the two names share segments.
func (j *Renames) CheckMovable(ctx context.Context, n api.Name, o api.Object, unfinished []Renaming) error {
	if !o.IsLarge() {
		return nil
	}
	for _, r := range unfinished {
		s, ok := r.Sibling(n)
		if !ok {
			continue
		}
		own, err := j.large.OwnSegments(ctx, n, o)
		if err != nil {
			return api.Translate(err)
		}
		kept := map[api.Name]bool{}
		if err := j.keep(ctx, s, kept); err != nil {
			return api.Translate(err)
		}
		if slices.ContainsFunc(own, func(seg api.Name) bool { return kept[seg] }) {
			return vfs.Errorf(vfs.ErrUnsupported, "an earlier rename of %q to %q is not finished: repeat it, or remove one of the two files, before renaming this file",
				r.From.InAccount(), r.To.InAccount())
		}
	}
	return nil
}
