package ssh

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"os"

	"golang.org/x/crypto/ssh"
)

// minRSABits is the shortest RSA key that today's clients accept.
const minRSABits = 2048

// loadHostKeys reads the private keys and reports what is wrong with each.
func loadHostKeys(files []string, report func(attribute, summary, detail string)) []ssh.Signer {
	if len(files) == 0 {
		report("host_keys", "No host key", "Make one with: ssh-keygen -t ed25519 -N '' -f ssh_host_ed25519_key")
	}
	var keys []ssh.Signer
	fileOf := map[string]string{}
	for _, file := range files {
		key, problem := loadHostKey(file)
		if problem != "" {
			report("host_keys", "Host key "+file+" cannot be used", problem)
			continue
		}
		kind := key.PublicKey().Type()
		if first, twice := fileOf[kind]; twice {
			report("host_keys", "Host key "+file+" cannot be used", fmt.Sprintf("It is of the same type as %s (%s): keep one of them.", first, kind))
			continue
		}
		fileOf[kind] = file
		keys = append(keys, key)
	}
	return keys
}

// loadHostKey returns the key in file, or a text that says what is wrong and what to do.
func loadHostKey(file string) (key ssh.Signer, problem string) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Sprintf("%v. Make one with: ssh-keygen -t ed25519 -N '' -f %s", err, file)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return nil, fmt.Sprintf("Others than its owner can read it (mode %#o). Run: chmod 600 %s", perm, file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err.Error()
	}
	raw, err := ssh.ParseRawPrivateKey(data)
	if _, encrypted := errors.AsType[*ssh.PassphraseMissingError](err); encrypted {
		return nil, "It is encrypted, and nobody is there to type the passphrase. Remove it with: ssh-keygen -p -N '' -f " + file
	}
	if err != nil {
		return nil, "It is not a private key in OpenSSH or PEM form."
	}
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		return nil, "Its type is not known here: make one of type ed25519, ecdsa or rsa."
	}
	switch signer.PublicKey().Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return signer, ""
	case ssh.KeyAlgoRSA:
		return rsaSigner(raw, signer)
	}
	return nil, fmt.Sprintf("Keys of type %s are not secure any more: make one of type ed25519, ecdsa or rsa.", signer.PublicKey().Type())
}

// rsaSigner keeps an RSA key from signing with SHA-1, which the plain signer offers too.
func rsaSigner(raw any, signer ssh.Signer) (key ssh.Signer, problem string) {
	if k, ok := raw.(*rsa.PrivateKey); ok && k.N.BitLen() < minRSABits {
		return nil, fmt.Sprintf("It has %d bits, which clients refuse: make one of at least %d.", k.N.BitLen(), minRSABits)
	}
	s, ok := signer.(ssh.AlgorithmSigner)
	if !ok {
		return nil, "Its type is not known here: make one of type ed25519, ecdsa or rsa."
	}
	sha2, err := ssh.NewSignerWithAlgorithms(s, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
	if err != nil {
		return nil, err.Error()
	}
	return sha2, ""
}
