package object

import (
	"context"
	"errors"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/listing"
)

const (
	// sweepEvery is how often a container is searched for expired uploads.
	sweepEvery = time.Hour
	// sweepMost is the largest number of them that one Commit removes, so that the Commit is not
	// delayed for long.
	sweepMost = 10
)

// sweepUploads removes the expired uploads in n's container: interrupted uploads that were not
// resumed within the retention time. The Commit of a large file calls it at its end. An error is
// only logged.
func (u *Uploads) sweepUploads(ctx context.Context, n api.Name) {
	if u.writing.Retention == 0 {
		return // another gateway may keep uploads
	}
	key, err := u.partialsKey(ctx, n)
	if err == nil && u.Known.swept.Note(key) {
		err = u.removeExpired(ctx, n.SegmentsContainer())
	}
	if err != nil {
		u.log.Warn("remains of uploads not removed", "container", n.SegmentsContainer().String(), "err", err)
	}
}

func (u *Uploads) removeExpired(ctx context.Context, segments api.Name) error {
	removed := 0
	err := u.lists.EachListed(ctx, segments, uploadsPrefix, func(marker listing.Entry) error {
		gone, err := u.removeIfExpired(ctx, segments, marker)
		if gone {
			removed++
		}
		if err == nil && removed == sweepMost {
			return errSweptEnough
		}
		return err
	})
	if errors.Is(err, errSweptEnough) {
		return nil
	}
	return err
}

// errSweptEnough stops a sweep early.
var errSweptEnough = errors.New("enough removed for now")

// removeIfExpired removes the upload of a marker if it is expired, and reports whether it did. An
// upload that cannot be read is left for a later sweep.
func (u *Uploads) removeIfExpired(ctx context.Context, segments api.Name, marker listing.Entry) (bool, error) {
	if !u.expired(marker.Time(time.Now())) {
		return false, nil
	}
	target, p, err := u.UploadOf(ctx, segments, marker)
	if err != nil || p == nil || !u.expired(p.modified) {
		return false, nil
	}
	if err := u.Remove(ctx, target, p); err != nil {
		return false, err
	}
	u.log.Info("remains of an upload removed", "target", target.String(), "begun", p.ID, "segments", len(p.segments))
	return true, nil
}
