package main

import (
	"context"
	"fmt"
	"strings"
)

// lftpClient is lftp over FTP without TLS, which the servers do not have here either.
var lftpClient = client{
	name: "lftp", protocol: "ftp",
	put: func(ctx context.Context, _ *bench, p *place, files []file) error {
		return lftp(ctx, p, files, func(f file) string { return "put " + quoted(f.local) + " -o " + quoted(p.root+f.remote) })
	},
	get: func(ctx context.Context, _ *bench, p *place, files []file) error {
		return lftp(ctx, p, files, func(f file) string { return "get " + quoted(p.root+f.remote) + " -o " + quoted(f.local) })
	},
}

func lftp(ctx context.Context, p *place, files []file, command func(file) string) error {
	var script strings.Builder
	script.WriteString("set cmd:fail-exit true; set net:max-retries 1; set ftp:ssl-allow false; set xfer:clobber true\n")
	fmt.Fprintf(&script, "open -u %s,%s ftp://%s:%s\n", quoted(p.user), quoted(p.password), p.host, p.port)
	for _, f := range files {
		script.WriteString(command(f) + "\n")
	}
	_, err := run(ctx, nil, script.String(), "lftp", "--norc", "-f", "/dev/stdin")
	return err
}
