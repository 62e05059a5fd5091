package ftp

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	ftpserver "github.com/fclairamb/ftpserverlib"
)

// Site serves SITE, all of it: of the library's own subcommands one panics, one removes whole trees, and one takes unknown users for root.
func (d *driver) Site(param string) *ftpserver.AnswerCommand {
	command, arg, _ := strings.Cut(param, " ")
	var r *reply
	switch strings.ToUpper(command) {
	case "CHMOD":
		r = d.siteChmod(arg)
	case "HELP":
		r = &reply{214, "There is SITE CHMOD mode path."}
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
		r, _ := errors.AsType[*reply](err) // all errors of a driver are
		return r
	}
	return &reply{200, "The mode is set."}
}
