// Package seal turns the keys and values of a cache into what an untrusted server may see. The name
// on the server is a keyed hash of the cache key. The value is encrypted and bound to its cache key
// and to the end of its life. An attacker who reads or writes a server, or the network, learns no
// names and no contents, cannot forge a value, and cannot present the value of one key under
// another. The attacker can drop values, and can replay an old value until it expires.
//
// All gateways that share a cache have the same secret, so the format may only change together with
// the labels in this package: gateways of two versions share a cache during an upgrade.
package seal

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"filegate/core/auth"
	"filegate/core/cache"
)

// Seal has the keys that are derived from the secret of a cache. The cipher is XChaCha20-Poly1305,
// whose nonces are long enough to be drawn at random by any number of gateways for any time.
type Seal struct {
	names  []byte // key of the hash
	cipher cipher.AEAD
	secret auth.Secret
}

// New derives the keys from the secret.
func New(secret auth.Secret) (*Seal, error) {
	names, err := derive(secret, "names")
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	values, err := derive(secret, "values")
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	aead, err := chacha20poly1305.NewX(values)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return &Seal{names, aead, secret}, nil
}

func derive(secret auth.Secret, what string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, "filegate cache 1 "+what, chacha20poly1305.KeySize)
}

// Derive returns a key of 32 bytes for a purpose. See [cache.KeyDeriver].
func (s *Seal) Derive(purpose string) []byte {
	key, err := derive(s.secret, "derived "+purpose)
	if err != nil {
		return nil // never: the length is one that the hash can make
	}
	return key
}

// Name returns the name of a key on a server. It consists of letters, digits, "-" and "_".
func (s *Seal) Name(key cache.Key) string {
	h := hmac.New(sha256.New, s.names)
	h.Write([]byte(key.Text()))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// NonceSize is the size of the random part at the beginning of each box, in bytes. No two boxes
// begin with the same one.
const NonceSize = chacha20poly1305.NonceSizeX

// expirySize is the size of the end of life, in milliseconds since 1970, before the value.
const expirySize = 8

// Close returns a box with a value that is valid until the given time. The box is a nonce and the
// encrypted value.
func (s *Seal) Close(key cache.Key, value []byte, until time.Time) []byte {
	plain := binary.BigEndian.AppendUint64(make([]byte, 0, expirySize+len(value)), uint64(until.UnixMilli()))
	plain = append(plain, value...)
	box := make([]byte, NonceSize, NonceSize+len(plain)+s.cipher.Overhead())
	_, _ = rand.Read(box) // never fails
	return s.cipher.Seal(box, box, plain, []byte(key.Text()))
}

// Open returns the value in a box. It returns nil for a box that was not made by Close, or was made
// for another key, or has expired.
func (s *Seal) Open(key cache.Key, box []byte, now time.Time) []byte {
	if len(box) < NonceSize {
		return nil
	}
	nonce, sealed := box[:NonceSize], box[NonceSize:]
	plain, err := s.cipher.Open(nil, nonce, sealed, []byte(key.Text()))
	if err != nil || len(plain) < expirySize {
		return nil
	}
	if now.UnixMilli() >= int64(binary.BigEndian.Uint64(plain)) {
		return nil
	}
	return plain[expirySize:]
}
