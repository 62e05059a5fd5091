package ftp

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// knownSuites returns all cipher suites of Go, except for those of TLS 1.3, which cannot be
// configured.
func knownSuites() (all []*tls.CipherSuite) {
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if !slices.Equal(s.SupportedVersions, []uint16{tls.VersionTLS13}) {
			all = append(all, s)
		}
	}
	return all
}

// suiteNamed returns the cipher suite with an IANA name, or nil.
func suiteNamed(name string) *tls.CipherSuite {
	for _, s := range knownSuites() {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// suites returns the IDs of the configured cipher suites. nil leaves the choice to Go.
func (t *TLS) suites() (ids []uint16) {
	for _, name := range t.CipherSuites {
		if s := suiteNamed(name); s != nil {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func (t *TLS) validateSuites(report func(attribute, summary, detail string)) {
	for _, name := range t.CipherSuites {
		if suiteNamed(name) == nil {
			var good []string
			for _, s := range knownSuites() {
				if !s.Insecure {
					good = append(good, s.Name)
				}
			}
			report("tls.cipher_suites", fmt.Sprintf("%q is not a cipher suite of TLS 1.2", name), "The secure ones are "+strings.Join(good, ", ")+". Those of TLS 1.3 are always offered.")
		}
	}
	switch {
	case len(t.CipherSuites) > 0 && t.MinVersion == "1.3":
		report("tls.cipher_suites", "These cipher suites have no effect", `They belong to TLS 1.2, and min_version is "1.3". Remove one of the two options.`)
	case len(t.CipherSuites) > 0 && t.Legacy:
		report("tls.cipher_suites", "cipher_suites and legacy exclude each other", "Leave out legacy and set min_version, or leave out cipher_suites.")
	}
}

// warnOfSuites reports the weak ones among the configured cipher suites.
func (t *TLS) warnOfSuites(report func(attribute, summary, detail string)) {
	for _, name := range t.CipherSuites {
		if s := suiteNamed(name); s != nil && s.Insecure {
			report("tls.cipher_suites", fmt.Sprintf("%s is weak", name), "Remove it, unless one of your devices supports nothing else.")
		}
	}
}
