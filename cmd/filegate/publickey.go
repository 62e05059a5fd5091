package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
)

// readPublicKey reads a public key as ssh-keygen writes it, and returns the key in SSH's wire
// format.
func readPublicKey(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if words := strings.Fields(string(text)); len(words) >= 2 {
		if key, err := base64.StdEncoding.DecodeString(words[1]); err == nil && len(key) > 0 {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%s is no public key: give the file that ends in .pub", file)
}
