package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// listedStem is the beginning of the names in a listing.
const listedStem = "entry"

// listedContent is the content of listed files. It is longer than any manifest of a large object
// that servers would look for, so that they ask Swift about times only.
var listedContent = bytes.Repeat([]byte{'.'}, 1<<10)

// listing returns a row that lists a directory on a server that has just started.
func listing(name string, n int, contestants []contestant) row {
	return row{
		name: name, title: fmt.Sprintf("listing of %d files, for the first time", n), unit: "s", less: true, contestants: contestants, fresh: true,
		prepare: func(ctx context.Context, b *bench) error {
			names := numbered(listedStem, n)
			for _, name := range names {
				if err := os.WriteFile(filepath.Join(b.disk, name), listedContent, 0o600); err != nil {
					return err
				}
			}
			return b.swift.makeMany(ctx, names, listedContent)
		},
		measure: func(ctx context.Context, b *bench, t *turn) (figure, error) {
			begin := time.Now()
			text, err := t.client.list(ctx, b, t.place)
			took := time.Since(begin)
			if err != nil {
				return figure{}, err
			}
			if got := strings.Count(text, listedStem+"-"); got != n {
				return figure{}, fmt.Errorf("%d files are listed, of %d", got, n)
			}
			return figure{value: took.Seconds()}, nil
		},
	}
}

// listingAgain returns a row that lists a directory on a server that has listed it before.
func listingAgain(n int, contestants []contestant) row {
	r := listing("list-again", n, contestants)
	r.title = fmt.Sprintf("listing of %d files, again", n)
	r.fresh = false
	r.warm = func(ctx context.Context, b *bench, t *turn) error {
		_, err := r.measure(ctx, b, t)
		return err
	}
	return r
}

// listingOwn returns a row that lists files as filegate stores them with list_times = "type", on a
// server that has just started.
func listingOwn(n int) row {
	r := listing("list-own", n, []contestant{
		{client: sftpClient, peer: filegate, settings: []string{timeInType}},
		{client: sftpClient, peer: filegate, settings: []string{withoutTime}},
	})
	r.title = fmt.Sprintf("listing of %d files with their times in the content type, for the first time", n)
	r.prepare = func(ctx context.Context, b *bench) error {
		return b.swift.makeEach(ctx, numbered(listedStem, n), listedContent,
			"Content-Type", "application/octet-stream;mtime=1700000000.123", "X-Object-Meta-Mtime", "1700000000.123")
	}
	return r
}
