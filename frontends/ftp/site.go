package ftp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"filegate/core/vfs"
	"filegate/frontends/commands"
)

const siteHelp = "The commands are SITE CHMOD mode path; SITE UTIME time path; SITE CPFR path with SITE CPTO path, which copies a file; " +
	"SITE SYMLINK target path; SITE UMASK mask; SITE IDLE seconds; SITE NAMEFMT 1; SITE LISTFMT 1."

// site executes SITE.
func (d *driver) site(arg string) *reply {
	command, arg, _ := strings.Cut(strings.TrimLeft(arg, " "), " ") // names may end in spaces
	switch strings.ToUpper(command) {
	case "CHMOD":
		return d.siteChmod(arg)
	case "CPFR":
		return d.siteCopyFrom(arg)
	case "CPTO":
		return d.siteCopyTo(arg)
	case "UTIME":
		return d.siteUtime(arg)
	case "SYMLINK":
		return d.siteSymlink(arg)
	case "UMASK":
		return d.client.params.siteUmask(arg)
	case "IDLE":
		return d.client.siteIdle(arg)
	case "NAMEFMT", "LISTFMT": // of IBM i: format 1 is that of all other systems
		if strings.TrimSpace(arg) == "1" {
			return &reply{code: 250, text: "The format is 1."}
		}
		return &reply{code: 504, text: "Only format 1 is supported."}
	case "HELP", "":
		return siteHelpReply()
	}
	if cmd, ok := commands.Find(strings.ToLower(command)); ok {
		return d.storageCommand(cmd, arg)
	}
	return &reply{code: 504, text: "Unknown SITE command; see SITE HELP."}
}

func (d *driver) siteChmod(arg string) *reply {
	octal, name, _ := strings.Cut(arg, " ")
	mode, err := strconv.ParseUint(octal, 8, 12)
	if err != nil || name == "" {
		return &reply{code: 501, text: "Usage: SITE CHMOD mode path, with an octal mode such as 644."}
	}
	if err := d.Chmod(name, fs.FileMode(mode)); err != nil {
		return asReply(err)
	}
	return &reply{code: 200, text: "The mode is set."}
}

// siteCopyFrom executes SITE CPFR, which sets the source of SITE CPTO.
func (d *driver) siteCopyFrom(name string) *reply {
	d.copyFrom = ""
	if name == "" {
		return &reply{code: 501, text: "Usage: SITE CPFR path."}
	}
	err := d.do(name, func(ctx context.Context, p vfs.Path) error {
		info, err := d.session.Stat(ctx, p)
		switch {
		case err != nil:
			return err
		case info.IsDir():
			return vfs.Errorf(vfs.ErrIsDir, "only files can be copied")
		}
		d.copyFrom = p
		return nil
	})
	if err != nil {
		return asReply(err)
	}
	return &reply{code: 350, text: "The file exists; send SITE CPTO with its new name."}
}

// siteCopyTo executes SITE CPTO. Like RNTO, it replaces an existing file.
func (d *driver) siteCopyTo(name string) *reply {
	from := d.copyFrom
	d.copyFrom = ""
	switch {
	case name == "":
		return &reply{code: 501, text: "Usage: SITE CPTO path."}
	case from == "":
		return &reply{code: 503, text: "Send SITE CPFR with the file to copy first."}
	}
	err := d.do(name, func(ctx context.Context, to vfs.Path) error {
		return d.session.Copy(ctx, from, to, vfs.CopyOptions{Replace: true})
	})
	if err != nil {
		return asReply(err)
	}
	return &reply{code: 250, text: "The file is copied."}
}

// The two forms of SITE UTIME: one time before the path, or the times of the last access,
// modification and creation after it.
var (
	utimeShort = regexp.MustCompile(`^([0-9]{12}(?:[0-9]{2})?) +(.+)$`)
	utimeLong  = regexp.MustCompile(`(?i)^(.+) ([0-9]{14}) ([0-9]{14}) [0-9]{14} UTC$`)
)

func (d *driver) siteUtime(arg string) *reply {
	attrs, name := vfs.Attrs{}, ""
	if m := utimeLong.FindStringSubmatch(arg); m != nil {
		accessed, ok := parseTime(m[2])
		changed, ok2 := parseTime(m[3])
		if ok && ok2 {
			name, attrs.AccessTime, attrs.ModTime = m[1], &accessed, &changed
		}
	} else if m := utimeShort.FindStringSubmatch(arg); m != nil {
		if changed, ok := parseTime((m[1] + "00")[:14]); ok {
			name, attrs.ModTime = m[2], &changed
		}
	}
	if name == "" {
		return &reply{code: 501, text: "Usage: SITE UTIME YYYYMMDDhhmmss path, or SITE UTIME path with three such times and UTC."}
	}
	if err := d.setAttrs(name, attrs); err != nil {
		return asReply(err)
	}
	return &reply{code: 200, text: "The time is set."}
}

// parseTime parses YYYYMMDDhhmmss, in UTC.
func parseTime(s string) (time.Time, bool) {
	t, err := time.Parse(factTime, s)
	return t, err == nil && len(s) == len(factTime)
}

func (d *driver) siteSymlink(arg string) *reply {
	target, name, ok := twoPaths(arg)
	if !ok {
		return &reply{code: 501, text: `Usage: SITE SYMLINK target path. Put names with spaces in double quotes.`}
	}
	err := d.do(name, func(ctx context.Context, p vfs.Path) error {
		to, err := vfs.ResolveTarget(p, d.names().fromClient(target))
		if err != nil {
			return err
		}
		return d.session.Symlink(ctx, to, p)
	})
	if err != nil {
		return asReply(err)
	}
	return &reply{code: 200, text: "The link is made."}
}

// twoPaths splits an argument into two paths, which may be in double quotes.
func twoPaths(arg string) (first, second string, ok bool) {
	cut := func(s string) (path, rest string, ok bool) {
		s = strings.TrimLeft(s, " ")
		if quoted, isQuoted := strings.CutPrefix(s, `"`); isQuoted {
			path, rest, ok = strings.Cut(quoted, `"`)
			return path, rest, ok && (rest == "" || rest[0] == ' ')
		}
		path, rest, _ = strings.Cut(s, " ")
		return path, rest, true
	}
	first, rest, ok := cut(arg)
	if !ok {
		return "", "", false
	}
	second, rest, ok = cut(rest)
	return first, second, ok && first != "" && second != "" && strings.TrimSpace(rest) == ""
}

// siteUmask executes SITE UMASK, which sets the permissions that new files and directories do not
// get. It has an effect if the storage keeps permissions.
func (p *parameters) siteUmask(arg string) *reply {
	if arg = strings.TrimSpace(arg); arg == "" {
		if p.umask == nil {
			return &reply{code: 200, text: "No umask is set."}
		}
		return &reply{code: 200, text: fmt.Sprintf("The umask is %03o.", *p.umask)}
	}
	mask, err := strconv.ParseUint(arg, 8, 9)
	if err != nil {
		return &reply{code: 501, text: "Usage: SITE UMASK mask, with an octal mask such as 022."}
	}
	p.umask = new(fs.FileMode(mask))
	return &reply{code: 200, text: fmt.Sprintf("The umask is %03o.", mask)}
}

// siteIdle executes SITE IDLE, which sets the idle timeout of the client, up to the configured one.
func (c *client) siteIdle(arg string) *reply {
	limit := c.srv.cfg.IdleTimeout
	if arg = strings.TrimSpace(arg); arg == "" {
		return &reply{code: 200, text: fmt.Sprintf("The idle timeout is %d seconds; the maximum is %d.", c.control.idleTimeout()/time.Second, limit/time.Second)}
	}
	n, err := strconv.ParseUint(arg, 10, 31)
	if wanted := time.Duration(n) * time.Second; err == nil && n > 0 && wanted <= limit {
		c.control.setIdleTimeout(wanted)
		return &reply{code: 200, text: fmt.Sprintf("The idle timeout is %d seconds.", n)}
	}
	return &reply{code: 501, text: fmt.Sprintf("Usage: SITE IDLE seconds, from 1 to %d.", limit/time.Second)}
}

// modifyFacts executes MFF. It refuses MFCT, because no storage keeps creation times.
func (d *driver) modifyFacts(verb, arg string) *reply {
	if verb == "MFCT" {
		return &reply{code: 504, text: "The creation time of a file cannot be set; use MFMT to set the modification time."}
	}
	list, name, _ := strings.Cut(arg, " ")
	if name == "" || !strings.Contains(list, "=") {
		return &reply{code: 501, text: "Usage: MFF fact=value; path."}
	}
	attrs := vfs.Attrs{}
	var done strings.Builder
	for set := range strings.SplitSeq(strings.TrimSuffix(list, ";"), ";") {
		fact, value, _ := strings.Cut(set, "=")
		switch strings.ToLower(fact) {
		case "modify":
			t, ok := parseTime(value)
			if !ok {
				return &reply{code: 501, text: "Write times as YYYYMMDDHHMMSS."}
			}
			attrs.ModTime = &t
		case "unix.mode":
			mode, err := strconv.ParseUint(value, 8, 12)
			if err != nil {
				return &reply{code: 501, text: "Write modes in octal, such as 0644."}
			}
			attrs.Mode = new(fs.FileMode(mode).Perm())
		default:
			return &reply{code: 504, text: "Only the facts Modify and UNIX.mode can be changed."}
		}
		done.WriteString(set + ";")
	}
	if err := d.setAttrs(name, attrs); err != nil {
		return asReply(err)
	}
	return &reply{code: 213, text: done.String() + " " + name}
}

func (d *driver) setAttrs(name string, attrs vfs.Attrs) error {
	return d.do(name, func(ctx context.Context, p vfs.Path) error { return d.session.SetAttrs(ctx, p, attrs) })
}

// asReply returns the reply for an error of a driver.
func asReply(err error) *reply {
	r, ok := errors.AsType[*reply](err)
	if !ok {
		r, _ = errors.AsType[*reply](failure(err))
	}
	return cmp.Or(r, &reply{code: codeLocalError, text: vfs.ClientText(nil)})
}
