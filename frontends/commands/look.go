package commands

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"filegate/core/vfs"
)

func whoami(_ context.Context, c *Call) error {
	if len(c.Args) > 0 {
		return errUsage
	}
	return c.print(vfs.EscapeControl(c.Session.User()), struct {
		User  string `json:"user"`
		Group string `json:"group"`
	}{c.Session.User(), c.Session.Group()})
}

func quota(ctx context.Context, c *Call) error {
	if len(c.Args) > 1 {
		return errUsage
	}
	if err := c.plain(); err != nil {
		return err
	}
	return c.each(c.Args, func(_ string, p vfs.Path) error {
		space, err := c.Session.StatSpace(ctx, p)
		if err != nil {
			return err
		}
		text := "no limit is set"
		if space.Total >= 0 {
			text = fmt.Sprintf("%d bytes in all", space.Total)
		}
		if space.Used >= 0 {
			text += fmt.Sprintf(", %d used", space.Used)
		}
		if space.Free >= 0 {
			text += fmt.Sprintf(", %d free", space.Free)
		}
		known := func(n int64) *int64 {
			if n < 0 {
				return nil
			}
			return &n
		}
		return c.print(text, struct {
			Total *int64 `json:"total"` // null: no limit
			Used  *int64 `json:"used"`
			Free  *int64 `json:"free"`
		}{known(space.Total), known(space.Used), known(space.Free)})
	})
}

// Entries calls do for each entry of a directory, in the order of the store's pages and sorted by
// name in each.
func Entries(ctx context.Context, fsys vfs.FS, p vfs.Path, do func(vfs.Info) error) error {
	l, err := fsys.List(ctx, p)
	if err != nil {
		return err
	}
	defer l.Close()
	for {
		page, err := l.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		// Only one page is in memory: stores either list in order, or have few entries.
		slices.SortFunc(page, func(a, b vfs.Info) int { return strings.Compare(a.Name, b.Name) })
		for _, info := range page {
			if err := do(info); err != nil {
				return err
			}
		}
	}
}

// maxDepth is the largest depth of directories that a walk enters.
const maxDepth = 200

var errTooDeep error = vfs.Errorf(vfs.ErrTooLarge, "directories are nested too deep")

// walk calls do for each file in and below a directory.
func (c *Call) walk(ctx context.Context, dir vfs.Path, depth int, do func(vfs.Path, vfs.Info) error) error {
	if depth > maxDepth {
		return errTooDeep
	}
	return Entries(ctx, c.Session, dir, func(info vfs.Info) error {
		p := dir.Join(info.Name)
		if info.IsDir() {
			return c.walk(ctx, p, depth+1, do)
		}
		return do(p, info)
	})
}

func du(ctx context.Context, c *Call) error {
	// -b and -s are accepted and ignored: du always counts bytes and prints a sum
	for len(c.Args) > 0 && len(c.Args[0]) > 1 && strings.Trim(c.Args[0][1:], "bs") == "" && c.Args[0][0] == '-' {
		c.Args = c.Args[1:]
	}
	if err := c.plain(); err != nil {
		return err
	}
	return c.each(c.Args, func(name string, p vfs.Path) error {
		info, err := c.Session.Stat(ctx, p)
		if err != nil {
			return err
		}
		bytes, files := info.Size, int64(1)
		if info.IsDir() {
			bytes, files = 0, 0
			err = c.walk(ctx, p, 0, func(_ vfs.Path, info vfs.Info) error {
				bytes += info.Size
				files++
				return nil
			})
		}
		if err != nil {
			return err
		}
		return c.print(fmt.Sprintf("%d bytes in %d files\t%s", bytes, files, vfs.EscapeControl(name)), struct {
			Path  string `json:"path"`
			Bytes int64  `json:"bytes"`
			Files int64  `json:"files"`
		}{c.show(p), bytes, files})
	})
}

func uploads(ctx context.Context, c *Call) error {
	if err := c.plain(); err != nil {
		return err
	}
	if len(c.Args) > 0 && c.Args[0] == "drop" {
		if len(c.Args) != 2 {
			return &UsageError{"name one upload to drop"}
		}
		return c.one(c.Args[1], func(p vfs.Path) error { return c.drop(ctx, p) })
	}
	return c.each(c.Args, func(_ string, p vfs.Path) error { return c.partials(ctx, p, 0) })
}

// shownFile is a file as a command lists it.
type shownFile struct {
	Path     string    `json:"path"`
	Version  string    `json:"version,omitempty"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

func (c *Call) printFile(p vfs.Path, version string, info vfs.Info) error {
	name := c.show(p)
	shown := shownFile{name, version, info.Size, info.ModTime.UTC()}
	if version != "" {
		name += "@" + version
	}
	return c.print(fmt.Sprintf("%12d %s %s", info.Size, info.ModTime.UTC().Format(time.RFC3339), name), shown)
}

// partials prints the interrupted uploads in and below a directory, even if listings do not show
// them.
func (c *Call) partials(ctx context.Context, dir vfs.Path, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	all, err := c.Session.Partials(ctx, dir)
	if err != nil {
		return err
	}
	for _, info := range all {
		if err := c.printFile(dir.Join(info.Name), "", info); err != nil {
			return err
		}
	}
	return Entries(ctx, c.Session, dir, func(info vfs.Info) error {
		if !info.IsDir() {
			return nil
		}
		return c.partials(ctx, dir.Join(info.Name), depth+1)
	})
}

// drop removes an interrupted upload. It refuses to remove anything else.
func (c *Call) drop(ctx context.Context, p vfs.Path) error {
	info, err := c.Session.Stat(ctx, p)
	if err == nil && !info.Partial {
		err = vfs.Errorf(vfs.ErrInvalid, "this is not an interrupted upload")
	}
	if err != nil {
		return err
	}
	return c.Session.Remove(ctx, p)
}
