package session

// SetProgram stores the name that the client program gives itself. A protocol may treat some
// programs differently.
func (s *Session) SetProgram(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.program = name
}

// Program returns the name and version that the client program gives itself, or an empty string.
func (s *Session) Program() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.program
}
