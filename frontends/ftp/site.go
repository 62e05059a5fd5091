package ftp

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"filegate/core/vfs"
)

// Site serves SITE, all of it: of the library's own subcommands one panics, one removes whole trees, and one takes unknown users for root.
func (d *driver) Site(param string) *ftpserver.AnswerCommand {
	command, arg, _ := strings.Cut(param, " ")
	var r *reply
	switch strings.ToUpper(command) {
	case "CHMOD":
		r = d.siteChmod(arg)
	case "CPFR":
		r = d.siteCopyFrom(arg)
	case "CPTO":
		r = d.siteCopyTo(arg)
	case "HELP":
		r = &reply{214, "There are SITE CHMOD mode path, and SITE CPFR path with SITE CPTO path, which copies a file."}
	default:
		r = &reply{504, "There is no such SITE command, see SITE HELP."}
	}
	return &ftpserver.AnswerCommand{Code: r.code, Message: r.Error()}
}

func (d *driver) siteChmod(arg string) *reply {
	octal, name, _ := strings.Cut(arg, " ")
	mode, err := strconv.ParseUint(octal, 8, 12)
	if err != nil || name == "" {
		return &reply{501, "It is SITE CHMOD mode path, with an octal mode such as 644."}
	}
	if err := d.Chmod(name, fs.FileMode(mode)); err != nil {
		return asReply(err)
	}
	return &reply{200, "The mode is set."}
}

// siteCopyFrom names the file that the next SITE CPTO copies.
func (d *driver) siteCopyFrom(name string) *reply {
	d.copyFrom = ""
	if name == "" {
		return &reply{501, "It is SITE CPFR path."}
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
	return &reply{350, "The file is there, say where to copy it."}
}

// siteCopyTo copies it, over a file that is there, as RNTO renames.
func (d *driver) siteCopyTo(name string) *reply {
	from := d.copyFrom
	d.copyFrom = ""
	switch {
	case name == "":
		return &reply{501, "It is SITE CPTO path."}
	case from == "":
		return &reply{503, "Say with SITE CPFR what to copy, first."}
	}
	err := d.do(name, func(ctx context.Context, to vfs.Path) error {
		return d.session.Copy(ctx, from, to, vfs.CopyOptions{Replace: true})
	})
	if err != nil {
		return asReply(err)
	}
	return &reply{250, "The file is copied."}
}

func asReply(err error) *reply {
	r, _ := errors.AsType[*reply](err) // all errors of a driver are
	return r
}
