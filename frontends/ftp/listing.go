package ftp

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"filegate/core/vfs"
)

const (
	// maxListDepth is how deep LIST -R goes.
	maxListDepth = 16
	// maxListDirs is how many directories LIST -R may have found and not listed yet.
	maxListDirs = 100_000
	// maxSorted is how many entries a listing may have that is sorted by something else than names.
	maxSorted = 100_000
	// listBatch is how many entries are sorted by name, and sent, at a time.
	listBatch = 10_000
	// yearAfter is how old a file is that LIST shows with its year in place of the time.
	yearAfter = 180 * 24 * time.Hour
)

// The forms of a listing's lines.
type listForm int

const (
	longForm listForm = iota // LIST
	nameForm                 // NLST, or LIST -1
	factForm                 // MLSD
)

// listRequest is LIST, NLST or MLSD as a client has sent it.
type listRequest struct {
	form    listForm
	options string
	path    string
	facts   facts // of factForm
}

func (l *listRequest) has(option string) bool { return strings.Contains(l.options, option) }

// isSorted reports whether the whole directory must be known before the first line.
func (l *listRequest) isSorted() bool { return strings.ContainsAny(l.options, "tSr") }

// lsOptions are the letters of ls that clients put in front of a path. Some have no effect here.
const lsOptions = "1AaBCcdFhLlnRrSTtUu"

// parseListing reads the argument of LIST or NLST. What begins with "-" and has other letters than
// ls's is a name.
func parseListing(verb, arg string) *listRequest {
	l := &listRequest{}
	if verb == "NLST" {
		l.form = nameForm
	}
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
				l.form = nameForm
			case o == 'l' && verb == "LIST":
				l.form = longForm
			case !l.has(string(o)):
				l.options += string(o)
			}
		}
		arg = rest
	}
}

// list executes LIST, NLST and MLSD.
func (c *client) list(d *driver, verb, arg string) *reply {
	l := &listRequest{form: factForm, path: arg, facts: c.params.facts}
	if verb != "MLSD" {
		l = parseListing(verb, arg)
	}
	return c.move(d, joinCommand(verb, arg), func(ctx context.Context) (payload, error) {
		return d.list(ctx, l)
	})
}

// listed is an entry, and its path in the form that the client has asked by, and as it reads names.
type listed struct {
	info vfs.Info
	path string
}

// directory is one that is to be listed.
type directory struct {
	path   string // in the form that the client has asked by
	depth  int
	header bool // its name stands above its entries
}

// listing is the text of a LIST, NLST or MLSD on its way to the client, made as the storage lists:
// a directory may be larger than the memory.
type listing struct {
	*driver
	*listRequest
	todo  []directory // the next one is the last
	now   directory
	dir   *dirReader  // nil: the next one has not begun
	below []directory // in now
	text  []byte
}

// list begins a listing. What cannot be listed is an error here, before a transfer begins.
func (d *driver) list(ctx context.Context, l *listRequest) (_ *listing, err error) {
	t := &listing{driver: d, listRequest: l}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	info, err := d.stat(ctx, cmp.Or(l.path, "."))
	switch {
	case err == nil && info.IsDir() && !t.has("d"):
		t.todo = []directory{{path: l.path}}
		for len(t.text) == 0 {
			if err := t.more(ctx); err == io.EOF {
				break
			} else if err != nil {
				return nil, err
			}
		}
		return t, nil
	case err == nil && l.form == factForm:
		return nil, &reply{code: 550, text: "That is not a directory."} // RFC 3659, section 7.2.1
	case err == nil:
		t.print([]listed{{info, cmp.Or(l.path, ".")}})
		return t, nil
	case vfs.Kind(err) != vfs.ErrNotExist || l.form == factForm || !strings.ContainsAny(l.path, "*?["):
		return nil, err
	}
	found, err := d.glob(ctx, l.path)
	if err != nil {
		return nil, err
	}
	t.sort(found)
	t.print(found)
	return t, nil
}

// more makes the text of the next entries, which may be none. It returns io.EOF behind the last.
func (l *listing) more(ctx context.Context) (err error) {
	if l.dir == nil {
		if len(l.todo) == 0 {
			return io.EOF
		}
		l.now = l.todo[len(l.todo)-1]
		l.todo = l.todo[:len(l.todo)-1]
		if l.dir, err = l.read(ctx, l.now.path); err != nil {
			return l.passOver(err)
		}
		if l.now.header && l.form == longForm {
			l.text = fmt.Appendf(l.text, "\r\n%s:\r\n", vfs.EscapeControl(l.now.path))
		}
	}
	size := listBatch
	if l.isSorted() {
		size = maxSorted + 1
	}
	infos, err := l.dir.next(ctx, size)
	if err == io.EOF {
		l.endDir()
		slices.Reverse(l.below)
		l.todo = append(l.todo, l.below...)
		l.below = nil
		return nil
	}
	if err != nil {
		l.endDir()
		return l.passOver(err)
	}
	if l.isSorted() && len(infos) > maxSorted {
		return vfs.Errorf(vfs.ErrTooLarge, "more than %d entries cannot be sorted: list them without options", maxSorted)
	}
	entries := make([]listed, len(infos))
	for i, info := range infos {
		entries[i] = listed{info, path.Join(l.now.path, l.say(info.Name))}
	}
	l.sort(entries)
	l.print(entries)
	if !l.has("R") || l.now.depth == maxListDepth {
		return nil
	}
	for _, e := range entries {
		if e.info.IsDir() {
			l.below = append(l.below, directory{e.path, l.now.depth + 1, true})
		}
	}
	if len(l.below)+len(l.todo) > maxListDirs {
		return vfs.Errorf(vfs.ErrTooLarge, "there are more than %d directories: list a part of them", maxListDirs)
	}
	return nil
}

// passOver returns nil for a directory below the first that is gone since, or not to be seen.
func (l *listing) passOver(err error) error {
	if kind := vfs.Kind(err); l.now.depth > 0 && (kind == vfs.ErrNotExist || kind == vfs.ErrPermission) {
		return nil
	}
	return err
}

func (l *listing) endDir() {
	if l.dir != nil {
		l.dir.Close()
		l.dir = nil
	}
}

// sort brings entries into the order that is asked for. They come sorted by name.
func (l *listing) sort(entries []listed) {
	switch {
	case l.has("t"):
		slices.SortStableFunc(entries, func(a, b listed) int { return b.info.ModTime.Compare(a.info.ModTime) })
	case l.has("S"):
		slices.SortStableFunc(entries, func(a, b listed) int { return cmp.Compare(b.info.Size, a.info.Size) })
	}
	if l.has("r") {
		slices.Reverse(entries)
	}
}

// print appends entries to the text.
func (l *listing) print(entries []listed) {
	now := time.Now()
	for _, e := range entries {
		name := path.Base(e.path)
		switch l.form {
		case factForm:
			l.text = appendFacts(l.text, e.info, l.facts)
			l.text = append(l.text, ' ')
			l.text = append(l.text, vfs.EscapeControl(name)...)
		case nameForm:
			l.text = append(l.text, vfs.EscapeControl(e.path)...)
		case longForm:
			l.text = l.appendLong(l.text, e.info, name, now)
		}
		if l.has("F") && e.info.IsDir() {
			l.text = append(l.text, '/')
		}
		l.text = append(l.text, "\r\n"...)
	}
}

// appendLong appends an entry as ls -l shows it, with the owners that SFTP shows.
func (d *driver) appendLong(text []byte, info vfs.Info, name string, now time.Time) []byte {
	t := modTime(info)
	when := t.Format("Jan _2 15:04")
	if age := now.Sub(t); age > yearAfter || age < -time.Hour { // an hour for clocks that are not right
		when = t.Format("Jan _2  2006")
	}
	return fmt.Appendf(text, "%s %3d %-8s %-8s %12d %s %s", shownMode(info), max(info.Links, 1),
		ownerName(info.UID, d.session.User()), ownerName(info.GID, d.session.Group()), max(info.Size, 0), when, vfs.EscapeControl(name))
}

// ownerName is the login, unless a client has given the file to somebody else, of whom only the
// number is known. It has no spaces, which would be the end of the column.
func ownerName(id int, login string) string {
	if id != 0 {
		return fmt.Sprint(id)
	}
	return cmp.Or(strings.ReplaceAll(vfs.EscapeControl(login), " ", "_"), "ftp")
}

func (l *listing) announce() string { return "The listing follows." }

func (l *listing) carry(t *transfer, s *stream) error {
	// The lines end as they should already.
	sink := s.sink(false)
	for {
		if len(l.text) > 0 {
			if _, err := sink.Write(l.names().write(l.text)); err != nil {
				return errDataLost
			}
			if err := s.flush(); err != nil { // the storage may take its time for the next ones
				return errDataLost
			}
			l.text = l.text[:0]
		}
		if err := l.more(t.ctx); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	if err := sink.finish(); err != nil {
		return errDataLost
	}
	return nil
}

func (l *listing) Close() error {
	l.endDir()
	return nil
}

// dirReader reads the entries of a directory. Symbolic links are shown as what they lead to.
type dirReader struct {
	*driver
	path   vfs.Path
	lister vfs.Lister
	ended  bool
}

func (d *driver) read(ctx context.Context, name string) (*dirReader, error) {
	p, err := d.resolve(cmp.Or(name, "."))
	if err != nil {
		return nil, err
	}
	l, err := d.session.List(ctx, p)
	if err != nil {
		return nil, err
	}
	return &dirReader{driver: d, path: p, lister: l}, nil
}

// next returns at least size entries, sorted by name, or all that are left. It returns io.EOF when
// none are.
func (r *dirReader) next(ctx context.Context, size int) (entries []vfs.Info, err error) {
	for !r.ended && len(entries) < size {
		page, err := r.lister.Next(ctx)
		if err == io.EOF {
			r.ended = true
			break
		}
		if err != nil {
			return nil, err
		}
		if err := vfs.FollowLinks(ctx, r.session, r.path, page); err != nil {
			return nil, err
		}
		entries = append(entries, page...)
	}
	if len(entries) == 0 {
		return nil, io.EOF
	}
	slices.SortFunc(entries, func(a, b vfs.Info) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

func (r *dirReader) Close() error { return r.lister.Close() }

// statPath executes STAT with a path: a listing in the reply. Clients send it with options of ls.
func (c *client) statPath(d *driver, arg string) *reply {
	l := parseListing("LIST", arg)
	l.form = longForm
	if err := c.enter(); err != nil {
		return asReply(err)
	}
	defer c.leave()
	t, err := func() (t *listing, err error) {
		defer recoverTo(&err, d.session.Log())
		return d.list(d.session.Context(), l)
	}()
	if err != nil {
		return asReply(failure(err))
	}
	defer t.Close()
	code, text := 213, []byte("213-This is there:\r\n") // RFC 959, section 4.2: 212 of a directory, 213 of a file
	if len(t.todo) > 0 || t.dir != nil || l.path == "" || l.path == "." {
		code, text = 212, []byte("212-This is there:\r\n")
	}
	for {
		if _, err := c.control.send(append(text, t.text...)); err != nil {
			return nil // the next read fails too
		}
		text, t.text = text[:0], t.text[:0]
		if err := d.more(t); err == io.EOF {
			return &reply{code: code, text: "End."}
		} else if err != nil {
			return &reply{code: code, text: "The rest cannot be listed: " + vfs.ClientText(err)}
		}
	}
}

// more is [listing.more] for a listing that is not a transfer.
func (d *driver) more(l *listing) (err error) {
	defer recoverTo(&err, d.session.Log())
	return l.more(d.session.Context())
}
