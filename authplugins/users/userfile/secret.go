package userfile

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"filegate/core/auth"
)

// keySize is the key size of AES-256, in bytes.
const keySize = 32

// sealedPrefix marks a sealed secret and its version.
const sealedPrefix = "sealed:1:"

// Key seals the secrets of a file of users. It is stored outside of the file.
type Key struct{ aead cipher.AEAD }

// ParseKey parses a key: 32 random bytes in base64.
func ParseKey(text auth.Secret) (Key, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text.Reveal()))
	if err != nil || len(raw) != keySize {
		return Key{}, fmt.Errorf("a key is %d random bytes in base64, as of: openssl rand -base64 %d", keySize, keySize)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return Key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Key{aead: aead}, err
}

// IsZero reports whether k is the zero Key, which is no key.
func (k Key) IsZero() bool { return k.aead == nil }

// Seal seals the secret of a credential. It can be opened only for the same user, storage and
// login.
func (k Key) Seal(user, storage, login string, secret auth.Secret) string {
	sealed := k.aead.Seal(nil, nil, []byte(secret.Reveal()), bound(user, storage, login))
	return sealedPrefix + base64.StdEncoding.EncodeToString(sealed)
}

// Open returns the secret that Seal has sealed. The error does not contain it.
func (k Key) Open(user, storage, login, sealed string) (auth.Secret, error) {
	if !isSealed(sealed) {
		return "", errors.New("it is not sealed")
	}
	if k.IsZero() {
		return "", errors.New("there is no key to open it with")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(sealed, sealedPrefix))
	if err != nil {
		return "", errors.New("it is damaged")
	}
	secret, err := k.aead.Open(nil, nil, raw, bound(user, storage, login))
	if err != nil {
		return "", errors.New("it was sealed with another key, or for another user, storage or login")
	}
	return auth.Secret(secret), nil
}

func isSealed(text string) bool { return strings.HasPrefix(text, sealedPrefix) }

// bound returns the data that a secret is bound to. Each text follows its length, so that different
// texts give different data.
func bound(texts ...string) []byte {
	b := []byte("filegate users credential")
	for _, text := range texts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return b
}
