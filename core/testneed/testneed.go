// Package testneed ends tests that need something which a machine may lack: a program, a service, a
// right. It is for tests only. It does not look for these things; each test knows what it needs.
package testneed

import (
	"os"
	"testing"
)

// Missing skips the test and says what is missing. With CI=true it fails the test, because CI must
// have everything that the tests need.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI must not skip this test: "+format, args...)
	}
	t.Skipf("SKIP: "+format, args...)
}
