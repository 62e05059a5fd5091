package auth

// Asks says that a request proves nothing yet. It only wants to know whether a key or a certificate would do, or which questions there are, so it has no
// side effect, is no failed login when the answer is no, and opens nothing when the answer is an identity.
func (r Request) Asks() bool {
	switch r.Method {
	case PublicKey, Certificate:
		return !r.Verified
	case Interactive:
		return len(r.State) == 0 && len(r.Answers) == 0
	}
	return false
}
