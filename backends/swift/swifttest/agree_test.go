package swifttest_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"filegate/backends/swift/swifttest"
	"filegate/core/testneed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// account is a login to the Swift of the cases.
type account struct {
	authURL, user, key string
}

// other returns a login to another account of the same Swift.
func (a account) other() account { return account{a.authURL, "test2:tester2", "testing2"} }

// cases is the suite, by subject. Each case creates its own containers, and assumes nothing about
// the content of the account.
var cases = []struct {
	name string
	run  func(t *testing.T, c *cloud)
}{
	{"Auth", agreeAuth},
	{"Account", agreeAccount},
	{"Containers", agreeContainers},
	{"ACLs", agreeACLs},
	{"Listing", agreeListing},
	{"Put", agreePut},
	{"PutWire", agreePutWire},
	{"Get", agreeGet},
	{"Conditions", agreeConditions},
	{"Ranges", agreeRanges},
	{"Metadata", agreeMetadata},
	{"Post", agreePost},
	{"Names", agreeNames},
	{"Copy", agreeCopy},
	{"SLO", agreeSLO},
	{"SLOManifests", agreeSLOManifests},
	{"SLOHeartbeat", agreeSLOHeartbeat},
	{"SLOErrors", agreeSLOErrors},
	{"SLOBroken", agreeSLOBroken},
	{"DLO", agreeDLO},
	{"Bulk", agreeBulk},
	{"Symlinks", agreeSymlinks},
	{"Versions", agreeVersions},
	{"NullVersions", agreeNullVersions},
	{"VersionsOfLarge", agreeVersionsOfLarge},
	{"Archives", agreeArchives},
	{"Quota", agreeQuota},
}

// TestAgree runs the suite against the fake in its configurations, and against the real Swift of
// FILEGATE_TEST_SWIFT_AUTH (an auth 1.0 URL), FILEGATE_TEST_SWIFT_USER and FILEGATE_TEST_SWIFT_KEY.
// The answers of the real one are right.
func TestAgree(t *testing.T) {
	fake := func(cfg swifttest.Config) func(*testing.T) account {
		return func(t *testing.T) account {
			return account{swifttest.Start(t, cfg).AuthURL(), "test:tester", "testing"}
		}
	}
	for _, target := range []struct {
		name string
		open func(*testing.T) account
	}{
		{"memory", fake(swifttest.Config{})},
		{"directory", fake(swifttest.Config{Dir: t.TempDir()})},
		{"strict", fake(swifttest.Config{Limits: swifttest.Limits{MaxFileSize: 8 << 20, ListingLimit: 7}})},
		{"real", realSwift},
	} {
		t.Run(target.name, func(t *testing.T) {
			t.Parallel()
			to := target.open(t)
			for _, tc := range cases {
				t.Run(tc.name, func(t *testing.T) { tc.run(t, dial(t, to)) })
			}
		})
	}
}

// realSwift returns the login in the environment variables.
func realSwift(t *testing.T) account {
	a := account{os.Getenv("FILEGATE_TEST_SWIFT_AUTH"), os.Getenv("FILEGATE_TEST_SWIFT_USER"), os.Getenv("FILEGATE_TEST_SWIFT_KEY")}
	if a.authURL != "" && a.user != "" && a.key != "" {
		return a
	}
	if testing.Short() {
		t.Skip("needs a real Swift")
	}
	testneed.Missing(t, "no real Swift: set FILEGATE_TEST_SWIFT_AUTH, FILEGATE_TEST_SWIFT_USER and FILEGATE_TEST_SWIFT_KEY")
	return a
}
