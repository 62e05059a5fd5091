package authtest

import (
	"os"
	"testing"

	"filegate/core/testneed"
)

// Lab returns the value of an environment variable with the address of a real service. If the
// variable is not set, Lab skips the test, but in CI, which must run the services, it fails the
// test. In short mode it always skips.
func Lab(t testing.TB, name string) string {
	t.Helper()
	value := os.Getenv(name)
	switch {
	case testing.Short():
		t.Skip("real services are left out of short tests")
	case value == "":
		testneed.Missing(t, "%s is not set: no real service to test against", name)
	}
	return value
}
