package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// listing returns a row that lists a directory: on a server that has just started or, with again,
// on one that has listed it before.
func listing(name string, n int, again bool, contestants []contestant) row {
	const stem = "entry"
	// Not empty: an empty object may be a large one, and servers would ask Swift about each.
	content := []byte{'.'}
	r := row{
		name: name, title: fmt.Sprintf("listing of %d files, for the first time", n), unit: "s", less: true, contestants: contestants, fresh: true,
		prepare: func(ctx context.Context, b *bench) error {
			names := numbered(stem, n)
			for _, name := range names {
				if err := os.WriteFile(filepath.Join(b.disk, name), content, 0o600); err != nil {
					return err
				}
			}
			return b.swift.makeMany(ctx, names, content)
		},
		measure: func(ctx context.Context, b *bench, t *turn) (figure, error) {
			begin := time.Now()
			text, err := t.client.list(ctx, b, t.place)
			took := time.Since(begin)
			if err != nil {
				return figure{}, err
			}
			if got := strings.Count(text, stem+"-"); got != n {
				return figure{}, fmt.Errorf("%d files are listed, of %d", got, n)
			}
			return figure{value: took.Seconds()}, nil
		},
	}
	if again {
		r.title = fmt.Sprintf("listing of %d files, again", n)
		r.fresh = false
		r.warm = func(ctx context.Context, b *bench, t *turn) error {
			_, err := r.measure(ctx, b, t)
			return err
		}
	}
	return r
}
