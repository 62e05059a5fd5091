package swift

import (
	"testing"

	"filegate/core/vfs"
)

// Names and short contents in a store may come from any program. Parsing them takes limited work,
// and returns what would be written again.

func FuzzVersionID(f *testing.F) {
	for _, id := range []string{"1764074647.12345", "1764074647.12345_1b", "0000000001.00000", "9999999999.99999_", "1e9.", "-1.5", "1.5_a/b", "1._", "4102444800.000005"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		base, at, ok := versionBase(id)
		if !ok {
			return
		}
		if !vfs.ValidName(base) {
			t.Fatalf("%q is shown as %q, which is no name", id, base)
		}
		again, againAt, ok := versionOf(base)
		if !ok { // no id of Swift's, so its file is not found
			return
		}
		if second, _, ok := versionBase(again); !ok || second != base {
			t.Errorf("%q is shown as %q, which stands for %q, which is shown as %q", id, base, again, second)
		}
		if d := at.Sub(againAt); d < 0 || d >= 10_000 {
			t.Errorf("%q is of %v, and its name says %v", id, at, againAt)
		}
	})
}

func FuzzVersionName(f *testing.F) {
	for _, base := range []string{"2026-11-25T12-30-41.12345Z", "2026-11-25T12-30-41.12345Z_1b", "1970-01-01T00-00-00.00000Z", "1969-12-31T23-59-59.99999Z", "9999-12-31T23-59-59.99999Z", "2026-11-25T12-30-41.123456Z", "_", ".."} {
		f.Add(base)
	}
	f.Fuzz(func(t *testing.T, base string) {
		id, _, ok := versionOf(base)
		if !ok {
			return
		}
		if again, _, ok := versionBase(id); !ok || again != base {
			t.Errorf("%q stands for the version %q, which is shown as %q", base, id, again)
		}
	})
}
