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
	// minMasked is the shortest secret that is masked, in bytes. Shorter ones stand in ordinary words.
	minMasked = 4
	// maskLinger is how long a secret is known after its call: what the program has printed about it may be read a moment
	// later.
	maskLinger = time.Second
	// maxLingering is how many secrets are known after their calls, at most.
	maxLingering = 256
)

// masks hides the secrets that the host knows in what a program says. They are the attributes of the configuration that the
// schema calls secret, and the passwords and answers of the calls that are under way. It is safe for concurrent use.
type masks struct {
	mu        sync.Mutex
	known     map[string]int // how many calls have the secret; one more for those of the configuration
	lingering int
}

func newMasks() *masks { return &masks{known: map[string]int{}} }

// add makes secrets known until the function that is returned is called, and for maskLinger after that.
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

// forget is called with mu held.
func (m *masks) forget(secrets []string) {
	for _, s := range secrets {
		if m.known[s]--; m.known[s] == 0 {
			delete(m.known, s)
		}
	}
}

// addConfig makes the values of secret attributes known for good. values is a JSON object.
func (m *masks) addConfig(schema auth.Schema, values []byte) {
	var set map[string]any
	if json.Unmarshal(values, &set) != nil {
		return // the program refuses it
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

// addRequest is add for the secrets of a login's step.
func (m *masks) addRequest(req auth.Request) (done func()) {
	secrets := []string{req.Password.Reveal()}
	for _, a := range req.Answers {
		secrets = append(secrets, a.Reveal())
	}
	return m.add(secrets...)
}

// clean returns text without the secrets, in the forms in which programs print them: as they are, in JSON, and in a URL.
func (m *masks) clean(text string) string {
	m.mu.Lock()
	known := make([]string, 0, len(m.known))
	for s := range m.known {
		known = append(known, s)
	}
	m.mu.Unlock()
	var forms []string
	for _, s := range known {
		quoted, _ := json.Marshal(s) // a string can always be written
		forms = append(forms, s, strings.Trim(string(quoted), `"`), url.QueryEscape(s), url.PathEscape(s))
	}
	// One secret may be a part of another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, masked)
	}
	return text
}
