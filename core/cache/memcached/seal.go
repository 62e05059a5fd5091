package memcached

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

// seal makes of keys and values what a server may see. The cipher is XChaCha20-Poly1305, whose
// nonces are long enough to be drawn at random by any number of gateways for any time.
type seal struct {
	names  []byte // key of the hash
	cipher cipher.AEAD
	secret auth.Secret
}

// newSeal derives what it needs from the configured key.
func newSeal(key auth.Secret) (*seal, error) {
	names, err := derive(key, "names")
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	values, err := derive(key, "values")
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	aead, err := chacha20poly1305.NewX(values)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return &seal{names, aead, key}, nil
}

func derive(key auth.Secret, what string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "filegate cache 1 "+what, chacha20poly1305.KeySize)
}

// hash is the name of a key on a server.
func (s *seal) hash(key cache.Key) string {
	h := hmac.New(sha256.New, s.names)
	h.Write([]byte(key.Text()))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// expirySize is how the end of a value's life is kept before it: in milliseconds since 1970.
const expirySize = 8

// close seals a value that is good until then. What comes out is the nonce and the sealed value.
func (s *seal) close(key cache.Key, value []byte, until time.Time) []byte {
	plain := binary.BigEndian.AppendUint64(make([]byte, 0, expirySize+len(value)), uint64(until.UnixMilli()))
	plain = append(plain, value...)
	box := make([]byte, s.cipher.NonceSize(), s.cipher.NonceSize()+len(plain)+s.cipher.Overhead())
	_, _ = rand.Read(box) // never fails
	return s.cipher.Seal(box, box, plain, []byte(key.Text()))
}

// open returns the value that was sealed for the key, or nil: for what was not made by close, for
// another key, or is no longer good.
func (s *seal) open(key cache.Key, box []byte, now time.Time) []byte {
	if len(box) < s.cipher.NonceSize() {
		return nil
	}
	nonce, sealed := box[:s.cipher.NonceSize()], box[s.cipher.NonceSize():]
	plain, err := s.cipher.Open(nil, nonce, sealed, []byte(key.Text()))
	if err != nil || len(plain) < expirySize {
		return nil
	}
	if now.UnixMilli() >= int64(binary.BigEndian.Uint64(plain)) {
		return nil
	}
	return plain[expirySize:]
}
