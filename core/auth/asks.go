package auth

// Asks reports whether a request proves nothing yet. Such a request only asks whether a key or a
// certificate is acceptable, or which prompts there are. It has no side effect, a negative answer
// is not a failed login, and an identity in the answer does not open a session.
func (r Request) Asks() bool {
	switch r.Method {
	case PublicKey, Certificate:
		return !r.Verified
	case Interactive:
		return len(r.State) == 0 && len(r.Answers) == 0
	}
	return false
}
