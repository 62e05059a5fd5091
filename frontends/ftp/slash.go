package ftp

import (
	"context"

	"filegate/core/vfs"
)

// meant refuses a command for a file if the name ends in a slash, and so is the name of a
// directory. The library would not notice the slash. It returns nil for all other commands.
func (c *client) meant(d *driver, verb, arg string) *reply {
	n, err := d.resolveName(arg)
	if verb == "RNTO" {
		d.renamesDir = n.Dir
	}
	if err != nil || !n.Dir {
		return nil
	}
	var check func(context.Context, vfs.FS) error
	switch verb {
	case "STOR", "APPE":
		check = func(ctx context.Context, fsys vfs.FS) error { return n.Openable(ctx, fsys, true) }
	case "RETR":
		check = func(ctx context.Context, fsys vfs.FS) error { return n.Openable(ctx, fsys, false) }
	case "DELE", "RNFR", "SIZE":
		check = n.Present
	default:
		return nil
	}
	if err := d.do(arg, func(ctx context.Context, _ vfs.Path) error { return check(ctx, d.session) }); err != nil {
		return asReply(err)
	}
	return nil
}
