package sshexec

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"filegate/core/vfs"
	"filegate/frontends/shellwords"
)

func help(_ context.Context, r *run, _ []shellwords.Word) int {
	fmt.Fprintln(r.out, "There is no shell here. These commands can be run, beside sftp and scp:")
	for _, c := range commands() {
		fmt.Fprintf(r.out, "  %-36s %s\n", c.usage, c.about)
	}
	return 0
}

func whoami(_ context.Context, r *run, _ []shellwords.Word) int {
	fmt.Fprintln(r.out, vfs.EscapeControl(r.sess.User()))
	return 0
}

func pwd(_ context.Context, r *run, _ []shellwords.Word) int {
	fmt.Fprintln(r.out, "/")
	return 0
}

func echo(_ context.Context, r *run, args []shellwords.Word) int {
	end := "\n"
	if len(args) > 0 && args[0].Text == "-n" {
		args, end = args[1:], ""
	}
	texts := make([]string, len(args))
	for i, w := range args {
		texts[i] = w.Text
	}
	fmt.Fprint(r.out, strings.Join(texts, " "), end)
	return 0
}

// here is the directory that a command is about that names none.
func here(args []shellwords.Word) []shellwords.Word {
	if len(args) == 0 {
		return []shellwords.Word{{Text: ".", Pattern: "."}}
	}
	return args
}

func ls(ctx context.Context, r *run, args []shellwords.Word) int {
	given, args, ok := r.options(args, "la1AFdh")
	if !ok {
		return statusUsage
	}
	args = here(args)
	l := lsLine{r: r, long: strings.Contains(given, "l"), mark: strings.Contains(given, "F")}
	return r.each(ctx, args, func(name string, p vfs.Path) int {
		info, err := r.sess.Stat(ctx, p)
		switch {
		case err != nil:
			return r.fail(name, err)
		case !info.IsDir() || strings.Contains(given, "d"):
			l.print(name, info)
			return 0
		}
		if len(args) > 1 {
			fmt.Fprintf(r.out, "%s:\n", vfs.EscapeControl(name))
		}
		err = entries(ctx, r, p, func(info vfs.Info) error {
			if strings.HasPrefix(info.Name, ".") && !strings.ContainsAny(given, "aA") {
				return nil
			}
			return l.print(vfs.UnescapeBytes(info.Name), info)
		})
		if err != nil {
			return r.fail(name, err)
		}
		return 0
	})
}

// entries calls do for each entry of a directory, in the order of the store's pages and sorted by name in each.
func entries(ctx context.Context, r *run, p vfs.Path, do func(vfs.Info) error) error {
	l, err := r.sess.List(ctx, p)
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
		// A page is all that is in memory; stores list in order, or little.
		slices.SortFunc(page, func(a, b vfs.Info) int { return strings.Compare(a.Name, b.Name) })
		for _, info := range page {
			if err := do(info); err != nil {
				return err
			}
		}
	}
}

// lsLine prints lines of ls.
type lsLine struct {
	r          *run
	long, mark bool
}

func (l lsLine) print(name string, info vfs.Info) error {
	name = vfs.EscapeControl(name)
	if l.mark && info.IsDir() {
		name += "/"
	}
	if !l.long {
		_, err := fmt.Fprintln(l.r.out, name)
		return err
	}
	when := info.ModTime.UTC().Format("Jan _2 15:04")
	if age := time.Since(info.ModTime); age < 0 || age > 180*24*time.Hour {
		when = info.ModTime.UTC().Format("Jan _2  2006")
	}
	_, err := fmt.Fprintf(l.r.out, "%s %4d %-8d %-8d %12d %s %s\n", info.Mode, max(info.Links, 1), info.UID, info.GID, info.Size, when, name)
	return err
}

func df(ctx context.Context, r *run, args []shellwords.Word) int {
	_, args, ok := r.options(args, "khP")
	if !ok {
		return statusUsage
	}
	header := false
	return r.each(ctx, here(args), func(name string, p vfs.Path) int {
		space, err := r.sess.StatSpace(ctx, p)
		if err != nil {
			return r.fail(name, err)
		}
		if !header {
			fmt.Fprintln(r.out, "Filesystem     1K-blocks         Used    Available Use% Mounted on")
			header = true
		}
		used := "-"
		if space.Total > 0 && space.Used >= 0 {
			used = fmt.Sprintf("%d%%", int64(float64(space.Used)/float64(space.Total)*100))
		}
		fmt.Fprintf(r.out, "filegate    %12s %12s %12s %4s /\n", blocks(space.Total), blocks(space.Used), blocks(space.Free), used)
		return 0
	})
}

// blocks is a number of bytes in KiB, or a dash where it is not known.
func blocks(n int64) string {
	if n < 0 {
		return "-"
	}
	return fmt.Sprint(n/1024 + min(n%1024, 1))
}

// maxDepth is how deep in directories a walk goes.
const maxDepth = 200

var errTooDeep error = vfs.Errorf(vfs.ErrTooLarge, "directories are nested too deep")

// walk calls do for each file in and below a directory.
func walk(ctx context.Context, r *run, dir vfs.Path, depth int, do func(vfs.Path, vfs.Info) error) error {
	if depth > maxDepth {
		return errTooDeep
	}
	return entries(ctx, r, dir, func(info vfs.Info) error {
		p := dir.Join(info.Name)
		if info.IsDir() {
			return walk(ctx, r, p, depth+1, do)
		}
		return do(p, info)
	})
}

func du(ctx context.Context, r *run, args []shellwords.Word) int {
	_, args, ok := r.options(args, "bs")
	if !ok {
		return statusUsage
	}
	return r.each(ctx, here(args), func(name string, p vfs.Path) int {
		info, err := r.sess.Stat(ctx, p)
		if err != nil {
			return r.fail(name, err)
		}
		bytes, files := info.Size, int64(1)
		if info.IsDir() {
			bytes, files = 0, 0
			err = walk(ctx, r, p, 0, func(_ vfs.Path, info vfs.Info) error {
				bytes += info.Size
				files++
				return nil
			})
		}
		if err != nil {
			return r.fail(name, err)
		}
		fmt.Fprintf(r.out, "%d bytes in %d files\t%s\n", bytes, files, vfs.EscapeControl(name))
		return 0
	})
}

func uploads(ctx context.Context, r *run, args []shellwords.Word) int {
	if len(args) > 0 && args[0].Text == "drop" {
		if len(args) != 2 {
			return r.usage("name one upload to drop")
		}
		return r.one(args[1].Path(args[1].Text), func(name string, p vfs.Path) int { return drop(ctx, r, name, p) })
	}
	return r.each(ctx, here(args), func(name string, p vfs.Path) int {
		if err := partials(ctx, r, p, 0); err != nil {
			return r.fail(name, err)
		}
		return 0
	})
}

// partials prints the cut-off uploads in and below a directory, also where listings do not show them.
func partials(ctx context.Context, r *run, dir vfs.Path, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	all, err := r.sess.Partials(ctx, dir)
	if err != nil {
		return err
	}
	for _, info := range all {
		p := dir.Join(info.Name)
		if _, err := fmt.Fprintf(r.out, "%12d %s %s\n", info.Size, info.ModTime.UTC().Format(time.RFC3339), vfs.EscapeControl(p.ToClient())); err != nil {
			return err
		}
	}
	return entries(ctx, r, dir, func(info vfs.Info) error {
		if !info.IsDir() {
			return nil
		}
		return partials(ctx, r, dir.Join(info.Name), depth+1)
	})
}

// drop removes an upload that was cut off, and nothing else.
func drop(ctx context.Context, r *run, name string, p vfs.Path) int {
	info, err := r.sess.Stat(ctx, p)
	if err == nil && !info.Partial {
		err = vfs.Errorf(vfs.ErrInvalid, "this is no upload that was cut off")
	}
	if err == nil {
		err = r.sess.Remove(ctx, p)
	}
	if err != nil {
		return r.fail(name, err)
	}
	return 0
}
