package ftp

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"filegate/core/vfs"
)

const (
	// maxListDepth is how deep LIST -R goes.
	maxListDepth = 16
	// maxPatternDirs is how many directories the patterns of one command may look into.
	maxPatternDirs = 1000
	// yearAfter is how old a file is that LIST shows with its year in place of the time.
	yearAfter = 180 * 24 * time.Hour
)

// listRequest is LIST or NLST as a client has sent it. The library knows little of options, and nothing of patterns: it is given a RETR in their place, of a
// name that stands for the request, and fetches the text of the listing.
type listRequest struct {
	names   bool // NLST, or LIST -1: nothing but names
	options string
	path    string
}

func (l *listRequest) has(option string) bool { return strings.Contains(l.options, option) }

// listRequests keeps the requests that the library has not come back with yet.
type listRequests struct {
	mu      sync.Mutex
	last    int
	waiting map[string]*listRequest
}

// name returns the name that stands for l. It has a control character, so that it is nobody's file.
func (r *listRequests) name(l *listRequest) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		r.waiting = map[string]*listRequest{}
	}
	r.last++
	name := "/\x1flisting " + strconv.Itoa(r.last)
	r.waiting[name] = l
	return name
}

// take returns what name stands for, once, or nil.
func (r *listRequests) take(name string) *listRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.waiting[name]
	delete(r.waiting, name)
	return l
}

// lsOptions are the letters of ls that clients put in front of a path. Some have no effect here.
const lsOptions = "1AaBCcdFhLlnRrSTtUu"

// parseListing reads the argument of LIST or NLST. What begins with "-" and has other letters than ls's is a name.
func parseListing(verb, arg string) *listRequest {
	l := &listRequest{names: verb == "NLST"}
	for {
		arg = strings.TrimLeft(arg, " ")
		option, rest, _ := strings.Cut(arg, " ")
		if option == "--" {
			l.path = rest
			return l
		}
		if len(option) < 2 || option[0] != '-' || strings.Trim(option[1:], lsOptions) != "" {
			l.path = arg
			return l
		}
		for _, o := range option[1:] {
			switch {
			case o == '1':
				l.names = true
			case o == 'l' && verb == "LIST":
				l.names = false
			case !l.has(string(o)):
				l.options += string(o)
			}
		}
		arg = rest
	}
}

// listed is an entry, and its path in the form that the client has asked by.
type listed struct {
	info vfs.Info
	path string
}

// directory is one that is still to be listed.
type directory struct {
	path   string // in the form that the client has asked by
	depth  int
	header bool // its name stands above its entries
}

// listing is the text of a LIST or NLST on its way to the client, made one directory at a time.
type listing struct {
	*driver
	*listRequest
	left int         // entries that may still be listed
	todo []directory // the next one is the last
	text []byte
}

// list begins a listing. What cannot be listed is an error here, before a transfer begins.
func (d *driver) list(l *listRequest) (ftpserver.FileTransfer, error) {
	t := &listing{driver: d, listRequest: l, left: d.client.srv.cfg.MaxListEntries}
	info, err := d.stat(cmp.Or(l.path, "."))
	switch {
	case err == nil && info.IsDir() && !t.has("d"):
		t.todo = []directory{{path: l.path}}
		if err := t.more(); err != nil {
			return nil, err
		}
		return t, nil
	case err == nil:
		info.Name = path.Base(cmp.Or(l.path, "."))
		t.print([]listed{{info, cmp.Or(l.path, ".")}})
		return t, nil
	case asReply(err).code != codes[vfs.ErrNotExist] || !strings.ContainsAny(l.path, "*?["):
		return nil, err
	}
	found, err := d.glob(l.path, t.left)
	if err != nil {
		return nil, err
	}
	t.print(found)
	return t, nil
}

func (d *driver) stat(name string) (info vfs.Info, err error) {
	err = d.do(name, func(ctx context.Context, p vfs.Path) error {
		info, err = d.session.Stat(ctx, p)
		return err
	})
	return info, err
}

// more makes the text of the next directory.
func (l *listing) more() error {
	dir := l.todo[len(l.todo)-1]
	l.todo = l.todo[:len(l.todo)-1]
	infos, err := l.ReadDir(cmp.Or(dir.path, "."))
	if err != nil {
		if dir.depth > 0 && asReply(err).code == codes[vfs.ErrNotExist] {
			return nil // gone since, or not to be seen: the others are listed
		}
		return err
	}
	if l.left -= len(infos); l.left < 0 {
		return failure(tooMany(l.client.srv.cfg.MaxListEntries))
	}
	entries := make([]listed, len(infos))
	for i, info := range infos {
		e := info.(fileInfo).info
		entries[i] = listed{e, path.Join(dir.path, e.Name)}
	}
	if dir.header && !l.names {
		l.text = fmt.Appendf(l.text, "\r\n%s:\r\n", vfs.EscapeControl(dir.path))
	}
	l.print(entries)
	if l.has("R") && dir.depth < maxListDepth {
		for _, e := range slices.Backward(entries) {
			if e.info.IsDir() {
				l.todo = append(l.todo, directory{e.path, dir.depth + 1, true})
			}
		}
	}
	return nil
}

// print appends entries, in the order that is asked for. They come sorted by name.
func (l *listing) print(entries []listed) {
	switch {
	case l.has("t"):
		slices.SortStableFunc(entries, func(a, b listed) int { return b.info.ModTime.Compare(a.info.ModTime) })
	case l.has("S"):
		slices.SortStableFunc(entries, func(a, b listed) int { return cmp.Compare(b.info.Size, a.info.Size) })
	}
	if l.has("r") {
		slices.Reverse(entries)
	}
	now := time.Now()
	for _, e := range entries {
		name := e.info.Name
		if l.names {
			name = e.path
		}
		name = vfs.EscapeControl(name)
		if l.has("F") && e.info.IsDir() {
			name += "/"
		}
		if l.names {
			l.text = append(l.text, name+"\r\n"...)
			continue
		}
		f := fileInfo{e.info}
		t := f.ModTime()
		when := t.Format("Jan _2 15:04")
		if age := now.Sub(t); age > yearAfter || age < -time.Hour { // an hour for clocks that are not right
			when = t.Format("Jan _2  2006")
		}
		l.text = fmt.Appendf(l.text, "%s 1 ftp ftp %12d %s %s\r\n", f.Mode(), f.Size(), when, name)
	}
}

// Read serves the conversion of line ends.
func (l *listing) Read(p []byte) (n int, err error) {
	defer recoverTo(&err, l.session.Log())
	for len(l.text) == 0 {
		if len(l.todo) == 0 {
			return 0, io.EOF
		}
		if err := l.more(); err != nil {
			return 0, err
		}
	}
	n = copy(p, l.text)
	l.text = l.text[n:]
	return n, nil
}

// WriteTo is how the library copies, unless it converts line ends.
func (l *listing) WriteTo(w io.Writer) (n int64, err error) {
	defer recoverTo(&err, l.session.Log())
	to := &sink{w: w, timeout: l.client.srv.cfg.DataTimeout}
	for len(l.text) > 0 || len(l.todo) > 0 {
		written, err := to.Write(l.text)
		n += int64(written)
		l.text = l.text[:0]
		if err != nil {
			return n, errDataLost
		}
		if len(l.todo) > 0 {
			if err := l.more(); err != nil {
				return n, err
			}
		}
	}
	if conn := l.client.dataConn(); conn != nil && conn.Flush() != nil {
		return n, errDataLost
	}
	return n, nil
}

func (l *listing) Close() error                            { return nil }
func (l *listing) Write([]byte) (int, error)               { return 0, errNotCalled }
func (l *listing) Seek(offset int64, _ int) (int64, error) { return offset, nil } // REST is not for listings
