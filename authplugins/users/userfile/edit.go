package userfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"filegate/core/auth"
	"filegate/core/config"
)

// newFileMode is that of a file that is made anew: hashes and sealed secrets are not for everybody.
const newFileMode = 0o600

// Editor changes a file of users, and leaves what it is not asked to change as it is, to the byte.
type Editor struct {
	name   string
	before []byte // what the file was when the editor began
	mode   fs.FileMode
	owner  *syscall.Stat_t // nil: of a file that is not there yet
	editor *config.Editor
}

// Edit begins with a file as it is, or with an empty one where there is none and create says so.
func Edit(filename string, create bool) (*Editor, error) {
	e := &Editor{name: filename, mode: newFileMode}
	text, err := os.ReadFile(filename)
	e.before = text
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
	case err != nil:
		return nil, err
	default:
		info, err := os.Stat(filename)
		if err != nil {
			return nil, err
		}
		e.mode = info.Mode().Perm()
		e.owner, _ = info.Sys().(*syscall.Stat_t)
	}
	e.editor, err = config.NewEditor(text, filename)
	if err != nil {
		return nil, err
	}
	return e, nil
}

const userType = "user"

// Has says whether there is a user of that name.
func (e *Editor) Has(user string) bool { return e.editor.Has(userType, user) }

// Known returns an error that says so where there is no user of that name.
func (e *Editor) Known(user string) error {
	if e.Has(user) {
		return nil
	}
	return fmt.Errorf("%s has no user %q", e.name, user)
}

// Add puts a new user after the others. Whoever has neither password nor key cannot log in yet.
func (e *Editor) Add(user string, password auth.Secret, key string) error {
	if err := CheckName(user); err != nil {
		return err
	}
	if e.Has(user) {
		return fmt.Errorf("%s has a user %q already", e.name, user)
	}
	if err := e.editor.Append(userType, user); err != nil {
		return err
	}
	if password != "" {
		if err := e.SetPassword(user, password); err != nil {
			return err
		}
	}
	if key != "" {
		return e.AddKey(user, key)
	}
	return nil
}

// SetPassword gives a user another password.
func (e *Editor) SetPassword(user string, password auth.Secret) error {
	hash, err := NewHash(password.Reveal())
	if err != nil {
		return err
	}
	return e.editor.Set(userType, user, config.Setting{Name: "password", Value: hash.String()})
}

// AddKey lets a user log in with one more key, a line of authorized_keys.
func (e *Editor) AddKey(user, line string) error {
	if _, err := ParseAuthorizedKey(line); err != nil {
		return err
	}
	return e.editor.Add(userType, user, config.Setting{Name: "keys", Value: line})
}

// SetCredential lets a user act at a storage by a login and its secret, which is sealed with the
// key.
func (e *Editor) SetCredential(user, storage, login string, secret auth.Secret, key Key) error {
	if secret == "" {
		return errors.New("the secret is empty")
	}
	for _, s := range []config.Setting{
		{Name: "storage", Value: storage},
		{Name: "storage_login", Value: login},
		{Name: "storage_secret", Value: key.Seal(user, storage, login, secret)},
	} {
		if err := e.editor.Set(userType, user, s); err != nil {
			return err
		}
	}
	return nil
}

// Save puts the changed file into the place of the old one, with its mode and owner: whoever reads
// it sees either of the two. A file that would be bad is not written; the error is then of type
// [config.Diagnostics].
func (e *Editor) Save() error {
	text := e.editor.Bytes()
	if _, err := Parse(text, e.name, Key{}); err != nil {
		return err
	}
	name, err := filepath.EvalSymlinks(e.name) // the link stays one
	if errors.Is(err, fs.ErrNotExist) {
		name, err = e.name, nil
	}
	if err != nil {
		return err
	}
	if now, err := os.ReadFile(name); err == nil && !bytes.Equal(now, e.before) {
		return fmt.Errorf("%s was changed by somebody else meanwhile: do it again", e.name)
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // gone already when all went well
	_, err = temp.Write(text)
	if e.owner != nil && err == nil && (int(e.owner.Uid) != os.Geteuid() || int(e.owner.Gid) != os.Getegid()) {
		err = temp.Chown(int(e.owner.Uid), int(e.owner.Gid))
	}
	if err == nil {
		err = temp.Chmod(e.mode)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), name)
}
