package userfile

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// The cost of a new hash: the minimum in OWASP's Password Storage Cheat Sheet, about 20 ms and 19
// MiB.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	saltSize     = 16
	sumSize      = 32
)

// The limits of the cost of a hash in a file: clients that are not logged in can cause this work.
const (
	maxArgonMemory = 256 << 10 // KiB
	maxArgonTime   = 32
	maxBcryptCost  = 15
)

// Hash is the hash of a password: argon2id in the PHC string format, or bcrypt.
type Hash struct {
	text   string
	bcrypt bool

	memory, time uint32
	threads      uint8
	salt, sum    []byte
}

// String returns the hash as in a file.
func (h Hash) String() string { return h.text }

// NewHash hashes a password.
func NewHash(password string) (Hash, error) {
	if password == "" {
		return Hash{}, errors.New("the password is empty")
	}
	h := Hash{memory: argonMemory, time: argonTime, threads: argonThreads, salt: make([]byte, saltSize)}
	rand.Read(h.salt)
	h.sum = h.compute(password, sumSize)
	h.text = h.format()
	return h, nil
}

// decoy returns a hash that no password matches, for files without hashes.
func decoy() Hash {
	h := Hash{memory: argonMemory, time: argonTime, threads: argonThreads, salt: make([]byte, saltSize), sum: make([]byte, sumSize)}
	rand.Read(h.salt)
	rand.Read(h.sum)
	h.text = h.format()
	return h
}

func (h Hash) format() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.time, h.threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.sum))
}

func (h Hash) compute(password string, size int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(size))
}

// Matches reports whether the password is correct. It takes the same time if it is not.
func (h Hash) Matches(password string) bool {
	if h.bcrypt {
		return bcrypt.CompareHashAndPassword([]byte(h.text), []byte(password)) == nil
	}
	return subtle.ConstantTimeCompare(h.sum, h.compute(password, len(h.sum))) == 1
}

// ParseHash parses a hash. Its error says what to write instead, and does not contain the hash.
func ParseHash(text string) (Hash, error) {
	switch {
	case strings.HasPrefix(text, "$argon2id$"):
		return parseArgon(text)
	case strings.HasPrefix(text, "$2a$"), strings.HasPrefix(text, "$2b$"), strings.HasPrefix(text, "$2y$"):
		cost, err := bcrypt.Cost([]byte(text))
		switch {
		case err != nil || len(text) != 60:
			return Hash{}, errors.New("this is no whole bcrypt hash: it has 60 characters")
		case cost > maxBcryptCost:
			return Hash{}, fmt.Errorf("this bcrypt hash has a cost of %d, which would keep the machine busy: give one of at most %d", cost, maxBcryptCost)
		}
		return Hash{text: text, bcrypt: true}, nil
	}
	return Hash{}, errors.New("this is neither argon2id nor bcrypt: let filegate users passwd write it")
}

func parseArgon(text string) (Hash, error) {
	errForm := errors.New("this is no whole argon2id hash: the form is $argon2id$v=19$m=…,t=…,p=…$salt$hash")
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return Hash{}, errForm
	}
	h := Hash{text: text}
	var version int
	if n, err := fmt.Sscanf(parts[2]+"$"+parts[3], "v=%d$m=%d,t=%d,p=%d", &version, &h.memory, &h.time, &h.threads); n != 4 || err != nil {
		return Hash{}, errForm
	}
	var errSalt, errSum error
	h.salt, errSalt = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.sum, errSum = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	switch {
	case errSalt != nil || errSum != nil || len(h.salt) < 8 || len(h.salt) > 64 || len(h.sum) < 16 || len(h.sum) > 64:
		return Hash{}, errForm
	case version != argon2.Version:
		return Hash{}, fmt.Errorf("this argon2id hash is of version %d: give one of version %d", version, argon2.Version)
	case h.threads < 1 || h.time < 1 || h.memory < 8*uint32(h.threads):
		return Hash{}, errForm
	case h.memory > maxArgonMemory || h.time > maxArgonTime:
		return Hash{}, fmt.Errorf("this argon2id hash would keep the machine busy: give one with at most m=%d and t=%d", maxArgonMemory, maxArgonTime)
	case h.format() != text:
		// Something follows a number, or a number has another form.
		return Hash{}, errForm
	}
	return h, nil
}
