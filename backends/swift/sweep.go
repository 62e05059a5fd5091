package swift

import (
	"context"
	"strings"
	"time"
)

const (
	// sweepEvery is how often a container is looked through for what is left of uploads.
	sweepEvery = time.Hour
	// sweepMost is how many of them are removed each time, so that nobody's upload has to wait for long.
	sweepMost = 10
)

// sweepUploads removes uploads in n's container that were cut off and have not been gone on with for the retention time. It is what a Commit of a
// large file does at its end, now and then; a failure is for the log.
func (f *FS) sweepUploads(ctx context.Context, n name) {
	if f.backend.cfg.ResumeRetention == 0 {
		return // another gateway may keep them
	}
	key, err := f.partialsKey(ctx, n)
	if err == nil && f.backend.swept.note(key) {
		err = f.removeExpired(ctx, n.segments())
	}
	if err != nil {
		f.log.Warn("remains of uploads not removed", "container", n.segments().String(), "err", err)
	}
}

func (f *FS) removeExpired(ctx context.Context, segments name) error {
	markers, err := f.page(ctx, segments, listing{prefix: uploadsPrefix, limit: maxPartials})
	if err != nil {
		return err
	}
	removed := 0
	for _, e := range markers {
		i := strings.LastIndexByte(e.Name, '/')
		if i <= len(uploadsPrefix) || !f.expired(e.time(time.Now())) {
			continue
		}
		target := name{segments.account, strings.TrimSuffix(segments.container, segmentsSuffix), e.Name[len(uploadsPrefix):i]}
		if target.segments() != segments {
			continue // the container's name is too long to be told from that of its segments
		}
		p, err := f.replay(ctx, target, e.Name[i+1:], e)
		if err != nil || !f.expired(p.modified) {
			continue
		}
		if err := f.removePartial(ctx, target, p); err != nil {
			return err
		}
		f.log.Info("remains of an upload removed", "target", target.String(), "begun", p.upload, "segments", len(p.segments))
		if removed++; removed == sweepMost {
			break
		}
	}
	return nil
}
