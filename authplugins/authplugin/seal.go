package authplugin

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"fmt"

	"filegate/core/auth"
)

// sealKeySize is the key size of AES-256, in bytes.
const sealKeySize = 32

// Sealer encrypts the data of a renewal for Grant.Renewal, and decrypts it. Only holders of the key
// can read or change it. It uses AES-256-GCM with a random nonce, and is safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// NewSealer returns a sealer with a key of 32 bytes. Authenticators get theirs in [Config].
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

// Seal seals the JSON encoding of v. An auth.Secret in v would be redacted, so convert it with
// Reveal to a string.
func (s Sealer) Seal(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return s.aead.Seal(nil, nil, plain, nil), nil
}

// Open decodes into v what Seal has sealed. For empty data the error is auth.ErrDenied, because
// there never was a renewal. Any other error is auth.ErrUnavailable: another gateway, or this one
// before a restart, may have sealed the data with another key. That says nothing about the login,
// and the client can log in again.
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
