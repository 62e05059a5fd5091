package swift

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/core/testneed"
	"filegate/core/vfs"
)

// TestFsckReal has large files of all programs in one container of the real Swift, and an interrupted
// upload. A search finds no error, and -convert slo makes static large objects that all programs
// read.
func TestFsckReal(t *testing.T) {
	a := realSwift(t).other() // the search reads the whole account, and most tests are in the first one
	for _, program := range []string{"/usr/bin/swift", "rclone"} {
		if _, err := exec.LookPath(program); err != nil {
			testneed.Missing(t, program+" is not installed")
		}
	}
	t.Parallel()
	f := openFS(t, a, nil)
	c := &interop{fake: &fake{FS: f, dir: makeContainer(t, f)}, account: a, t: t, local: t.TempDir()}
	name := api.Name{Container: c.dir.Base()}
	if err := os.Mkdir(filepath.Join(c.local, "there"), 0o700); err != nil {
		t.Fatal(err)
	}
	content := apitest.Noise(2*mib + 500)
	var bases []string
	for i, other := range otherClients() {
		if other.foreign != "" || other.needs != "" {
			continue
		}
		base := fmt.Sprint("file", i)
		if err := os.WriteFile(filepath.Join(c.local, base), content, 0o600); err != nil {
			t.Fatal(err)
		}
		other.upload(c, base, name.Container)
		bases = append(bases, base)
	}
	for i := range 3 { // as sftp-cloudfs does
		part := content[i*mib : min((i+1)*mib, len(content))]
		c.putSegment(t, name.With(fmt.Sprintf("cloud.part/%06d", i)), part)
	}
	_, err := f.client.Send(t.Context(), api.Request{Method: http.MethodPut, Target: name.With("cloud"), Header: map[string]string{"X-Object-Manifest": name.Container + "/cloud.part"}})
	if err != nil {
		t.Fatal(err)
	}
	bases = append(bases, "cloud")
	c.write(c.dir.Join("own"), content, replace)
	c.write(c.dir.Join("renamed"), content, replace)
	if err := f.Rename(t.Context(), c.dir.Join("renamed"), c.dir.Join("own2"), vfs.RenameOptions{}); err != nil {
		t.Fatal(err)
	}
	cut, err := f.OpenWriter(t.Context(), c.dir.Join("cut"), replace)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cut.WriteAt(content, 0); err != nil {
		t.Fatal(err)
	}
	cut.Close() // which keeps the segments, for a resumption

	search := vfs.FsckOptions{Container: name.Container, Read: true}
	f.mustFsck(t, search).wants(t, "large files of all programs, and an upload that can be resumed")

	search = vfs.FsckOptions{Container: name.Container, Repair: true, ToStatic: true}
	var converted []string
	for _, line := range f.mustFsck(t, search).lines() {
		kind, object, _ := strings.Cut(strings.TrimSuffix(line, " +"), " ")
		if kind != "dynamic-object" || !strings.HasSuffix(line, " +") {
			t.Errorf("the search finds %q", line)
		}
		converted = append(converted, strings.TrimPrefix(object, "/"+name.Container+"/"))
	}
	if want := []string{"cloud", bases[0]}; !slices.Contains(converted, want[0]) || !slices.Contains(converted, want[1]) {
		t.Errorf("%q were converted, and %q should be", converted, want)
	}
	for _, base := range bases {
		if o, err := f.client.Head(t.Context(), name.With(base)); err != nil || o.DLO != "" {
			t.Errorf("%s is a dynamic large object after the conversion (%v)", base, err)
		}
		c.has(t, c.dir.Join(base), content, "it was converted")
	}
	c.agree("cloud", content, "it was converted")
	search.Read = true
	f.mustFsck(t, search).wants(t, "after the conversion")

	f.backend.writing.Retention, f.backend.cfg.ResumeRetention = time.Nanosecond, time.Nanosecond
	f.mustFsck(t, search).wants(t, "the upload has expired", "expired-upload "+key(c.dir.Join("cut"))+" +")
	f.mustFsck(t, search).wants(t, "after the repair")
	for _, base := range append(bases, "own", "own2") {
		if err := f.Remove(t.Context(), c.dir.Join(base)); err != nil {
			t.Fatal(err)
		}
	}
	c.listed = []string{name.SegmentsContainer().Container}
	if left := c.objects(); len(left) > 0 {
		t.Errorf("after all files were removed there are %q", left)
	}
}

func key(p vfs.Path) string { return string(p) }
