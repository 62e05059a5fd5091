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

// newFileMode is the mode of a new file. Hashes and sealed secrets are not for other users.
const newFileMode = 0o600

// Editor edits a file of users. It keeps everything that it does not change, byte for byte.
type Editor struct {
	name   string
	before []byte // the file when the editor began
	mode   fs.FileMode
	owner  *syscall.Stat_t // nil: a new file
	editor *config.Editor
}

// Edit begins to edit a file. If the file does not exist and create is set, it begins empty.
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

// Has reports whether there is a user with that name.
func (e *Editor) Has(user string) bool { return e.editor.Has(userType, user) }

// Known returns an error if there is no user with that name.
func (e *Editor) Known(user string) error {
	if e.Has(user) {
		return nil
	}
	return fmt.Errorf("%s has no user %q", e.name, user)
}

// Add appends a new user. A user with neither a password nor a key cannot log in yet.
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

// SetPassword sets the password of a user.
func (e *Editor) SetPassword(user string, password auth.Secret) error {
	hash, err := NewHash(password.Reveal())
	if err != nil {
		return err
	}
	return e.editor.Set(userType, user, config.Setting{Name: "password", Value: hash.String()})
}

// AddKey adds a key, a line of authorized_keys, to a user.
func (e *Editor) AddKey(user, line string) error {
	if _, err := ParseAuthorizedKey(line); err != nil {
		return err
	}
	return e.editor.Add(userType, user, config.Setting{Name: "keys", Value: line})
}

// SetCredential sets the login of a user at a storage, and its secret, which is sealed with the
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

// Save replaces the file atomically, and keeps its mode and owner. It does not write a file with
// mistakes; the error is then of type [config.Diagnostics].
func (e *Editor) Save() error {
	text := e.editor.Bytes()
	if _, err := Parse(text, e.name, Key{}); err != nil {
		return err
	}
	name, err := filepath.EvalSymlinks(e.name) // a symbolic link stays
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
	defer os.Remove(temp.Name()) // does not exist any more after a successful rename
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
