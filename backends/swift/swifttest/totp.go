package swifttest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// codePeriod is the time for which a one-time code is the current one.
const codePeriod = 30 * time.Second

// Code returns the one-time code of six digits (RFC 6238) for a secret in base32, at the given
// time.
func Code(secret string, at time.Time) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(secret), "="))
	if err != nil {
		return ""
	}
	mac := hmac.New(sha1.New, key)
	// A hash never fails.
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/int64(codePeriod/time.Second))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[offset:])&0x7fffffff)%1_000_000)
}
