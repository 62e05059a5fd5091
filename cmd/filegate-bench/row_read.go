package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const block = 4 << 10

// randomReads returns a row of reads at random positions of one file, with several outstanding
// requests in one session.
func randomReads(name string, outstanding int, s sizes) row {
	l := load{streams: 1, each: 1, size: s.random}
	r := l.down(name, fmt.Sprintf("random reads of 4 KiB in a file of %s, %d outstanding", bytesOf(s.random), outstanding), readers())
	r.unit = "reads/s"
	r.measure = func(ctx context.Context, b *bench, t *turn) (figure, error) {
		sources, err := b.sources(l.stem(), 1, l.size)
		if err != nil {
			return figure{}, err
		}
		source, err := os.Open(sources[0])
		if err != nil {
			return figure{}, err
		}
		defer source.Close()
		session, err := t.dial(ctx)
		if err != nil {
			return figure{}, err
		}
		defer session.close()
		remote, err := session.Open(t.root + filepath.Base(sources[0]))
		if err != nil {
			return figure{}, err
		}
		defer remote.Close()

		var reads atomic.Int64
		begin := time.Now()
		var group errgroup.Group
		for i := range outstanding {
			// The same for all contestants.
			places := rand.New(rand.NewPCG(uint64(t.round), uint64(i)))
			group.Go(func() error {
				for time.Since(begin) < s.readFor {
					if err := sameBlock(remote, source, places.Int64N(l.size/block)*block); err != nil {
						return err
					}
					reads.Add(1)
				}
				return nil
			})
		}
		err = group.Wait()
		return perSecond(float64(reads.Load()), reads.Load()*block, time.Since(begin)), err
	}
	return r
}

func sameBlock(got, want io.ReaderAt, offset int64) error {
	var g, w [block]byte
	if _, err := got.ReadAt(g[:], offset); err != nil {
		return fmt.Errorf("reading at %d: %w", offset, err)
	}
	if _, err := want.ReadAt(w[:], offset); err != nil {
		return err
	}
	if !bytes.Equal(g[:], w[:]) {
		return fmt.Errorf("a read at %d returns other bytes than the file has", offset)
	}
	return nil
}

// firstLoad is the file whose first bytes are read. It is large enough that no server has read all
// of it in advance.
var firstLoad = load{streams: 1, each: 1, size: 1 << 20}

// firstByte returns a row that opens a file and reads its first block, in an open session.
func firstByte(s sizes) row {
	r := firstLoad.down("first", "first 4 KiB of a file, session open", readers())
	r.unit, r.less = "ms", true
	r.measure = func(ctx context.Context, b *bench, t *turn) (figure, error) {
		session, err := t.dial(ctx)
		if err != nil {
			return figure{}, err
		}
		defer session.close()
		return repeat(s.times, func() (float64, error) {
			return readFirst(b, t, session, time.Now())
		})
	}
	return r
}

// loginByte returns a row with all steps: connection, login, opening, first block. Over FTP and to
// Swift itself, curl reports the time of the first byte; to Swift it already has a token.
func loginByte(s sizes) row {
	r := firstLoad.down("login", "login and first bytes of a file", append(readers(),
		contestant{client: curlClient, peer: filegate}, contestant{client: curlClient, peer: rclone},
		contestant{client: curlToSwift, peer: swiftItself}))
	r.unit, r.less = "ms", true
	r.measure = func(ctx context.Context, b *bench, t *turn) (figure, error) {
		return repeat(s.times, func() (float64, error) {
			switch t.client.name {
			case curlToSwift.name:
				name := filepath.Base(b.source(firstLoad.stem(), 0))
				args, url := []string(nil), t.ftpURL(name)
				if t.server == nil {
					args, url = t.tokenArgs(), t.swift.url(name)
				}
				seconds, err := curlFirstByte(ctx, args, url)
				return 1000 * seconds, err
			default:
				begin := time.Now()
				session, err := t.dial(ctx)
				if err != nil {
					return 0, err
				}
				defer session.close()
				return readFirst(b, t, session, begin)
			}
		})
	}
	return r
}

// readFirst opens the file, reads its first block and returns the time since begin, in
// milliseconds.
func readFirst(b *bench, t *turn, s *session, begin time.Time) (float64, error) {
	local := b.source(firstLoad.stem(), 0)
	f, err := s.Open(t.root + filepath.Base(local))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var got, want [block]byte
	if _, err := io.ReadFull(f, got[:]); err != nil {
		return 0, err
	}
	took := time.Since(begin)
	source, err := os.Open(local)
	if err != nil {
		return 0, err
	}
	defer source.Close()
	if _, err := io.ReadFull(source, want[:]); err != nil {
		return 0, err
	}
	if got != want {
		return 0, errors.New("the first bytes are not those of the file")
	}
	return 1000 * took.Seconds(), nil
}

// repeat returns the median of several measurements.
func repeat(times int, measure func() (float64, error)) (figure, error) {
	var values []float64
	for range times {
		v, err := measure()
		if err != nil {
			return figure{}, err
		}
		values = append(values, v)
	}
	return figure{value: spreadOf(values).Median}, nil
}
