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

// A rename that moves segments from one name to another, or many files, is written down before it
// begins and crossed out when it is done:
//
//	<container>_segments/.renames/<hash of both names>
//
// in the containers of both names. What it is cut off at can then be gone on with, by the same
// rename; and as long as it is not, whoever deletes segments knows which other name may stand for
// the same ones.
const renamesPrefix = ".renames/"

// maxRenames is how many unfinished renames are looked at. There should be none.
const maxRenames = 1000

// maxRenameRecord is more than two names can have in JSON.
const maxRenameRecord = 32 * kib

// Renaming is a rename that has begun.
type Renaming struct {
	From, To api.Name
	Begun    time.Time // by Swift's clock; zero for one that is not written down yet
}

// record is a renaming as it is written down, in the account of its names.
type record struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Records are where the renaming is written down.
func (r Renaming) Records() []api.Name {
	sum := sha256.Sum256([]byte(r.From.InAccount() + "\x00" + r.To.InAccount()))
	object := renamesPrefix + hex.EncodeToString(sum[:16])
	all := []api.Name{r.From.SegmentsContainer().With(object)}
	if other := r.To.SegmentsContainer().With(object); other != all[0] {
		all = append(all, other)
	}
	return all
}

// Sibling is the name that stands for the same as n while the rename is not finished.
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

// Renames is the journal of renames that a login reads and writes.
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

// Begin writes a rename down.
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

// Finish crosses a rename out. Where that fails nothing is wrong but that it will be looked at
// again.
func (j *Renames) Finish(ctx context.Context, r Renaming) {
	for _, n := range r.Records() {
		if err := j.client.Delete(ctx, n); err != nil {
			j.log.Warn("record of a finished rename not deleted", "record", n.String(), "err", err)
		}
	}
}

// Begun returns the unfinished rename from one name to the other, if there is one.
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

// Unfinished returns the renames of names in n's container that have begun and not ended. The error
// is not translated.
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

// parseRecord reads a record of a rename in an account.
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

// Release deletes the segments that n stood for, after n is gone or has another content. Those that
// another name stands for because of an unfinished rename stay, with that name, and so do those
// that old versions may name. A login that may not read the records deletes none. It is asked after
// the deed, so that no rename of n can begin in between.
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

// keep adds the segments that n stands for, if it is there.
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

// CheckMovable refuses to give a large file another name while one of the unfinished renames has
// left parts of it under yet another: nobody would know of the two any more that they belong
// together.
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
			return vfs.Errorf(vfs.ErrUnsupported, "an earlier rename of %q to %q was cut off: repeat that, or remove one of the two, before the file gets another name",
				r.From.InAccount(), r.To.InAccount())
		}
	}
	return nil
}
