package ftp_test

import (
	"os"
	"path/filepath"
	"testing"

	"filegate/frontends/frontendtest"
)

// TestDuplicity makes a backup, another one of what has changed, looks whether it is right, and
// brings it back. It goes through lftp, with commands of its own.
func TestDuplicity(t *testing.T) {
	frontendtest.Program(t, "lftp")
	srv := start(t, memory())
	dir := t.TempDir()
	// It takes a second try: lftp makes the directory, and then once more by its name with a slash.
	duplicity := func(args ...string) {
		t.Helper()
		succeeds(t, frontendtest.Run(t, dir, "", "env", append([]string{
			"FTP_PASSWORD=" + frontendtest.Password, frontendtest.Program(t, "duplicity"), "--no-encryption", "--archive-dir", filepath.Join(dir, "cache"), "--num-retries", "2", "--backend-retry-delay", "0",
		}, args...)...))
	}
	url := "ftp://" + frontendtest.User + "@" + srv.Addr + "/backups/of alice"
	want := map[string][]byte{"file": content(100_000), "dir/other file": content(5_000)}
	for name, data := range want {
		write(t, filepath.Join(dir, "home"), name, data)
	}
	duplicity("full", filepath.Join(dir, "home"), url)
	want["file"] = content(120_000)
	write(t, filepath.Join(dir, "home"), "file", want["file"])
	duplicity("incremental", filepath.Join(dir, "home"), url)
	duplicity("verify", url, filepath.Join(dir, "home"))
	if err := os.RemoveAll(filepath.Join(dir, "cache")); err != nil { // as on another machine
		t.Fatal(err)
	}
	duplicity("restore", url, filepath.Join(dir, "back"))
	for name, data := range want {
		same(t, name, read(t, filepath.Join(dir, "back"), name), data)
	}
	duplicity("remove-all-but-n-full", "1", "--force", url)
}
