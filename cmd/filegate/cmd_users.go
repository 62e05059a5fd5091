package main

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"strings"

	"filegate/authplugins/users/userfile"
	"filegate/core/auth"
)

// keyVariable is the environment variable with the key that encrypts the secrets of a users file.
// The flag -key-file has precedence.
const keyVariable = "FILEGATE_USERS_KEY"

func usersCommands() []command {
	return []command{
		{name: "add", summary: "add a user, with a password or a key", run: cmdUsersAdd},
		{name: "passwd", summary: "give a user another password", run: cmdUsersPasswd},
		{name: "key", summary: "let a user log in with one more public key", run: cmdUsersKey},
		{name: "credential", summary: "set the storage login and secret of a user", run: cmdUsersCredential},
		{name: "seal", summary: "print the secret of a login at a storage, sealed", run: cmdUsersSeal},
		{name: "check", summary: "find all mistakes of a file", run: cmdUsersCheck},
	}
}

func cmdUsers(e env, args []string) int {
	return group{
		name:     "users",
		commands: usersCommands(),
		synopsis: "[flags] FILE …",
		more: "Passwords and secrets are asked for, or read from standard input, one to a line. Comments and order of the file stay as they are,\n" +
			"and a running gateway sees the change within a second or at the next login.\n",
	}.run(e, args)
}

func cmdUsersAdd(e env, args []string) int {
	fs := newFlags(e, "users add", "[-key FILE] FILE USER")
	keyFile := fs.String("key", "", "let the user log in with the public key in this `file`, and ask for no password; - is standard input")
	if code, ok := parseArgs(e, fs, args, 2); !ok {
		return code
	}
	file, user := fs.Arg(0), fs.Arg(1)
	return e.edit(file, true, fmt.Sprintf("%s: user %q added", file, user), func(editor *userfile.Editor) error {
		if editor.Has(user) {
			return fmt.Errorf("%s has a user %q already", file, user)
		}
		if *keyFile != "" {
			key, err := e.publicKey(*keyFile)
			if err != nil {
				return err
			}
			return editor.Add(user, "", key)
		}
		password, err := e.askSecret("password for " + user)
		if err != nil {
			return err
		}
		return editor.Add(user, password, "")
	})
}

func cmdUsersPasswd(e env, args []string) int {
	fs := newFlags(e, "users passwd", "FILE USER")
	if code, ok := parseArgs(e, fs, args, 2); !ok {
		return code
	}
	file, user := fs.Arg(0), fs.Arg(1)
	return e.edit(file, false, fmt.Sprintf("%s: user %q has another password", file, user), func(editor *userfile.Editor) error {
		if err := editor.Known(user); err != nil {
			return err
		}
		password, err := e.askSecret("password for " + user)
		if err != nil {
			return err
		}
		return editor.SetPassword(user, password)
	})
}

func cmdUsersKey(e env, args []string) int {
	fs := newFlags(e, "users key", "FILE USER KEYFILE\nKEYFILE has a line as in authorized_keys, perhaps with options; - is standard input.")
	if code, ok := parseArgs(e, fs, args, 3); !ok {
		return code
	}
	file, user := fs.Arg(0), fs.Arg(1)
	return e.edit(file, false, fmt.Sprintf("%s: user %q has one more key", file, user), func(editor *userfile.Editor) error {
		if err := editor.Known(user); err != nil {
			return err
		}
		key, err := e.publicKey(fs.Arg(2))
		if err != nil {
			return err
		}
		return editor.AddKey(user, key)
	})
}

func cmdUsersCredential(e env, args []string) int {
	fs := newFlags(e, "users credential", "[-key-file FILE] FILE USER STORAGE LOGIN\nSTORAGE is the name of a storage block in the file, LOGIN what one would log in with there.")
	keyFile := keyFlag(fs.String)
	if code, ok := parseArgs(e, fs, args, 4); !ok {
		return code
	}
	file, user, storage, login := fs.Arg(0), fs.Arg(1), fs.Arg(2), fs.Arg(3)
	return e.edit(file, false, fmt.Sprintf("%s: user %q acts as %q at %s", file, user, login, storage), func(editor *userfile.Editor) error {
		if err := editor.Known(user); err != nil {
			return err
		}
		key, err := sealingKey(*keyFile)
		if err == nil && key.IsZero() {
			err = errNoKey
		}
		if err != nil {
			return err
		}
		secret, err := e.askSecret("secret of " + login)
		if err != nil {
			return err
		}
		return editor.SetCredential(user, storage, login, secret, key)
	})
}

func cmdUsersSeal(e env, args []string) int {
	fs := newFlags(e, "users seal", "[-key-file FILE] USER STORAGE LOGIN\nThe secret opens for this user and login alone. STORAGE is ldap for the authenticator ldap, else the name of a storage block.")
	keyFile := keyFlag(fs.String)
	if code, ok := parseArgs(e, fs, args, 3); !ok {
		return code
	}
	key, err := sealingKey(*keyFile)
	if err == nil && key.IsZero() {
		err = errNoKey
	}
	if err != nil {
		return e.fail(err)
	}
	secret, err := e.askSecret("secret of " + fs.Arg(2))
	if err != nil {
		return e.fail(err)
	}
	fmt.Fprintln(e.stdout, key.Seal(fs.Arg(0), fs.Arg(1), fs.Arg(2), secret))
	return exitOK
}

// errNoKey is the error of a command that encrypts a secret, if no key is given.
var errNoKey = fmt.Errorf("there is no key to seal the secret with: name its file with -key-file, or put it into $%s; openssl rand -base64 32 makes one", keyVariable)

// Permission bits that lead to a warning. The group may be allowed to read a users file, but only
// the owner may read the key of its secrets.
const (
	notForOthers = 0o007
	onlyForUs    = 0o077
)

func cmdUsersCheck(e env, args []string) int {
	fs := newFlags(e, "users check", "[-key-file FILE] FILE")
	keyFile := keyFlag(fs.String)
	if code, ok := parseArgs(e, fs, args, 1); !ok {
		return code
	}
	key, err := sealingKey(*keyFile)
	if err != nil {
		return e.fail(err)
	}
	users, err := userfile.Load(fs.Arg(0), key)
	if err != nil {
		return e.fail(err)
	}
	for file, mask := range map[string]iofs.FileMode{fs.Arg(0): notForOthers, *keyFile: onlyForUs} {
		if warning := readableByOthers(file, mask); warning != "" {
			fmt.Fprintln(e.stderr, "filegate: "+warning)
		}
	}
	fmt.Fprintf(e.stdout, "%s: %d users, no mistakes found\n", fs.Arg(0), users.Len())
	return exitOK
}

// edit changes a users file, prints done, and returns the exit code.
func (e env) edit(file string, create bool, done string, change func(*userfile.Editor) error) int {
	editor, err := userfile.Edit(file, create)
	if err == nil {
		err = change(editor)
	}
	if err == nil {
		err = editor.Save()
	}
	if err != nil {
		return e.fail(err)
	}
	fmt.Fprintln(e.stdout, done)
	if warning := readableByOthers(file, notForOthers); warning != "" {
		fmt.Fprintln(e.stderr, "filegate: "+warning)
	}
	return exitOK
}

// publicKey reads a public key, one line, from a file or from standard input.
func (e env) publicKey(file string) (string, error) {
	in := e.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, 64<<10))
	if err != nil {
		return "", err
	}
	line := strings.TrimSpace(string(text))
	if strings.Contains(line, "PRIVATE KEY") {
		return "", errors.New("this is a private key: give the public one, in the file that ends in .pub")
	}
	return line, nil
}

// keyFlag defines the flag for the file of the key that encrypts secrets.
func keyFlag(define func(name, value, usage string) *string) *string {
	return define("key-file", "", "a `file` with the key that seals the secrets; without it the key is in $"+keyVariable)
}

// sealingKey returns the key from the file of the flag, else from the environment, else the zero
// key.
func sealingKey(file string) (userfile.Key, error) {
	text := os.Getenv(keyVariable)
	if file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return userfile.Key{}, err
		}
		text = string(raw)
	}
	if text == "" && file == "" {
		return userfile.Key{}, nil
	}
	return userfile.ParseKey(auth.Secret(text))
}
