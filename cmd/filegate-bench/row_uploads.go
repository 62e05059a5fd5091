package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"
)

// uploadSize is larger than filegate's first segment, so that each upload sends a segment while
// more data arrives.
const uploadSize = 20 << 20

// uploads returns a row of many concurrent uploads. It is about memory: the peak of a server
// compared with filegate's budget.
func uploads(s sizes) row {
	ftp := curlClient
	ftp.put = curlAtOnce
	own := goClient
	own.put = putAtOnce
	l := load{streams: 1, each: s.uploads, size: uploadSize}
	r := l.up("uploads", fmt.Sprintf("%d uploads of %s at once (filegate with a budget of %s)", s.uploads, bytesOf(uploadSize), bytesOf(budget)), []contestant{
		{client: own, peer: filegate, settings: []string{budgetLine}},
		{client: own, peer: rclone},
		{client: own, peer: openSSH},
		{client: ftp, peer: filegate, settings: []string{budgetLine}},
		{client: ftp, peer: rclone},
	})
	r.once, r.sessions = true, s.uploads
	r.prepare = nil
	r.unit = "MiB/s"
	r.measure = func(ctx context.Context, b *bench, t *turn) (figure, error) {
		sources, err := b.sources(l.stem(), 1, l.size) // all upload the same file
		if err != nil {
			return figure{}, err
		}
		var files []file
		for _, remote := range numbered(b.newStem(), s.uploads) {
			files = append(files, file{sources[0], remote, l.size})
		}
		took, err := l.move(ctx, b, t, t.client.put, files)
		if err == nil {
			// Large objects have many segments, and Swift needs time to assemble them.
			err = t.checkStored(ctx, b, files, 10)
		}
		return perSecond(float64(l.bytes())/(1<<20), l.bytes(), took), errors.Join(err, b.clear(ctx))
	}
	return r
}

// putAtOnce uploads all files at the same time, each in its own session.
func putAtOnce(ctx context.Context, _ *bench, p *place, files []file) error {
	sessions := make([]*session, len(files))
	defer func() {
		for _, s := range sessions {
			if s != nil {
				s.close()
			}
		}
	}()
	// Eight at a time, because servers limit the number of concurrent logins.
	logins, loginCtx := errgroup.WithContext(ctx)
	logins.SetLimit(8)
	for i := range files {
		logins.Go(func() (err error) {
			sessions[i], err = p.dial(ctx)
			if err != nil {
				return fmt.Errorf("login %d of %d: %w", i+1, len(files), err)
			}
			return loginCtx.Err()
		})
	}
	if err := logins.Wait(); err != nil {
		return err
	}
	var transfers errgroup.Group
	for i, f := range files {
		transfers.Go(func() error { return sessions[i].put(f.local, p.root+f.remote) })
	}
	return transfers.Wait()
}

func (s *session) put(local, remote string) error {
	in, err := os.Open(local)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := s.OpenFile(remote, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = out.ReadFrom(in)
	return errors.Join(err, out.Close())
}
