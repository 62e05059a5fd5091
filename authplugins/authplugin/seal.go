package authplugin

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"fmt"

	"filegate/core/auth"
)

// sealKeySize is that of AES-256.
const sealKeySize = 32

// Sealer seals what a renewal needs to know into Grant.Renewal, and opens it again: nobody else can read or change it.
// It is AES-256-GCM with a random nonce, and safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// NewSealer returns a sealer with a key of 32 bytes. Authenticators get theirs with [Config].
func NewSealer(key []byte) (Sealer, error) {
	if len(key) != sealKeySize {
		return Sealer{}, fmt.Errorf("a sealing key has %d bytes, not %d", sealKeySize, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return Sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return Sealer{}, err
	}
	return Sealer{aead: aead}, nil
}

// Seal seals v, encoded as JSON. An auth.Secret encodes as redacted: reveal it into a string.
func (s Sealer) Seal(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return s.aead.Seal(nil, nil, plain, nil), nil
}

// Open decodes what Seal made into v. What is empty is auth.ErrDenied, since there never was a renewal. Anything else is auth.ErrUnavailable: another gateway, or this one before it was started
// anew, may have sealed it with a key of its own. That says nothing about the login, which the client can make again.
func (s Sealer) Open(sealed []byte, v any) error {
	if len(sealed) == 0 {
		return fmt.Errorf("there is no renewal: %w", auth.ErrDenied)
	}
	plain, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return fmt.Errorf("the renewal was not sealed with the key of this gateway: %w", auth.ErrUnavailable)
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("the renewal was sealed by another version of this authenticator: %w", auth.ErrUnavailable)
	}
	return nil
}
