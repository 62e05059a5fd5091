package userfile

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// sourceAddress is the only supported critical option.
const sourceAddress = "source-address"

// checkCertificate returns the reason why an SSH certificate is not valid for one of the
// principals, or nil. The caller checks that its authority is trusted.
func checkCertificate(cert *ssh.Certificate, principals []string, from netip.Addr, now time.Time) error {
	switch {
	case cert.CertType != ssh.UserCert:
		return errors.New("the certificate is for a host, not for a user")
	case cert.Signature == nil || cert.Signature.Format == ssh.KeyAlgoRSA || cert.Signature.Format == keyDSA:
		return errors.New("the certificate is signed with SHA-1, which proves nothing any more")
	case len(cert.ValidPrincipals) == 0:
		// It would be valid for all principals.
		return errors.New("the certificate names no principals")
	}
	for _, key := range []ssh.PublicKey{cert.Key, cert.SignatureKey} {
		if err := checkStrength(key); err != nil {
			return err
		}
	}
	i := slices.IndexFunc(principals, func(p string) bool { return slices.Contains(cert.ValidPrincipals, p) })
	if i < 0 {
		return errors.New("the certificate is for other principals")
	}
	checker := ssh.CertChecker{SupportedCriticalOptions: []string{sourceAddress}, Clock: func() time.Time { return now }}
	if err := checker.CheckCert(principals[i], cert); err != nil {
		return err
	}
	if list, ok := cert.CriticalOptions[sourceAddress]; ok {
		networks, err := ParseNetworks(strings.Split(list, ","))
		if err != nil {
			return fmt.Errorf("the certificate's %s: %w", sourceAddress, err)
		}
		if !networks.Contain(from) {
			return errors.New("the certificate may not be used from this address")
		}
	}
	return nil
}

// CheckKey returns the reason why a client at that address may not log in as the user with a public
// key or certificate, in SSH's wire format, or nil.
func (f *File) CheckKey(u *User, key []byte, from netip.Addr, now time.Time) error {
	public, err := ssh.ParsePublicKey(key)
	if err != nil {
		return errors.New("this is no key that is known here")
	}
	cert, ok := public.(*ssh.Certificate)
	if f.isRevoked(public) {
		return errors.New("the key is revoked")
	}
	if !ok {
		err := checkStrength(public)
		if err != nil {
			return err
		}
		err = errors.New("the key is not the user's")
		for _, k := range u.keys {
			if !k.authority && k.same(key) {
				if err = k.allows(from, now); err == nil {
					return nil
				}
			}
		}
		return err
	}
	if f.isRevoked(cert.Key) || f.isRevoked(cert.SignatureKey) {
		return errors.New("the certificate is revoked")
	}
	authority := cert.SignatureKey.Marshal()
	if slices.ContainsFunc(f.authorities, func(k AuthorizedKey) bool { return k.same(authority) }) {
		return checkCertificate(cert, u.principals, from, now)
	}
	err = errors.New("the certificate's authority is not trusted")
	for _, k := range u.keys {
		if !k.authority || !bytes.Equal(k.key, authority) {
			continue
		}
		if err = k.allows(from, now); err != nil {
			continue
		}
		principals := k.principals
		if len(principals) == 0 {
			principals = u.principals
		}
		if err = checkCertificate(cert, principals, from, now); err == nil {
			return nil
		}
	}
	return err
}

func (f *File) isRevoked(key ssh.PublicKey) bool { return f.revoked[ssh.FingerprintSHA256(key)] }
