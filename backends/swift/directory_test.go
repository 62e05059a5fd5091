package swift

import (
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/session/sessiontest"
)

// TestDirectory runs the suite of several sessions of one login that use the same files.
func TestDirectory(t *testing.T) {
	checks(t, 25)
	testDirectory(t, accountIn(swifttest.Start(t, swifttest.Config{})))
}

func TestDirectoryReal(t *testing.T) {
	checks(t, 3)
	steps(t, 8)
	testDirectory(t, realSwift(t))
}

func testDirectory(t *testing.T, a account) {
	f := openFS(t, a, nil)
	sessiontest.TestDirectory(t, f, makeContainer(t, f))
}
