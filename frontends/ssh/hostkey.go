package ssh

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// minRSABits is the shortest RSA key that current clients accept.
const minRSABits = 2048

// loadHostKeys reads the private keys and reports the problems of each. A directory stands for all
// private keys in it. With legacy, an RSA key also signs with SHA-1, for clients that support
// nothing else.
func loadHostKeys(names []string, legacy bool, report func(attribute, summary, detail string)) []ssh.Signer {
	if len(names) == 0 {
		report("host_keys", "No host key", "Create keys with filegate hostkeys DIR, and set host_keys to this directory.")
	}
	files := hostKeyFiles(names, report)
	var keys []ssh.Signer
	fileOf := map[string]string{}
	for _, file := range files {
		key, problem := loadHostKey(file, legacy)
		if problem != "" {
			report("host_keys", "Host key "+file+" cannot be used", problem)
			continue
		}
		kind := key.PublicKey().Type()
		if first, twice := fileOf[kind]; twice {
			report("host_keys", "Host key "+file+" cannot be used", fmt.Sprintf("It has the same type as %s (%s). Keep one of them.", first, kind))
			continue
		}
		fileOf[kind] = file
		keys = append(keys, key)
	}
	return keys
}

// hostKeyFiles replaces each directory in names by the files in it that look like private keys.
func hostKeyFiles(names []string, report func(attribute, summary, detail string)) []string {
	var files []string
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			files = append(files, name)
			continue
		}
		found, err := os.ReadDir(name)
		if err != nil {
			report("host_keys", "Host keys in "+name+" cannot be used", err.Error())
			continue
		}
		before := len(files)
		for _, entry := range found {
			if file := filepath.Join(name, entry.Name()); !entry.IsDir() && isPrivateKey(file) {
				files = append(files, file)
			}
		}
		if len(files) == before {
			report("host_keys", "No host key in "+name, "The directory contains no private key. Create keys with filegate hostkeys "+name)
		}
	}
	return files
}

// maxKeyFile is the largest file that may be a private key, in bytes.
const maxKeyFile = 64 << 10

// isPrivateKey reports whether a file in a directory should be loaded as a private key. It returns
// true for a file that cannot be read, so that the problem is reported.
func isPrivateKey(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return !strings.HasSuffix(file, ".pub")
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	return err == nil && bytes.Contains(text, []byte("PRIVATE KEY-----"))
}

// loadHostKey returns the key in file, or a text with the problem and what to do.
func loadHostKey(file string, legacy bool) (key ssh.Signer, problem string) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Sprintf("%v. Create a key with: ssh-keygen -t ed25519 -N '' -f %s", err, file)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return nil, fmt.Sprintf("Users other than its owner can read it (mode %#o). Run: chmod 600 %s", perm, file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err.Error()
	}
	raw, err := ssh.ParseRawPrivateKey(data)
	if _, encrypted := errors.AsType[*ssh.PassphraseMissingError](err); encrypted {
		return nil, "It is encrypted, and filegate cannot ask for the passphrase. Remove the passphrase with: ssh-keygen -p -N '' -f " + file
	}
	if err != nil {
		return nil, "It is not a private key in OpenSSH or PEM format."
	}
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		return nil, "Its type is not supported. Create a key of type ed25519, ecdsa or rsa."
	}
	switch signer.PublicKey().Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return signer, ""
	case ssh.KeyAlgoRSA:
		return rsaSigner(raw, signer, legacy)
	}
	return nil, fmt.Sprintf("Keys of type %s are not secure any more. Create a key of type ed25519, ecdsa or rsa.", signer.PublicKey().Type())
}

// rsaSigner removes SHA-1 from the algorithms of an RSA key, unless legacy is set.
func rsaSigner(raw any, signer ssh.Signer, legacy bool) (key ssh.Signer, problem string) {
	if k, ok := raw.(*rsa.PrivateKey); ok && k.N.BitLen() < minRSABits {
		return nil, fmt.Sprintf("It has %d bits, which clients refuse. Create a key of at least %d bits.", k.N.BitLen(), minRSABits)
	}
	s, ok := signer.(ssh.AlgorithmSigner)
	if !ok {
		return nil, "Its type is not supported. Create a key of type ed25519, ecdsa or rsa."
	}
	algorithms := []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	if legacy {
		algorithms = append(algorithms, ssh.KeyAlgoRSA)
	}
	key, err := ssh.NewSignerWithAlgorithms(s, algorithms)
	if err != nil {
		return nil, err.Error()
	}
	return key, ""
}
