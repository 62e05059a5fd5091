package swift

import (
	"testing"

	"filegate/backends/swift/swifttest"
	"filegate/core/session/sessiontest"
)

// TestDirectory is what sessions of one login do to the same files.
func TestDirectory(t *testing.T) {
	checks(t, "25")
	testDirectory(t, accountIn(swifttest.Start(t, swifttest.Config{})))
}

func TestDirectoryReal(t *testing.T) {
	checks(t, "5")
	steps(t, "10")
	testDirectory(t, realSwift(t))
}

func testDirectory(t *testing.T, a account) {
	f := openFS(t, a, nil)
	sessiontest.TestDirectory(t, f, makeContainer(t, f))
}
