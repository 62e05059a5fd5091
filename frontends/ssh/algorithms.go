package ssh

import (
	"slices"

	"golang.org/x/crypto/ssh"
)

// identification is the server's line in the version exchange (RFC 4253, section 4.2). It tells no version, which only attackers could use.
const identification = "SSH-2.0-filegate"

// sshConfig returns what is the same for all connections. An empty list stands for what is good: nothing with SHA-1.
func sshConfig(keys []ssh.Signer, ciphers, kex, macs []string) ssh.ServerConfig {
	supported := ssh.SupportedAlgorithms()
	cfg := ssh.ServerConfig{
		Config: ssh.Config{
			Ciphers:      orDefault(ciphers, supported.Ciphers),
			KeyExchanges: orDefault(kex, supported.KeyExchanges),
			MACs: orDefault(macs, slices.DeleteFunc(supported.MACs, func(name string) bool {
				return name == ssh.HMACSHA1
			})),
		},
		PublicKeyAuthAlgorithms: supported.PublicKeyAuths,
		MaxAuthTries:            -1, // it would count each key of an agent; see login.failed. All requests together are limited in any case.
		ServerVersion:           identification,
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

// offer returns the ciphers to offer to a client that has the given ones: AES-GCM alone where it has that, since its order would else decide.
func offer(client []string) []string {
	gcm := []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM}
	if slices.ContainsFunc(client, func(name string) bool { return slices.Contains(gcm, name) }) {
		return gcm
	}
	return ssh.SupportedAlgorithms().Ciphers
}
