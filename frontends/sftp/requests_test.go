package sftp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
)

// Types of packets and flags of OPEN.
const (
	pktOpen, pktClose, pktRead, pktWrite, pktLstat, pktFstat, pktSetstat, pktFsetstat, pktOpendir, pktReaddir = 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
	pktRemove, pktMkdir, pktRmdir, pktStat, pktRename, pktSymlink, pktStatus, pktHandle, pktData              = 13, 14, 15, 17, 18, 20, 101, 102, 103
	pktName, pktAttrs, pktExtended, pktExtendedReply                                                          = 104, 105, 200, 201

	fxRead, fxWrite, fxAppend, fxCreate, fxTrunc, fxExcl = 1, 2, 4, 8, 16, 32

	statusNoSuchFile  = 2
	statusBadMessage  = 5
	statusUnsupported = 8
)

func word(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// sizeOnly are attributes that set the size.
func sizeOnly(n uint64) []byte { return append(word(1), number(n)...) }

// post sends a request and does not wait for its answer.
func (w *wire) post(t *testing.T, kind byte, fields ...[]byte) (id uint32) {
	t.Helper()
	w.id++
	w.send(t, append(binary.BigEndian.AppendUint32([]byte{kind}, w.id), bytes.Join(fields, nil)...))
	return w.id
}

// answers receives n answers, by the ids of their requests.
func (w *wire) answers(t *testing.T, n int) map[uint32][]byte {
	t.Helper()
	all := map[uint32][]byte{}
	for range n {
		p := w.receive(t)
		all[binary.BigEndian.Uint32(p[1:])] = p
	}
	return all
}

// TestAppend holds that a handle with APPEND writes at the end, whatever offset a WRITE has.
func TestAppend(t *testing.T) {
	store := memfs.New()
	w := dialWire(t, start(t, store))
	for _, tt := range []struct {
		name  string
		flags uint32
		old   string // empty: no file
		want  string
	}{
		{name: "existing", flags: fxWrite | fxAppend, old: "old", want: "oldABC"},
		{name: "new", flags: fxWrite | fxAppend | fxCreate, want: "ABC"},
		{name: "without WRITE", flags: fxAppend | fxCreate, old: "old", want: "oldABC"},
		{name: "and READ", flags: fxRead | fxWrite | fxAppend, old: "old", want: "oldABC"},
		{name: "and TRUNC", flags: fxWrite | fxAppend | fxTrunc, old: "old", want: "ABC"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := "/" + tt.name
			if tt.old != "" {
				frontendtest.Write(t, store, vfs.Path(path), []byte(tt.old))
			}
			h := w.open(t, path, tt.flags)
			for i, c := range []string{"A", "B", "C"} { // without waiting
				w.post(t, pktWrite, str(h), number(uint64(7*i)), str(c))
			}
			w.answers(t, 3)
			if tt.flags&fxRead != 0 {
				if kind, got := w.ask(t, pktRead, str(h), number(1), word(100)); kind != pktData || string(got[4:]) != tt.want[1:] {
					t.Errorf("READ gives %q, want %q", got, tt.want[1:])
				}
			}
			w.wants(t, statusOK, pktClose, str(h))
			wantFile(t, store, vfs.Path(path), tt.want)
		})
	}
	t.Run("FSETSTAT between", func(t *testing.T) {
		h := w.open(t, "/existing", fxWrite|fxAppend)
		w.post(t, pktWrite, str(h), number(0), str("XYZ"))
		w.post(t, pktFsetstat, str(h), sizeOnly(2))
		w.post(t, pktWrite, str(h), number(0), str("!"))
		w.answers(t, 3)
		w.wants(t, statusOK, pktClose, str(h))
		wantFile(t, store, "/existing", "ol!")
	})
	if kind, _ := w.ask(t, pktOpen, str("/none"), word(fxWrite|fxAppend), word(0)); kind != pktStatus {
		t.Error("APPEND without CREAT made a file")
	}
}

// TestOrder sends many requests for one file without waiting: they act in their order.
func TestOrder(t *testing.T) {
	store := memfs.New()
	w := dialWire(t, start(t, store))
	const block, n = 8192, 24
	fill := func(i int) []byte { return bytes.Repeat([]byte{byte('A' + i)}, block) }
	for round := range 5 {
		path := fmt.Sprintf("/file%d", round)
		h := w.open(t, path, fxRead|fxWrite|fxCreate|fxTrunc)
		for i := range n {
			w.post(t, pktWrite, str(h), number(0), str(string(fill(i))))
		}
		first := w.post(t, pktRead, str(h), number(0), word(block))
		for i := range n {
			w.post(t, pktWrite, str(h), number(uint64(i)*block), str(string(fill(i))))
		}
		size := w.post(t, pktFstat, str(h))
		byName := w.post(t, pktStat, str(path))
		last := w.post(t, pktRead, str(h), number((n-1)*block), word(block))
		w.post(t, pktFsetstat, str(h), sizeOnly(5))
		cut := w.post(t, pktFstat, str(h))
		got := w.answers(t, 2*n+6)
		if !bytes.Equal(got[first][9:], fill(n-1)) {
			t.Error("a READ behind overlapping WRITEs does not see the last")
		}
		if !bytes.Equal(got[last][9:], fill(n-1)) {
			t.Error("a READ behind a WRITE does not see it")
		}
		for id, want := range map[uint32]uint64{size: n * block, byName: n * block, cut: 5} {
			if s := binary.BigEndian.Uint64(got[id][9:]); s != want {
				t.Errorf("the size is %d, want %d", s, want)
			}
		}
		w.post(t, pktClose, str(h))
		w.post(t, pktRename, str(path), str(path+"b"))
		after := w.post(t, pktStat, str(path+"b"))
		if p := w.answers(t, 3)[after]; p[0] != pktAttrs || binary.BigEndian.Uint64(p[9:]) != 5 {
			t.Errorf("STAT behind CLOSE and RENAME: %q", p)
		}
	}
}

// TestHandles sends what does not suit the handle, and what is no handle.
func TestHandles(t *testing.T) {
	store := newTree(t, "/file", "/dir/")
	w := dialWire(t, start(t, store))
	read, write := w.open(t, "/file", fxRead), w.open(t, "/new", fxWrite|fxCreate)
	kind, rest := w.ask(t, pktOpendir, str("/dir"))
	if kind != pktHandle {
		t.Fatalf("OPENDIR: %q", rest)
	}
	dir, closed := string(rest[4:]), w.open(t, "/file", fxRead)
	w.wants(t, statusOK, pktClose, str(closed))
	w.wants(t, statusFailure, pktRead, str(write), number(0), word(1))
	w.wants(t, statusFailure, pktWrite, str(read), number(0), str("x"))
	w.wants(t, statusFailure, pktReaddir, str(read))
	w.wants(t, statusFailure, pktFsetstat, str(read), sizeOnly(1))
	for _, h := range []string{dir, closed, "", "none", strings.Repeat("1", 300)} {
		w.wants(t, statusFailure, pktRead, str(h), number(0), word(1))
		w.wants(t, statusFailure, pktWrite, str(h), number(0), str("x"))
		if h == dir {
			continue
		}
		for _, kind := range []byte{pktClose, pktFstat, pktReaddir} {
			w.wants(t, statusFailure, kind, str(h))
		}
	}
	for _, off := range []uint64{1 << 63, 1<<64 - 1, 1<<63 - 1} {
		w.wants(t, statusFailure, pktRead, str(read), number(off), word(1))
	}
	w.wants(t, statusFailure, pktSetstat, str("/file"), sizeOnly(1<<63))
	w.wants(t, statusFailure, pktFsetstat, str(write), sizeOnly(1<<64-1))
	w.wants(t, statusNoSuchFile, pktOpen, str("/file/below"), word(fxWrite|fxCreate), word(0))
	w.wants(t, statusFailure, pktOpen, str("/dir"), word(fxRead), word(0))
	w.wants(t, statusFailure, pktOpen, str("/dir"), word(fxWrite|fxCreate), word(0))
	w.wants(t, statusNoSuchFile, pktOpendir, str("/file"))
	w.wants(t, statusNoSuchFile, pktOpendir, str("/none"))
	w.wants(t, statusUnsupported, 99, str("x"))
	w.wants(t, statusUnsupported, pktExtended, str("no@such.extension"))
	w.wants(t, statusUnsupported, pktExtended, str("hardlink@openssh.com"), str("/file"), str("/hard"))
	w.wants(t, statusBadMessage, pktStat, []byte{0, 0, 1, 0, 'x'})
	w.wants(t, statusOK, pktClose, str(read))
	w.wants(t, statusOK, pktClose, str(dir))
	w.wants(t, statusOK, pktClose, str(write))
	wantFile(t, store, "/file", "/file")
	wantFile(t, store, "/new", "")
}

// TestStatusText holds that every status has a text.
func TestStatusText(t *testing.T) {
	w := dialWire(t, start(t, newTree(t, "/empty")))
	h := w.open(t, "/empty", fxRead)
	for want, ask := range map[string]func() (byte, []byte){
		"End of file":               func() (byte, []byte) { return w.ask(t, pktRead, str(h), number(100), word(1)) },
		"Success":                   func() (byte, []byte) { return w.ask(t, pktMkdir, str("/d"), word(0)) },
		"no such file or directory": func() (byte, []byte) { return w.ask(t, pktStat, str("/none")) },
	} {
		if kind, rest := ask(); kind != pktStatus || !bytes.Contains(rest, str(want)) {
			t.Errorf("answer %d, %q; want a status with %q", kind, rest, want)
		}
	}
}

// TestTrailingSlash holds that a name that ends in a slash is a directory's, as on Linux.
func TestTrailingSlash(t *testing.T) {
	store := newTree(t, "/file", "/dir/", "/empty/")
	w := dialWire(t, start(t, store))
	create := word(fxWrite | fxCreate | fxTrunc)
	w.wants(t, statusFailure, pktOpen, str("/missing/"), create, word(0))
	w.wants(t, statusFailure, pktOpen, str("/dir/"), create, word(0))
	w.wants(t, statusNoSuchFile, pktOpen, str("/file/"), create, word(0))
	w.wants(t, statusNoSuchFile, pktOpen, str("/file/"), word(fxRead), word(0))
	w.wants(t, statusNoSuchFile, pktStat, str("/file/"))
	w.wants(t, statusNoSuchFile, pktLstat, str("/file/."))
	w.wants(t, statusNoSuchFile, pktSetstat, str("/file/"), sizeOnly(0))
	w.wants(t, statusNoSuchFile, pktRemove, str("/file/"))
	w.wants(t, statusNoSuchFile, pktRename, str("/file"), str("/missing/"))
	w.wants(t, statusNoSuchFile, pktRename, str("/file/"), str("/missing"))
	if kind, _ := w.ask(t, pktStat, str("/dir/")); kind != pktAttrs {
		t.Error("a directory is not there by its name with a slash")
	}
	w.wants(t, statusOK, pktMkdir, str("/made/"), word(0))
	w.wants(t, statusOK, pktRename, str("/made/"), str("/moved/"))
	w.wants(t, statusOK, pktRmdir, str("/moved/"))
	wantFile(t, store, "/file", "/file")
	if !frontendtest.Missing(t, store, "/missing") {
		t.Error("a file was made by a name that is a directory's")
	}
}

// TestLinkLength holds that LSTAT of a link has the length of what READLINK tells.
func TestLinkLength(t *testing.T) {
	c := mustDial(t, start(t, linked(t)))
	for _, name := range []string{"/link", "/d/link"} {
		info, err := c.sftp.Lstat(name)
		target, lerr := c.sftp.ReadLink(name)
		if err != nil || lerr != nil || info.Size() != int64(len(target)) {
			t.Errorf("%s has the size %v, and leads to %q: %v, %v", name, info, target, err, lerr)
		}
	}
}

// TestModeAtCreation holds that OPEN and MKDIR bring a mode, of which the usual umask is taken off.
func TestModeAtCreation(t *testing.T) {
	store := memfs.New()
	w := dialWire(t, start(t, store))
	mode := func(m uint32) []byte { return append(word(4), word(m)...) }
	for sent, want := range map[uint32]vfs.Info{0o755: {Mode: 0o755}, 0o600: {Mode: 0o600}, 0o777: {Mode: 0o755}, 0o666: {Mode: 0o644}} {
		file, dir := fmt.Sprintf("/f%o", sent), fmt.Sprintf("/d%o", sent)
		kind, rest := w.ask(t, pktOpen, str(file), word(fxWrite|fxCreate), mode(sent))
		if kind != pktHandle {
			t.Fatalf("OPEN: %q", rest)
		}
		w.wants(t, statusOK, pktClose, rest)
		w.wants(t, statusOK, pktMkdir, str(dir), mode(sent))
		for _, name := range []string{file, dir} {
			if info, err := store.Stat(t.Context(), vfs.Path(name)); err != nil || info.Mode.Perm() != want.Mode {
				t.Errorf("%s has the mode %v, %v; want %v", name, info.Mode, err, want.Mode)
			}
		}
	}
}

// TestShortAnswers holds that no answer to READDIR is longer than old clients take.
func TestShortAnswers(t *testing.T) {
	store := memfs.New()
	for i := range 600 {
		frontendtest.Write(t, store, vfs.Root.Join(fmt.Sprintf("%04d%s", i, strings.Repeat("n", 200))), nil)
	}
	w := dialWire(t, start(t, store))
	_, rest := w.ask(t, pktOpendir, str("/"))
	seen := 0
	for {
		kind, p := w.ask(t, pktReaddir, rest)
		if kind != pktName {
			break
		}
		if len(p) > 32<<10 {
			t.Errorf("an answer of %d bytes", len(p))
		}
		seen += int(binary.BigEndian.Uint32(p))
	}
	if seen != 600 {
		t.Errorf("%d entries, want 600", seen)
	}
}

// TestExtensions asks for each extension that has an answer of its own.
func TestExtensions(t *testing.T) {
	w := dialWire(t, start(t, newTree(t, "/file", "/dir/")))
	h := w.open(t, "/file", fxRead)
	check := func(name string, what []byte) []byte {
		kind, rest := w.ask(t, pktExtended, str(name), what, str("none,md5"), number(0), number(0), word(0))
		if kind != pktExtendedReply || !bytes.HasPrefix(rest, append(str("check-file"), str("md5")...)) || len(rest) != 14+7+16 {
			t.Errorf("%s: %d, %q", name, kind, rest)
		}
		return rest
	}
	if !bytes.Equal(check("check-file-name", str("/file")), check("check-file-handle", str(h))) {
		t.Error("the checksums of a file and of its handle differ")
	}
	w.wants(t, statusFailure, pktExtended, str("check-file"), str(h), str("sha1"), number(0), number(0), word(1))
	w.wants(t, statusUnsupported, pktExtended, str("check-file"), str(h), str("md4"), number(0), number(0), word(0))
	for name, fields := range map[string][]byte{
		"statvfs@openssh.com": str("/"), "fstatvfs@openssh.com": str(h), "limits@openssh.com": nil, "space-available": str("/"),
		"users-groups-by-id@openssh.com": append(str("\x00\x00\x00\x00"), str("\x00\x00\x00\x01")...),
	} {
		if kind, rest := w.ask(t, pktExtended, str(name), fields); kind != pktExtendedReply {
			t.Errorf("%s: %d, %q", name, kind, rest)
		}
	}
	for name, path := range map[string]string{"expand-path@openssh.com": "~/dir", "home-directory": ""} {
		if kind, rest := w.ask(t, pktExtended, str(name), str(path)); kind != pktName || !bytes.Contains(rest, []byte("/")) {
			t.Errorf("%s: %d, %q", name, kind, rest)
		}
	}
	w.wants(t, statusOK, pktExtended, str("fsync@openssh.com"), str(h))
	w.wants(t, statusOK, pktExtended, str("lsetstat@openssh.com"), str("/file"), append(word(4), word(0o600)...))
}

// slow is a store in which a Commit waits.
type slow struct {
	vfs.FS
	commits, goOn chan struct{}
}

type slowWriter struct {
	vfs.Writer
	s slow
}

func (s slow) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	w, err := s.FS.OpenWriter(ctx, name, opts)
	if err != nil {
		return nil, err
	}
	return slowWriter{w, s}, nil
}

func (w slowWriter) Commit(ctx context.Context) (vfs.Info, error) {
	w.s.commits <- struct{}{}
	<-w.s.goOn
	return w.Writer.Commit(ctx)
}

// TestSlowClose holds that a CLOSE that takes its time holds up nothing but its own file.
func TestSlowClose(t *testing.T) {
	store := newTree(t, "/dir/", "/dir/file", "/sub/")
	s := slow{store, make(chan struct{}), make(chan struct{})}
	w := dialWire(t, start(t, s))
	h := w.open(t, "/sub/large", fxWrite|fxCreate)
	closing := w.post(t, pktClose, str(h))
	<-s.commits
	kind, dir := w.ask(t, pktOpendir, str("/dir"))
	if kind != pktHandle {
		t.Fatalf("OPENDIR beside a CLOSE: %q", dir)
	}
	if kind, _ := w.ask(t, pktReaddir, dir); kind != pktName {
		t.Error("no READDIR beside a CLOSE")
	}
	other := w.open(t, "/dir/file", fxRead)
	if kind, _ := w.ask(t, pktRead, str(other), number(0), word(10)); kind != pktData {
		t.Error("no READ beside a CLOSE")
	}
	w.wants(t, statusOK, pktClose, str(other))
	if kind, _ := w.ask(t, pktOpendir, str("/sub")); kind != pktHandle { // which waits, but not for long
		t.Error("no listing of the directory beside a CLOSE")
	}
	stat := w.post(t, pktStat, str("/sub/large"))
	s.goOn <- struct{}{}
	got := w.answers(t, 2)
	if got[closing][0] != pktStatus || got[stat][0] != pktAttrs {
		t.Errorf("CLOSE is answered by %q, STAT of its file by %q", got[closing], got[stat])
	}
}
