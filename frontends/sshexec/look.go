package sshexec

import (
	"context"
	"fmt"
	"strings"
	"time"

	"filegate/core/vfs"
	"filegate/frontends/commands"
	"filegate/frontends/shellwords"
)

func help(_ context.Context, r *run, _ []shellwords.Word) int {
	fmt.Fprintln(r.out, "There is no shell. These commands are available in addition to sftp and scp:")
	for _, c := range all() {
		fmt.Fprintf(r.out, "  %-42s %s\n", c.usage, c.about)
	}
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
		err = commands.Entries(ctx, r.sess, p, func(info vfs.Info) error {
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
