package main

import (
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"filegate/authplugins/conformance"
	"filegate/core/auth"
)

// rightLogins are the logins that the flags of plugin test give as correct.
type rightLogins struct {
	user, keyFile, certificateFile string
	password                       bool
}

// find returns the logins that the rules can be tested with, and prints those that cannot be
// tested, and why. It tries each login, because only the authenticator knows which prompts it has.
func (r rightLogins) find(e env, info auth.Info, a auth.Authenticator) ([]conformance.Login, error) {
	candidates, err := r.candidates(e, info)
	if err != nil {
		return nil, err
	}
	asked := &answers{env: e, known: map[string]auth.Secret{}}
	var logins []conformance.Login
	for _, l := range candidates {
		why := "the authenticator does not accept this method"
		if slices.Contains(info.Methods, l.Method) {
			l, why = asked.try(l, a)
		}
		if why != "" {
			fmt.Fprintf(e.stdout, "-     the login by %s: not tested, %s\n", l.Method, why)
			continue
		}
		logins = append(logins, l)
	}
	return logins, nil
}

// candidates returns the logins that the flags describe.
func (r rightLogins) candidates(e env, info auth.Info) (logins []conformance.Login, err error) {
	var password auth.Secret
	if alone := r.keyFile == "" && r.certificateFile == ""; alone || r.password {
		method := auth.Password
		switch {
		case slices.Contains(info.Methods, auth.Password):
			password, err = e.askAnswer("password of "+r.user+": ", false)
			if err == nil && password == "" {
				err = errors.New("the password is empty: no login can be right with it")
			}
		case slices.Contains(info.Methods, auth.Interactive):
			method = auth.Interactive
		case alone:
			err = fmt.Errorf("%s does not accept passwords: give a public key with -key, or a certificate with -cert", info.Name)
		}
		if err != nil {
			return nil, err
		}
		logins = append(logins, conformance.Login{Method: method, User: r.user, Password: password})
	}
	if r.keyFile != "" {
		key, err := readPublicKey(r.keyFile)
		if err != nil {
			return nil, err
		}
		logins = append(logins, conformance.Login{Method: auth.PublicKey, User: r.user, PublicKey: key, Password: password})
	}
	if r.certificateFile != "" {
		certificate, err := readCertificate(r.certificateFile)
		if err != nil {
			return nil, err
		}
		logins = append(logins, conformance.Login{Method: auth.Certificate, User: r.user, PublicKey: certificate, Password: password})
	}
	return logins, nil
}

// readCertificate reads the first certificate of a PEM file, in DER.
func readCertificate(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return block.Bytes, nil
		}
	}
	return nil, fmt.Errorf("%s has no certificate in PEM form", file)
}

// answers asks the user for the answer to each prompt once, and repeats the answer each time.
type answers struct {
	env

	mu    sync.Mutex
	known map[string]auth.Secret // the key is the text of the prompt
	used  bool
	err   error // the first prompt without an answer
}

// try performs a login. It returns the login, with answers if it has prompts, or the reason why it
// cannot be tested. It keeps a login that is refused without prompts, because the rules report
// that.
func (s *answers) try(l conformance.Login, a auth.Authenticator) (tried conformance.Login, why string) {
	s.used, s.err = false, nil
	l.Answer = s.answer
	walk := func() error {
		id, err := l.Walk(s.stop, a)
		if err == nil {
			_ = auth.Release(s.stop, a, id.Grant) // a rule tests that
		}
		return err
	}
	err := walk()
	switch {
	case s.err != nil:
		return l, fmt.Sprintf("there is no answer to its prompt: %v", s.err)
	case errors.Is(err, conformance.ErrStuck):
		return l, "it wants a further step: see -password, -key and -cert"
	case !s.used:
		l.Answer = nil
	case err == nil && walk() != nil:
		return l, "its answers are good only once, and the rules need it several times"
	}
	return l, ""
}

func (s *answers) answer(step auth.Step) []auth.Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = true
	given := make([]auth.Secret, len(step.Prompts))
	for i, p := range step.Prompts {
		answer, ok := s.known[p.Text]
		if !ok && s.err == nil {
			answer, s.err = s.askAnswer(p.Text, p.Echo)
			if s.err == nil && answer == "" {
				s.err = fmt.Errorf("%q: it is empty", p.Text)
			}
			s.known[p.Text] = answer
		}
		given[i] = answer
	}
	return given
}
