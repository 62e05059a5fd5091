package userfile

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// tlsName identifies a TLS client certificate of a user, by fingerprint or by subject.
type tlsName struct {
	fingerprint string // SHA-256 of the certificate, in lower-case hex
	subject     string // as printed by pkix.Name; requires a trusted authority
}

const fingerprintPrefix = "SHA256:"

// parseTLSName parses a fingerprint as printed by openssl, with or without colons, or a subject.
func parseTLSName(text string) (tlsName, error) {
	if digits, ok := strings.CutPrefix(text, fingerprintPrefix); ok {
		sum, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
		if err != nil || len(sum) != sha256.Size {
			return tlsName{}, errors.New("a fingerprint is SHA256: and 64 hexadecimal digits, as of: openssl x509 -noout -fingerprint -sha256 -in FILE")
		}
		return tlsName{fingerprint: hex.EncodeToString(sum)}, nil
	}
	if !strings.Contains(text, "=") {
		return tlsName{}, fmt.Errorf("this is neither a fingerprint that begins with %s nor a subject such as CN=alice,O=Example", fingerprintPrefix)
	}
	return tlsName{subject: text}, nil
}

// CheckTLS returns the reason why a client certificate, in DER, is not accepted for the user, or
// nil.
func (f *File) CheckTLS(u *User, der []byte, now time.Time) error {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return errors.New("this is no certificate")
	}
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return errors.New("the certificate is not valid at this time")
	}
	sum := sha256.Sum256(der)
	if slices.Contains(u.tls, tlsName{fingerprint: hex.EncodeToString(sum[:])}) {
		return nil
	}
	if !slices.Contains(u.tls, tlsName{subject: cert.Subject.String()}) {
		return errors.New("the certificate is not the user's")
	}
	_, err = cert.Verify(x509.VerifyOptions{Roots: f.tlsAuthorities, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return fmt.Errorf("the certificate's subject counts only by a trusted authority: %w", err)
	}
	return nil
}
