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
	// maxListDepth is the depth of LIST -R.
	maxListDepth = 16
	// maxListDirs is how many directories of LIST -R may wait to be listed.
	maxListDirs = 100_000
	// maxSorted is how many entries a listing may have that is not sorted by name.
	maxSorted = 100_000
	// listBatch is how many entries are sorted by name and sent at a time.
	listBatch = 10_000
	// yearAfter is the age from which LIST shows the year of a file instead of the time.
	yearAfter = 180 * 24 * time.Hour
)

// listForm is the form of the lines in a listing.
type listForm int

const (
	longForm listForm = iota // LIST
	nameForm                 // NLST, or LIST -1
	factForm                 // MLSD
)

// listRequest is a LIST, NLST or MLSD command.
type listRequest struct {
	form    listForm
	options string
	path    string
	facts   facts // for factForm
}

func (l *listRequest) has(option string) bool { return strings.Contains(l.options, option) }

// isSorted reports whether the whole directory must be read before the first line can be sent.
func (l *listRequest) isSorted() bool { return strings.ContainsAny(l.options, "tSr") }

// lsOptions are the options of ls that clients put before a path. Some have no effect here.
const lsOptions = "1AaBCcdFhLlnRrSTtUu"

// parseListing parses the argument of LIST or NLST. An argument that begins with "-" and contains
// other letters is a name.
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

// listed is an entry with its path in the form in which the client has asked for it, in the
// client's spelling.
type listed struct {
	info vfs.Info
	path string
}

// directory is a directory that is to be listed.
type directory struct {
	path   string // in the form in which the client has asked for it
	depth  int
	header bool // its name is a heading above its entries
}

// listing is the text of a LIST, NLST or MLSD. It is made while the storage lists, because a
// directory may be larger than the memory.
type listing struct {
	*driver
	*listRequest
	todo  []directory // the last one is next
	now   directory
	dir   *dirReader  // nil: the next one has not begun
	below []directory // subdirectories of now
	text  []byte
}

// list begins a listing. It returns errors before a transfer begins.
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

// more appends the text of the next entries, which may be none. It returns io.EOF after the last
// entry.
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
		entries[i] = listed{info, path.Join(l.now.path, l.toClient(info.Name))}
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

// passOver returns nil if err means that a subdirectory of a recursive listing is gone or not
// accessible.
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

// sort sorts entries in the requested order. They are already sorted by name.
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

// print appends the lines of entries to the text.
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

// appendLong appends an entry as in ls -l, with the same owners as in SFTP.
func (d *driver) appendLong(text []byte, info vfs.Info, name string, now time.Time) []byte {
	t := modTime(info)
	when := t.Format("Jan _2 15:04")
	if age := now.Sub(t); age > yearAfter || age < -time.Hour { // one hour, for clocks that are not right
		when = t.Format("Jan _2  2006")
	}
	return fmt.Appendf(text, "%s %3d %-8s %-8s %12d %s %s", shownMode(info), max(info.Links, 1),
		ownerName(info.UID, d.session.User()), ownerName(info.GID, d.session.Group()), max(info.Size, 0), when, vfs.EscapeControl(name))
}

// ownerName returns the name of an owner. ID 0 is the login; of all other IDs only the number is
// known. Spaces are replaced, because they would end the column.
func ownerName(id int, login string) string {
	if id != 0 {
		return fmt.Sprint(id)
	}
	return cmp.Or(strings.ReplaceAll(vfs.EscapeControl(login), " ", "_"), "ftp")
}

func (l *listing) announce() string { return "The listing follows." }

func (l *listing) carry(t *transfer, s *dataStream) error {
	// The lines already have the right ends.
	sink := s.sink(false)
	for {
		if len(l.text) > 0 {
			if _, err := sink.Write(l.names().write(l.text)); err != nil {
				return errDataLost
			}
			if err := s.flush(); err != nil { // the storage may take long for the next entries
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

// dirReader reads the entries of a directory. It replaces symbolic links by their targets.
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

// next returns at least size entries, sorted by name, or all that are left. It returns io.EOF if
// none are left.
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

// statPath executes STAT with a path, which is a listing in the reply. Clients also send options of
// ls.
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
	// RFC 959, section 4.2: 212 for a directory, 213 for a file.
	code, text := 213, []byte("213-This is there:\r\n")
	if len(t.todo) > 0 || t.dir != nil || l.path == "" || l.path == "." {
		code, text = 212, []byte("212-This is there:\r\n")
	}
	for {
		if _, err := c.control.send(append(text, t.text...)); err != nil {
			return nil // an error will show at the next read
		}
		text, t.text = text[:0], t.text[:0]
		if err := d.more(t); err == io.EOF {
			return &reply{code: code, text: "End."}
		} else if err != nil {
			return &reply{code: code, text: "The rest cannot be listed: " + vfs.ClientText(err)}
		}
	}
}

// more is [listing.more] for a listing without a transfer.
func (d *driver) more(l *listing) (err error) {
	defer recoverTo(&err, d.session.Log())
	return l.more(d.session.Context())
}
