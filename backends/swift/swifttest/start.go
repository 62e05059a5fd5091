package swifttest

// TB is the part of [testing.TB] that Start uses, so that a program can use this package without
// importing package testing.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Start serves a Swift for one test, with recorded requests, and closes it when the test ends.
func Start(tb TB, cfg Config) *Server {
	tb.Helper()
	cfg.Record = true
	s, err := New(cfg)
	if err != nil {
		tb.Fatalf("starting a Swift: %v", err)
	}
	if err := s.Listen(); err != nil {
		tb.Fatalf("starting a Swift: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Fatalf("ending a Swift: %v", err)
		}
	})
	return s
}
