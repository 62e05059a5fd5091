package authplugin

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"filegate/core/auth"
)

const (
	masked = "[redacted]"
	// minMasked is the length of the shortest secret that is masked, in bytes. Shorter ones occur
	// in ordinary words.
	minMasked = 4
	// maskLinger is the time for which a secret is still masked after its call, because output of
	// the program may be read later.
	maskLinger = time.Second
	// maxLingering is the maximum number of secrets that are still masked after their calls.
	maxLingering = 256
)

// masks redacts secrets in the output and the answers of a program: the attributes that the schema
// marks as secret, and the passwords and answers of the calls that are running. It is safe for
// concurrent use.
type masks struct {
	mu sync.Mutex
	// Value: the number of calls with the secret, plus one if it is in the configuration.
	known     map[string]int
	lingering int
}

func newMasks() *masks { return &masks{known: map[string]int{}} }

// add masks secrets until done is called, and for maskLinger after that.
func (m *masks) add(secrets ...string) (done func()) {
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return len(s) < minMasked })
	if len(secrets) == 0 {
		return func() {}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range secrets {
		m.known[s]++
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.lingering+len(secrets) > maxLingering {
			m.forget(secrets)
			return
		}
		m.lingering += len(secrets)
		time.AfterFunc(maskLinger, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.lingering -= len(secrets)
			m.forget(secrets)
		})
	}
}

// forget removes one use of each secret. It is called with mu held.
func (m *masks) forget(secrets []string) {
	for _, s := range secrets {
		if m.known[s]--; m.known[s] == 0 {
			delete(m.known, s)
		}
	}
}

// addConfig permanently masks the values of secret attributes. values is a JSON object.
func (m *masks) addConfig(schema auth.Schema, values []byte) {
	var set map[string]any
	if json.Unmarshal(values, &set) != nil {
		return // the program will refuse it
	}
	for _, a := range schema {
		if a.Secret {
			m.add(texts(set[a.Name])...)
		}
	}
}

// texts returns the strings in a JSON value.
func texts(value any) (all []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			all = append(all, texts(e)...)
		}
	case map[string]any:
		for _, e := range v {
			all = append(all, texts(e)...)
		}
	}
	return all
}

// addRequest is add for the secrets in a step of a login.
func (m *masks) addRequest(req auth.Request) (done func()) {
	secrets := []string{req.Password.Reveal()}
	for _, a := range req.Answers {
		secrets = append(secrets, a.Reveal())
	}
	return m.add(secrets...)
}

// clean returns text with the secrets redacted, in the forms in which programs print them: plain,
// in JSON, and in a URL.
func (m *masks) clean(text string) string {
	m.mu.Lock()
	known := make([]string, 0, len(m.known))
	for s := range m.known {
		known = append(known, s)
	}
	m.mu.Unlock()
	var forms []string
	for _, s := range known {
		quoted, _ := json.Marshal(s) // marshaling a string cannot fail
		forms = append(forms, s, string(quoted[1:len(quoted)-1]), url.QueryEscape(s), url.PathEscape(s))
	}
	// The longest first, because one secret may be a part of another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, masked)
	}
	return text
}
