package ssh

import (
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// protocol begins the server's line in the version exchange (RFC 4253, section 4.2). After it comes
// a name, by default one that tells no version, which only attackers could use.
const protocol = "SSH-2.0-"

// algorithms are the names of what is offered, where the configuration gives no list.
type algorithms struct {
	ciphers, kex, macs []string
	userKeys           []string // signatures of clients' keys
}

// offered returns what is good: nothing with SHA-1, and no key exchange that costs a stranger
// nothing and the server much, which those with DH do. For old devices legacy adds what they know.
func offered(legacy bool) algorithms {
	supported := ssh.SupportedAlgorithms()
	a := algorithms{
		ciphers:  supported.Ciphers,
		kex:      slices.DeleteFunc(slices.Clone(supported.KeyExchanges), isDH),
		macs:     slices.DeleteFunc(slices.Clone(supported.MACs), func(name string) bool { return name == ssh.HMACSHA1 }),
		userKeys: supported.PublicKeyAuths,
	}
	if !legacy {
		return a
	}
	a.ciphers = append(a.ciphers, ssh.InsecureCipherAES128CBC)
	a.kex = append(a.kex, slices.DeleteFunc(slices.Clone(supported.KeyExchanges), func(name string) bool { return !isDH(name) })...)
	a.kex = append(a.kex, ssh.InsecureKeyExchangeDH14SHA1)
	a.macs = append(a.macs, ssh.HMACSHA1)
	a.userKeys = append(a.userKeys, ssh.KeyAlgoRSA)
	return a
}

// isDH reports whether a key exchange is one over a group of numbers.
func isDH(name string) bool { return strings.HasPrefix(name, "diffie-hellman-") }

// weak reports whether an algorithm has known weaknesses, or, as a key exchange, is one that is off
// by default.
func weak(name string) bool {
	insecure := ssh.InsecureAlgorithms()
	return isDH(name) || name == ssh.HMACSHA1 ||
		slices.Contains(insecure.Ciphers, name) || slices.Contains(insecure.KeyExchanges, name) || slices.Contains(insecure.MACs, name)
}

// sshConfig returns what is the same for all connections.
func sshConfig(keys []ssh.Signer, a algorithms, version string) ssh.ServerConfig {
	cfg := ssh.ServerConfig{
		Config:                  ssh.Config{Ciphers: a.ciphers, KeyExchanges: a.kex, MACs: a.macs},
		PublicKeyAuthAlgorithms: a.userKeys,
		MaxAuthTries:            -1, // it would count each key of an agent; see login.failed. All requests together are limited in any case.
		ServerVersion:           protocol + version,
	}
	for _, key := range keys {
		cfg.AddHostKey(key)
	}
	return cfg
}

func orDefault(names, preset []string) []string {
	if len(names) > 0 {
		return names
	}
	return preset
}

// offer returns the ciphers to offer to a client that has the given ones: AES-GCM alone where it
// has that, since its order would else decide.
func offer(client, all []string) []string {
	gcm := []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM}
	if slices.ContainsFunc(client, func(name string) bool { return slices.Contains(gcm, name) }) {
		return gcm
	}
	return all
}
