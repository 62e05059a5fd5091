package ssh

import (
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// protocol begins the server's identification in the version exchange (RFC 4253, section 4.2). A
// name follows. The default name has no version, because only attackers would use it.
const protocol = "SSH-2.0-"

// algorithms are the offered algorithms, unless the configuration lists others.
type algorithms struct {
	ciphers, kex, macs []string
	userKeys           []string // signatures of clients' keys
}

// offered returns the secure algorithms. It leaves out SHA-1, and the key exchanges with
// Diffie-Hellman groups, which cost the server much more than an unknown client. With legacy it
// adds the algorithms of old devices.
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

// isDH reports whether a key exchange uses Diffie-Hellman groups.
func isDH(name string) bool { return strings.HasPrefix(name, "diffie-hellman-") }

// weak reports whether an algorithm has known weaknesses, or is a key exchange that is off by
// default.
func weak(name string) bool {
	insecure := ssh.InsecureAlgorithms()
	return isDH(name) || name == ssh.HMACSHA1 ||
		slices.Contains(insecure.Ciphers, name) || slices.Contains(insecure.KeyExchanges, name) || slices.Contains(insecure.MACs, name)
}

// sshConfig returns the configuration that all connections share.
func sshConfig(keys []ssh.Signer, a algorithms, version string) ssh.ServerConfig {
	cfg := ssh.ServerConfig{
		Config:                  ssh.Config{Ciphers: a.ciphers, KeyExchanges: a.kex, MACs: a.macs},
		PublicKeyAuthAlgorithms: a.userKeys,
		// The library would count each key of an agent; see login.failed. It limits the number of
		// all requests in any case.
		MaxAuthTries:  -1,
		ServerVersion: protocol + version,
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

// offer returns the ciphers to offer to a client: only AES-GCM if the client has it, because
// otherwise the client's order would decide.
func offer(client, all []string) []string {
	gcm := []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM}
	if slices.ContainsFunc(client, func(name string) bool { return slices.Contains(gcm, name) }) {
		return gcm
	}
	return all
}
