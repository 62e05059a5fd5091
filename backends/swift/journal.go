package swift

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"filegate/core/vfs"
)

// A rename that moves segments from one name to another, or many files, is written down before it begins and crossed out when it is done:
//
//	<container>_segments/.renames/<hash of both names>
//
// in the containers of both names. What it is cut off at can then be gone on with, by the same rename; and as long as it is not, whoever deletes
// segments knows which other name may stand for the same ones.
const renamesPrefix = ".renames/"

// maxRenames is how many unfinished renames are looked at. There should be none.
const maxRenames = 1000

// maxRenameRecord is more than two names can have in JSON.
const maxRenameRecord = 32 * kib

// renaming is a rename that has begun.
type renaming struct {
	from, to name
	begun    time.Time // by Swift's clock; zero for one that is not written down yet
}

// record is a renaming as it is written down, in the account of its names.
type record struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// records are where the renaming is written down.
func (r renaming) records() []name {
	sum := sha256.Sum256([]byte(r.from.inAccount() + "\x00" + r.to.inAccount()))
	object := renamesPrefix + hex.EncodeToString(sum[:16])
	all := []name{r.from.segments().with(object)}
	if other := r.to.segments().with(object); other != all[0] {
		all = append(all, other)
	}
	return all
}

// sibling is the name that stands for the same as n while the rename is not finished.
func (r renaming) sibling(n name) (name, bool) {
	for _, way := range [][2]name{{r.from, r.to}, {r.to, r.from}} {
		switch {
		case way[0] == n:
			return way[1], true
		case way[0].contains(n):
			return way[1].with(way[1].prefix() + strings.TrimPrefix(n.object, way[0].prefix())), true
		}
	}
	return name{}, false
}

// begin writes a rename down.
func (f *FS) begin(ctx context.Context, r renaming) error {
	body, err := json.Marshal(record{r.from.inAccount(), r.to.inAccount()})
	if err != nil {
		return err
	}
	files := []name{r.from, r.to}
	for i, n := range r.records() {
		req := request{
			method: http.MethodPut, target: n, body: pieces{body}.reader(), length: int64(len(body)),
			header: map[string]string{"Content-Type": "application/json"},
		}
		_, err := f.client.send(ctx, req)
		if status(err) == http.StatusNotFound {
			if err := f.makeSegmentsContainer(ctx, files[i]); err != nil {
				return translate(err)
			}
			_, err = f.client.send(ctx, req)
		}
		if err != nil {
			return translate(err)
		}
	}
	return nil
}

// finish crosses a rename out. Where that fails nothing is wrong but that it will be looked at again.
func (f *FS) finish(ctx context.Context, r renaming) {
	for _, n := range r.records() {
		if err := f.client.deleteObject(ctx, n); err != nil {
			f.log.Warn("record of a finished rename not deleted", "record", n.String(), "err", err)
		}
	}
}

// begun returns the unfinished rename from one name to the other, if there is one.
func (f *FS) begun(ctx context.Context, from, to name) (renaming, bool, error) {
	r := renaming{from: from, to: to}
	o, err := f.client.head(ctx, r.records()[0])
	switch {
	case status(err) == http.StatusNotFound, status(err) == http.StatusForbidden:
		return r, false, nil
	case err != nil:
		return r, false, translate(err)
	}
	r.begun = o.modified
	return r, true, nil
}

// unfinished returns the renames of names in n's container that have begun and not ended. The error is not translated.
func (f *FS) unfinished(ctx context.Context, n name) ([]renaming, error) {
	page, err := f.listedUpTo(ctx, n.segments(), renamesPrefix, maxRenames)
	switch {
	case status(err) == http.StatusNotFound, status(err) == http.StatusForbidden: // who may not read there deletes nothing there either
		return nil, nil
	case err != nil:
		return nil, err
	}
	var all []renaming
	for _, e := range page {
		r, err := f.readRecord(ctx, n.segments().with(e.Name))
		switch {
		case status(err) == http.StatusNotFound: // finished meanwhile
		case err != nil:
			return nil, err
		default:
			all = append(all, r)
		}
	}
	return all, nil
}

func (f *FS) readRecord(ctx context.Context, n name) (renaming, error) {
	body, _, err := f.client.fetch(ctx, request{method: http.MethodGet, target: n}, maxRenameRecord)
	if err != nil {
		return renaming{}, err
	}
	var rec record
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&rec); err != nil {
		return renaming{}, fmt.Errorf("%q: %w", n.String(), err)
	}
	from, ok1 := parseName(n.account, rec.From)
	to, ok2 := parseName(n.account, rec.To)
	if !ok1 || !ok2 {
		return renaming{}, fmt.Errorf("%q records no rename", n.String())
	}
	return renaming{from: from, to: to}, nil
}

// release deletes the segments that n stood for, after n is gone or has another content. Those that another name stands for because of an unfinished
// rename stay, with that name, and so do those that old versions may name. It is asked after the deed, so that no rename of n can begin in between.
func (f *FS) release(ctx context.Context, n name, segments []name) {
	if len(segments) == 0 {
		return
	}
	kept := map[name]bool{}
	var renames []renaming
	var inVersions bool
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		renames, err = f.unfinished(gctx, n)
		return err
	})
	g.Go(func() (err error) {
		inVersions, err = f.mayBeInVersions(gctx, n, segments)
		return err
	})
	err := g.Wait()
	if inVersions {
		return
	}
	for _, r := range renames {
		if s, ok := r.sibling(n); ok && err == nil {
			err = f.keep(ctx, s, kept)
		}
	}
	if err != nil {
		f.log.Warn("segments not deleted", "first", segments[0].String(), "count", len(segments), "err", err)
		return
	}
	var gone []name
	for _, seg := range segments {
		if !kept[seg] {
			gone = append(gone, seg)
		}
	}
	f.deleteSegments(ctx, gone)
}

// keep adds the segments that n stands for, if it is there.
func (f *FS) keep(ctx context.Context, n name, kept map[name]bool) error {
	o, err := f.client.head(ctx, n)
	if status(err) == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	segments, err := f.segmentsOf(ctx, n, o)
	if status(err) == http.StatusNotFound {
		return nil
	}
	for _, seg := range segments {
		kept[seg] = true
	}
	return err
}

// checkMovable refuses to give a large file another name while one of the unfinished renames has left parts of it under yet another: nobody would know
// of the two any more that they belong together.
func (f *FS) checkMovable(ctx context.Context, n name, o object, unfinished []renaming) error {
	if !o.isLarge() {
		return nil
	}
	for _, r := range unfinished {
		s, ok := r.sibling(n)
		if !ok {
			continue
		}
		own, err := f.segmentsOf(ctx, n, o)
		if err != nil {
			return translate(err)
		}
		kept := map[name]bool{}
		if err := f.keep(ctx, s, kept); err != nil {
			return translate(err)
		}
		if slices.ContainsFunc(own, func(seg name) bool { return kept[seg] }) {
			return vfs.Errorf(vfs.ErrUnsupported, "an earlier rename of %q to %q was cut off: repeat that, or remove one of the two, before the file gets another name",
				r.from.inAccount(), r.to.inAccount())
		}
	}
	return nil
}
