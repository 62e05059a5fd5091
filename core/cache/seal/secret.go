package seal

import (
	"fmt"

	"filegate/core/auth"
)

const (
	minSecret   = 32 // bytes
	minDistinct = 10 // different characters that a secret of random ones has at the very least
	howToMake   = `Make one with "openssl rand -base64 48", keep it in a file that only filegate can read, and write key = file("NAME"); all gateways that share the cache have the same.`
)

// Check reports a secret that can be guessed. The secret is the option "key" of a cache that stores
// its values in a server of the given kind, such as "memcached".
func Check(secret auth.Secret, server string, report func(attribute, summary, detail string)) {
	distinct := map[byte]bool{}
	for _, b := range []byte(secret.Reveal()) {
		distinct[b] = true
	}
	switch n := len(secret.Reveal()); {
	case n == 0:
		report("key", "No key", "What lies in "+server+" is sealed with a key. "+howToMake)
	case n < minSecret:
		report("key", "Key too short", fmt.Sprintf("It has %d bytes, and %d are the least. %s", n, minSecret, howToMake))
	case len(distinct) < minDistinct:
		report("key", "Key too simple", "It is made of few characters over and over, and can be guessed. "+howToMake)
	}
}
