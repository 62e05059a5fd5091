package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
)

// rsaBits is the length of an RSA host key, the default of ssh-keygen.
const rsaBits = 3072

func cmdHostKeys(e env, args []string) int {
	flags := newFlags(e, "hostkeys", "DIR\n\nCreate the SSH host keys (ed25519, ecdsa, rsa) in DIR. Existing keys are kept. Set host_keys = [\"DIR\"] in the configuration.\n")
	words, code, ok := parseMixed(e, flags, args, 1)
	if !ok {
		return code
	}
	dir := words[0]
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return e.fail(err)
	}
	for _, kind := range hostKeyKinds() {
		file := filepath.Join(dir, "ssh_host_"+kind.name+"_key")
		made, print, err := makeHostKey(file, kind.generate)
		switch {
		case err != nil:
			return e.fail(err)
		case made:
			fmt.Fprintf(e.stdout, "%s: made, %s\n", file, print)
		default:
			fmt.Fprintf(e.stdout, "%s: there already\n", file)
		}
	}
	return exitOK
}

// hostKeyKind is a type of host keys.
type hostKeyKind struct {
	name     string
	generate func() (crypto.Signer, error)
}

func hostKeyKinds() []hostKeyKind {
	return []hostKeyKind{
		{"ed25519", func() (crypto.Signer, error) {
			_, key, err := ed25519.GenerateKey(nil)
			return key, err
		}},
		{"ecdsa", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), nil) }},
		{"rsa", func() (crypto.Signer, error) { return rsa.GenerateKey(nil, rsaBits) }},
	}
}

// makeHostKey writes a new private key, and its public key beside it, unless the file exists. It
// returns the key's fingerprint.
func makeHostKey(file string, generate func() (crypto.Signer, error)) (made bool, print string, err error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return false, "", err
	}
	key, err := generate()
	if err != nil {
		return false, "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return false, "", err
	}
	algorithm, wire, err := publicKeyWire(key.Public())
	if err != nil {
		return false, "", err
	}
	if err := writeNew(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return false, "", err
	}
	line := algorithm + " " + base64.StdEncoding.EncodeToString(wire) + "\n"
	if err := os.WriteFile(file+".pub", []byte(line), 0o644); err != nil {
		return false, "", err
	}
	sum := sha256.Sum256(wire)
	return true, "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]), nil
}

// writeNew writes a new file. It fails if the file exists.
func writeNew(file string, data []byte, perm os.FileMode) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// publicKeyWire returns a public key in SSH's wire format: RFC 4253, section 6.6; RFC 5656, section
// 3.1; RFC 8709, section 4.
func publicKeyWire(key crypto.PublicKey) (algorithm string, wire []byte, err error) {
	field := func(b []byte) {
		wire = binary.BigEndian.AppendUint32(wire, uint32(len(b)))
		wire = append(wire, b...)
	}
	number := func(n *big.Int) { // the first bit is the sign
		b := n.Bytes()
		if len(b) > 0 && b[0]&0x80 != 0 {
			b = append([]byte{0}, b...)
		}
		field(b)
	}
	switch key := key.(type) {
	case ed25519.PublicKey:
		algorithm = "ssh-ed25519"
		field([]byte(algorithm))
		field(key)
	case *ecdsa.PublicKey:
		algorithm = "ecdsa-sha2-nistp256"
		point, err := key.Bytes()
		if err != nil {
			return "", nil, err
		}
		field([]byte(algorithm))
		field([]byte("nistp256"))
		field(point)
	case *rsa.PublicKey:
		algorithm = "ssh-rsa"
		field([]byte(algorithm))
		number(big.NewInt(int64(key.E)))
		number(key.N)
	default:
		return "", nil, fmt.Errorf("keys of type %T are not known", key)
	}
	return algorithm, wire, nil
}
