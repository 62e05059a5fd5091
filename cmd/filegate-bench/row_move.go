package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// load is the data of a row: the number of concurrent sessions, and of files in each, of one size.
type load struct {
	streams, each int
	size          int64
	rtt           time.Duration
}

func (l load) count() int   { return l.streams * l.each }
func (l load) bytes() int64 { return int64(l.count()) * l.size }
func (l load) stem() string { return fmt.Sprintf("data-%d", l.size) }

// unit returns files/s for many files, and MiB/s for large ones.
func (l load) unit() string {
	if l.each > 1 {
		return "files/s"
	}
	return "MiB/s"
}

func (l load) figure(took time.Duration) figure {
	if l.each > 1 {
		return perSecond(float64(l.count()), l.bytes(), took)
	}
	return perSecond(float64(l.bytes())/(1<<20), l.bytes(), took)
}

// up returns a row that uploads. In each turn the files have new names, and are removed afterwards.
func (l load) up(name, title string, contestants []contestant) row {
	return row{
		name: name, title: title, unit: l.unit(), contestants: contestants, rtt: l.rtt,
		prepare: func(_ context.Context, b *bench) error {
			_, err := b.sources(l.stem(), l.count(), l.size)
			return err
		},
		measure: func(ctx context.Context, b *bench, t *turn) (figure, error) {
			sources, err := b.sources(l.stem(), l.count(), l.size)
			if err != nil {
				return figure{}, err
			}
			var files []file
			for i, remote := range numbered(b.newStem(), l.count()) {
				files = append(files, file{sources[i], remote, l.size})
			}
			took, err := l.move(ctx, b, t, t.client.put, files)
			if err == nil {
				err = t.checkStored(ctx, b, files, 1)
			}
			return l.figure(took), errors.Join(err, b.clear(ctx))
		},
	}
}

// down returns a row that downloads files that are stored as plain objects.
func (l load) down(name, title string, contestants []contestant) row {
	return row{
		name: name, title: title, unit: l.unit(), contestants: contestants, rtt: l.rtt,
		prepare: func(ctx context.Context, b *bench) error {
			sources, err := b.sources(l.stem(), l.count(), l.size)
			if err != nil {
				return err
			}
			var files []file
			for _, source := range sources {
				files = append(files, file{source, filepath.Base(source), l.size})
			}
			return b.store(ctx, files)
		},
		measure: func(ctx context.Context, b *bench, t *turn) (figure, error) {
			return l.fetch(ctx, b, t, func(_ int, source string) string { return filepath.Base(source) })
		},
	}
}

// downOwn returns a row in which each contestant downloads files that it has uploaded itself, as it
// has stored them.
func (l load) downOwn(name, title string, contestants []contestant) row {
	own := func(t *turn) func(int, string) string {
		stem := strings.NewReplacer(", ", "-", " ", "-").Replace(t.String())
		return func(i int, _ string) string { return fmt.Sprintf("own-%s-%d", stem, i) }
	}
	return row{
		name: name, title: title, unit: l.unit(), contestants: contestants, rtt: l.rtt,
		warm: func(ctx context.Context, b *bench, t *turn) error {
			sources, err := b.sources(l.stem(), l.count(), l.size)
			if err != nil {
				return err
			}
			var files []file
			for i, source := range sources {
				files = append(files, file{source, own(t)(i, source), l.size})
			}
			_, err = l.move(ctx, b, t, t.client.put, files)
			return err
		},
		measure: func(ctx context.Context, b *bench, t *turn) (figure, error) { return l.fetch(ctx, b, t, own(t)) },
	}
}

// fetch measures the download of files. The function remote returns their names; their content is
// that of the sources.
func (l load) fetch(ctx context.Context, b *bench, t *turn, remote func(i int, source string) string) (figure, error) {
	sources, err := b.sources(l.stem(), l.count(), l.size)
	if err != nil {
		return figure{}, err
	}
	var files []file
	for i, local := range numbered(b.newStem(), l.count()) {
		files = append(files, file{filepath.Join(b.work, local), remote(i, sources[i]), l.size})
	}
	defer func() {
		for _, f := range files {
			os.Remove(f.local)
		}
	}()
	took, err := l.move(ctx, b, t, t.client.get, files)
	if err == nil {
		err = t.checkFetched(files, sources)
	}
	return l.figure(took), err
}

// move transfers the files in as many sessions as there are streams, and returns the time that it
// took.
func (l load) move(ctx context.Context, b *bench, t *turn, by func(context.Context, *bench, *place, []file) error, files []file) (time.Duration, error) {
	begin := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for i := range l.streams {
		group.Go(func() error { return by(ctx, b, t.place, files[i*l.each:(i+1)*l.each]) })
	}
	err := group.Wait()
	return time.Since(begin), err
}

// checkStored checks the uploaded files: the size of all files and, in the first round, the content
// of every nth file.
func (t *turn) checkStored(ctx context.Context, b *bench, files []file, nth int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i, f := range files {
		group.Go(func() error {
			size, err := t.storedSize(ctx, b, f.remote)
			if err != nil {
				return err
			}
			if size != f.size {
				return fmt.Errorf("%s has arrived with %d bytes of %d", f.remote, size, f.size)
			}
			if !t.first() || i%nth != 0 {
				return nil
			}
			got, err := t.storedSum(ctx, b, f.remote)
			if err != nil {
				return err
			}
			return sameSum(f.local, f.remote, got)
		})
	}
	return group.Wait()
}

// storedSize returns the size of an uploaded file, in Swift or on the disk of a server without
// Swift.
func (t *turn) storedSize(ctx context.Context, b *bench, name string) (int64, error) {
	if t.local == "" {
		return b.swift.size(ctx, name)
	}
	info, err := os.Stat(filepath.Join(t.local, name))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (t *turn) storedSum(ctx context.Context, b *bench, name string) (string, error) {
	if t.local == "" {
		return b.swift.sum(ctx, name)
	}
	return fileSum(filepath.Join(t.local, name))
}

// checkFetched checks the downloaded files: their size and, in the first round, their content.
func (t *turn) checkFetched(files []file, sources []string) error {
	for i, f := range files {
		info, err := os.Stat(f.local)
		if err != nil {
			return err
		}
		if info.Size() != f.size {
			return fmt.Errorf("%s was fetched with %d bytes of %d", f.remote, info.Size(), f.size)
		}
		if !t.first() {
			continue
		}
		got, err := fileSum(f.local)
		if err != nil {
			return err
		}
		if err := sameSum(sources[i], f.remote, got); err != nil {
			return err
		}
	}
	return nil
}

func sameSum(source, name, got string) error {
	want, err := fileSum(source)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%s is another file than was sent: SHA-256 %s, not %s", name, got, want)
	}
	return nil
}
