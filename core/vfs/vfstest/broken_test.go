package vfstest_test

import (
	"context"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/core/vfs/vfstest"
)

// breakEnv names the fault that the test binary, run by itself, is to put into the store.
const breakEnv = "VFSTEST_BROKEN"

// fault is a store with one fault.
type fault struct {
	subject string // of the suite, where it is to be found
	rule    string // that the failure states
	store   func(good *memfs.FS) vfs.FS
}

func faults() map[string]fault {
	return map[string]fault{
		"close publishes": {"Commit", "Close without Commit publishes nothing", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, writer: func(w vfs.Writer) vfs.Writer { return closeCommits{w} }}
		}},
		"visible before commit": {"Commit", "nothing old is lost before Commit", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, onOpenWriter: func(ctx context.Context, name vfs.Path) {
				if w, err := good.OpenWriter(ctx, name, vfs.WriteOptions{Truncate: true}); err == nil {
					w.Commit(ctx)
				}
			}}
		}},
		"commit forgets failures": {"Commit", "once a write has failed, Commit fails too", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, writer: func(w vfs.Writer) vfs.Writer { return forgetful{w} }}
		}},
		"exclusive at open only": {"Commit", "Commit with Exclusive", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, writeOptions: func(opts vfs.WriteOptions) vfs.WriteOptions {
				opts.Exclusive = false
				return opts
			}}
		}},
		"short reads": {"Read", "reads are only short at the end", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, file: func(f vfs.File, _ vfs.Path) vfs.File { return shortReads{f} }}
		}},
		"reads a mixture": {"Read", "never a mixture", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, file: func(f vfs.File, name vfs.Path) vfs.File { return reopens{f, good, name} }}
		}},
		"writes in order only": {"Write", "WriteAt", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, writer: func(w vfs.Writer) vfs.Writer { return &inOrder{Writer: w} }}
		}},
		"lists twice": {"List", "each entry comes once", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, page: func(page []vfs.Info) []vfs.Info { return append(page, page[0]) }}
		}},
		"lists the half": {"List", "a directory of any size is listed whole", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, page: func(page []vfs.Info) []vfs.Info { return page[:(len(page)+1)/2] }}
		}},
		"trims names": {"Names", "names are listed as they were given", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, page: func(page []vfs.Info) []vfs.Info {
				for i := range page {
					page[i].Name = strings.TrimSpace(page[i].Name)
				}
				return page
			}}
		}},
		"rename replaces": {"Rename", "Rename of a file to file", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, replaces: true}
		}},
		"no cancelling": {"Cancel", "Stat with a cancelled context", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, deaf: true}
		}},
		"sizes in blocks": {"Stat", "want a regular, whole one", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, stat: func(info vfs.Info) vfs.Info {
				info.Size = (info.Size + 4095) / 4096 * 4096
				return info
			}}
		}},
		"one version": {"Stat", "it changes whenever the content does", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, writer: func(w vfs.Writer) vfs.Writer { return oneVersion{w} }, stat: func(info vfs.Info) vfs.Info {
				info.Version = "v"
				return info
			}}
		}},
		"digest of the old content": {"Digest", "a checksum that is not known is left out", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, sums: func(vfs.Sums) vfs.Sums { return vfs.Sums{vfs.MD5: make([]byte, vfs.MD5.Size())} }}
		}},
		"lists links as files": {"Link", "a link is listed as one", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, page: func(page []vfs.Info) []vfs.Info {
				for i := range page {
					page[i].Mode &^= fs.ModeSymlink
				}
				return page
			}}
		}},
		"writing replaces a link": {"Link", "writing through a link writes what it leads to", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, onOpenWriter: func(ctx context.Context, name vfs.Path) {
				if _, err := good.Readlink(ctx, name); err == nil {
					good.Remove(ctx, name)
				}
			}}
		}},
		"times of now": {"Attrs", "as it was set", func(good *memfs.FS) vfs.FS {
			return faulty{FS: good, stat: func(info vfs.Info) vfs.Info {
				info.ModTime = time.Now()
				return info
			}}
		}},
	}
}

// The suite finds faults: each store with one fails, and the failure states the rule.
func TestBrokenStoresFail(t *testing.T) {
	all := faults()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBrokenStore$/^"+all[name].subject+"$", "-rapid.nofailfile")
			cmd.Env = append(os.Environ(), breakEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("the store passes the suite:\n%s", out)
			}
			if !strings.Contains(string(out), all[name].rule) {
				t.Errorf("no failure states the rule %q:\n%s", all[name].rule, out)
			}
		})
	}
}

// TestBrokenStore is the other end of TestBrokenStoresFail.
func TestBrokenStore(t *testing.T) {
	name := os.Getenv(breakEnv)
	if name == "" {
		t.Skip("only for TestBrokenStoresFail")
	}
	vfstest.TestFS(t, func(*testing.T) vfs.FS { return faults()[name].store(memfs.New()) }, vfstest.Limits{})
}

// faulty is a store that does one thing differently.
type faulty struct {
	*memfs.FS
	writer       func(w vfs.Writer) vfs.Writer
	file         func(f vfs.File, name vfs.Path) vfs.File
	page         func(page []vfs.Info) []vfs.Info
	stat         func(info vfs.Info) vfs.Info
	sums         func(vfs.Sums) vfs.Sums
	writeOptions func(opts vfs.WriteOptions) vfs.WriteOptions
	onOpenWriter func(ctx context.Context, name vfs.Path)
	replaces     bool
	deaf         bool
}

func (f faulty) Stat(ctx context.Context, name vfs.Path) (vfs.Info, error) {
	if f.deaf {
		ctx = context.WithoutCancel(ctx)
	}
	info, err := f.FS.Stat(ctx, name)
	if f.stat != nil && !info.IsDir() {
		info = f.stat(info)
	}
	return info, err
}

func (f faulty) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	file, err := f.FS.Open(ctx, name, opts)
	if err == nil && f.file != nil {
		file = f.file(file, name)
	}
	return file, err
}

func (f faulty) OpenWriter(ctx context.Context, name vfs.Path, opts vfs.WriteOptions) (vfs.Writer, error) {
	if f.onOpenWriter != nil {
		f.onOpenWriter(ctx, name)
	}
	w, err := f.FS.OpenWriter(ctx, name, opts)
	if err == nil && f.writeOptions != nil {
		w.Close()
		w, err = f.FS.OpenWriter(ctx, name, f.writeOptions(opts))
	}
	if err == nil && f.writer != nil {
		w = f.writer(w)
	}
	return w, err
}

func (f faulty) Digest(ctx context.Context, name vfs.Path) (vfs.Sums, error) {
	sums, err := f.FS.Digest(ctx, name)
	if err == nil && f.sums != nil {
		sums = f.sums(sums)
	}
	return sums, err
}

func (f faulty) Rename(ctx context.Context, oldname, newname vfs.Path, opts vfs.RenameOptions) error {
	opts.Replace = opts.Replace || f.replaces
	return f.FS.Rename(ctx, oldname, newname, opts)
}

func (f faulty) List(ctx context.Context, name vfs.Path) (vfs.Lister, error) {
	l, err := f.FS.List(ctx, name)
	if err == nil && f.page != nil {
		l = faultyLister{l, f.page}
	}
	return l, err
}

type faultyLister struct {
	vfs.Lister
	page func(page []vfs.Info) []vfs.Info
}

func (l faultyLister) Next(ctx context.Context) ([]vfs.Info, error) {
	page, err := l.Lister.Next(ctx)
	if err != nil {
		return nil, err
	}
	return l.page(page), nil
}

type closeCommits struct{ vfs.Writer }

func (w closeCommits) Close() error {
	w.Commit(context.Background())
	return w.Writer.Close()
}

// forgetful hides from its writer that the source has failed.
type forgetful struct{ vfs.Writer }

func (w forgetful) ReadFrom(r io.Reader) (int64, error) {
	var failed error
	n, err := w.Writer.ReadFrom(readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && err != io.EOF {
			failed, err = err, io.EOF
		}
		return n, err
	}))
	if failed != nil {
		err = failed
	}
	return n, err
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type shortReads struct{ vfs.File }

func (f shortReads) ReadAt(p []byte, off int64) (int, error) {
	return f.File.ReadAt(p[:min(len(p), 7)], off)
}

type reopens struct {
	vfs.File
	fs   vfs.FS
	name vfs.Path
}

func (f reopens) ReadAt(p []byte, off int64) (int, error) {
	now, err := f.fs.Open(context.Background(), f.name, vfs.OpenOptions{})
	if err != nil {
		return 0, err
	}
	defer now.Close()
	return now.ReadAt(p, off)
}

type inOrder struct {
	vfs.Writer
	next int64
}

func (w *inOrder) WriteAt(p []byte, off int64) (int, error) {
	if off > w.next {
		return 0, vfs.ErrUnsupported
	}
	w.next = max(w.next, off+int64(len(p)))
	return w.Writer.WriteAt(p, off)
}

type oneVersion struct{ vfs.Writer }

func (w oneVersion) Commit(ctx context.Context) (vfs.Info, error) {
	info, err := w.Writer.Commit(ctx)
	info.Version = "v"
	return info, err
}
