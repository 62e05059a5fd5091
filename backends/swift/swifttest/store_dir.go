package swifttest

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
)

// dirStore stores everything in a directory:
//
//	bodies/<random>                               the bytes of an object
//	tmp/<random>                                  a JSON file before it is renamed
//	accounts/<hash>/account.json
//	accounts/<hash>/<hash>/container.json
//	accounts/<hash>/<hash>/objects/<hash>.json    the metadata of an object, and the id of its body
//
// Each hash is the hash of a name; the JSON file has the full name. A JSON file is created by a
// rename, so an object exists completely or not at all. A body to which no JSON file refers is left
// over from an interruption, and is removed at the next start. Nothing is synced to the disk,
// because this store need not survive a crash of the machine.
type dirStore struct{ root *os.Root }

func newDirStore(dir string) (*dirStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	for _, d := range []string{"bodies", "accounts", "tmp"} {
		if err := root.MkdirAll(d, 0o700); err != nil {
			return nil, errors.Join(err, root.Close())
		}
	}
	return &dirStore{root: root}, nil
}

// hashed returns a file name for a name. The name of an object may have 1024 bytes, with any
// values.
func hashed(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

func accountDir(account string) string { return path.Join("accounts", hashed(account)) }

func containerDir(account, container string) string {
	return path.Join(accountDir(account), hashed(container))
}

func objectFile(account, container, object string) string {
	return path.Join(containerDir(account, container), "objects", hashed(object)+".json")
}

func (d *dirStore) create(int64) (bodyWriter, error) {
	id := rand.Text()
	f, err := d.root.OpenFile(path.Join("bodies", id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &dirWriter{File: f, store: d, id: id}, nil
}

type dirWriter struct {
	*os.File
	store *dirStore
	id    string
	done  bool
}

func (w *dirWriter) finish() (string, error) {
	if err := w.Close(); err != nil {
		return "", err
	}
	w.done = true
	return w.id, nil
}

func (w *dirWriter) abort() {
	if !w.done {
		// Errors do not matter, because the data is discarded.
		_ = w.Close()
		w.store.discard(w.id)
	}
}

func (d *dirStore) open(id string) (body, error) { return d.root.Open(path.Join("bodies", id)) }

func (d *dirStore) discard(id string) {
	_ = d.root.Remove(path.Join("bodies", id)) // a remaining file is removed at the next start
}

func (d *dirStore) putAccount(a *account) error {
	dir := accountDir(a.Name)
	if err := d.root.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return d.write(path.Join(dir, "account.json"), a)
}

func (d *dirStore) putContainer(account string, c *container) error {
	dir := containerDir(account, c.Name)
	if err := d.root.MkdirAll(path.Join(dir, "objects"), 0o700); err != nil {
		return err
	}
	return d.write(path.Join(dir, "container.json"), c)
}

func (d *dirStore) removeContainer(account, name string) error {
	dir := containerDir(account, name)
	if err := d.root.Remove(path.Join(dir, "container.json")); err != nil {
		return err
	}
	return d.root.RemoveAll(dir)
}

func (d *dirStore) putObject(account, container string, o *object) error {
	return d.write(objectFile(account, container, o.Name), o)
}

func (d *dirStore) removeObject(account, container, name string) error {
	return d.root.Remove(objectFile(account, container, name))
}

func (d *dirStore) close() error { return d.root.Close() }

// write writes a JSON file atomically.
func (d *dirStore) write(file string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tmp := path.Join("tmp", rand.Text())
	if err := d.root.WriteFile(tmp, raw, 0o600); err != nil {
		return errors.Join(err, d.root.Remove(tmp))
	}
	return d.root.Rename(tmp, file)
}

// readInto reads a JSON file.
func readInto(root *os.Root, file string, v any) error {
	raw, err := root.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// readNames returns the names of the files and directories in dir.
func readNames(root *os.Root, dir string) ([]string, error) {
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (d *dirStore) load() ([]*account, error) {
	dirs, err := readNames(d.root, "accounts")
	if err != nil {
		return nil, err
	}
	var all []*account
	used := map[string]bool{}
	for _, name := range dirs {
		a, err := d.loadAccount(path.Join("accounts", name), used)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its creation was interrupted
		}
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, d.sweep(used)
}

func (d *dirStore) loadAccount(dir string, used map[string]bool) (*account, error) {
	a := &account{}
	if err := readInto(d.root, path.Join(dir, "account.json"), a); err != nil {
		return nil, err
	}
	names, err := readNames(d.root, dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == "account.json" {
			continue
		}
		c, err := d.loadContainer(path.Join(dir, name), used)
		if errors.Is(err, fs.ErrNotExist) {
			// Its creation or removal was interrupted.
			err = d.root.RemoveAll(path.Join(dir, name))
			c = nil
		}
		if err != nil {
			return nil, err
		}
		if c != nil {
			a.containers.put(c)
		}
	}
	return a, nil
}

func (d *dirStore) loadContainer(dir string, used map[string]bool) (*container, error) {
	c := &container{}
	if err := readInto(d.root, path.Join(dir, "container.json"), c); err != nil {
		return nil, err
	}
	// Opened as a root, so that each file name has only one element.
	objects, err := d.root.OpenRoot(path.Join(dir, "objects"))
	if err != nil {
		return nil, err
	}
	defer objects.Close()
	names, err := readNames(objects, ".")
	if err != nil {
		return nil, err
	}
	c.objects.items = make([]*object, 0, len(names))
	for _, name := range names {
		o := &object{}
		if err := readInto(objects, name, o); err != nil {
			return nil, err
		}
		c.objects.items = append(c.objects.items, o)
		c.count(o, 1)
		used[o.Body] = true
	}
	slices.SortFunc(c.objects.items, func(a, b *object) int { return cmp.Compare(a.Name, b.Name) })
	return c, nil
}

// sweep removes the files that interrupted requests left.
func (d *dirStore) sweep(used map[string]bool) error {
	for _, dir := range []string{"bodies", "tmp"} {
		names, err := readNames(d.root, dir)
		if err != nil {
			return err
		}
		for _, name := range names {
			if dir == "bodies" && used[name] {
				continue
			}
			if err := d.root.Remove(path.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
