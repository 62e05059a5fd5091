package authtest

import (
	"os"
	"testing"
)

// Lab returns the value of an environment variable that says where a real service is. Without it
// the test is skipped, but fails in CI, which must have the services up, unless tests were asked to
// be short.
func Lab(t testing.TB, name string) string {
	t.Helper()
	value := os.Getenv(name)
	switch {
	case testing.Short():
		t.Skip("real services are left out of short tests")
	case value == "" && os.Getenv("CI") == "true":
		t.Fatalf("%s is not set: CI must test against the real service", name)
	case value == "":
		t.Skipf("%s is not set: no real service to test against", name)
	}
	return value
}
