package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// curlClient is curl over FTP.
var curlClient = client{
	name: "curl", protocol: "ftp",
	put: func(ctx context.Context, _ *bench, p *place, files []file) error {
		return curl(ctx, nil, files, "upload-file", p.ftpURL)
	},
	get: func(ctx context.Context, _ *bench, p *place, files []file) error {
		return curl(ctx, nil, files, "output", p.ftpURL)
	},
	list: func(ctx context.Context, _ *bench, p *place) (string, error) {
		return run(ctx, nil, "", "curl", "-sS", "--globoff", "--noproxy", "*", p.ftpURL(""))
	},
}

// curlToSwift is curl directly to Swift, as the limit.
var curlToSwift = client{
	name: "curl", protocol: "swift",
	put: func(ctx context.Context, _ *bench, p *place, files []file) error {
		return curl(ctx, p.tokenArgs(), files, "upload-file", p.swift.url)
	},
	get: func(ctx context.Context, _ *bench, p *place, files []file) error {
		return curl(ctx, p.tokenArgs(), files, "output", p.swift.url)
	},
	list: listSwift,
}

func (p *place) tokenArgs() []string { return []string{"-H", "X-Auth-Token: " + p.swift.token} }

// ftpURL returns the URL of a file, including the login. The user may contain a colon, which curl's
// option -u would take for the separator.
func (p *place) ftpURL(name string) string {
	u := url.URL{Scheme: "ftp", User: url.UserPassword(p.user, p.password), Host: p.host + ":" + p.port, Path: p.root + name}
	return u.String()
}

// curl runs curl once for all files; direction is its option for the local name.
func curl(ctx context.Context, args []string, files []file, direction string, at func(string) string) error {
	var config strings.Builder
	for _, f := range files {
		fmt.Fprintf(&config, "url = %s\n%s = %s\n", quoted(at(f.remote)), direction, quoted(f.local))
	}
	_, err := run(ctx, nil, config.String(), "curl", append([]string{"-fsS", "--globoff", "--noproxy", "*", "-K", "-"}, args...)...)
	return err
}

// curlAtOnce sends all files at the same time, with one curl for each. A single curl for all files
// would stop while it waits for the server to confirm one file, and the other transfers would time
// out.
func curlAtOnce(ctx context.Context, b *bench, p *place, files []file) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range files {
		group.Go(func() error { return curlClient.put(ctx, b, p, files[i:i+1]) })
	}
	return group.Wait()
}

// listSwift reads the pages of Swift's listing one after the other.
func listSwift(ctx context.Context, _ *bench, p *place) (string, error) {
	var all strings.Builder
	marker := ""
	for {
		query := url.Values{"limit": {"10000"}, "marker": {marker}}
		page, err := run(ctx, nil, "", "curl", append(p.tokenArgs(), "-fsS", "--noproxy", "*", p.swift.storage+"/"+p.swift.container+"?"+query.Encode())...)
		if err != nil {
			return "", err
		}
		names := strings.Fields(page)
		if len(names) == 0 {
			return all.String(), nil
		}
		all.WriteString(page)
		marker = names[len(names)-1]
	}
}

// curlFirstByte runs curl and returns the time until it has the first byte of a file, in seconds.
func curlFirstByte(ctx context.Context, args []string, url string) (float64, error) {
	out, err := run(ctx, nil, "", "curl", append(args, "-fsS", "--globoff", "--noproxy", "*", "-o", "/dev/null", "-w", "%{time_starttransfer}", url)...)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(out), 64)
}
