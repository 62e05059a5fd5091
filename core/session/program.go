package session

// SetProgram notes the name that the client's program gives for itself, for what a protocol does
// otherwise for some.
func (s *Session) SetProgram(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.program = name
}

// Program is the name that the client's program gives for itself, with its version; empty where it
// gave none.
func (s *Session) Program() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.program
}
