package frontendtest

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"filegate/core/testneed"
)

// SSHFS mounts a server's top directory until the test ends and returns where. The test is skipped
// where that cannot be done, as [Program] says.
func SSHFS(t *testing.T, srv *Server) string {
	t.Helper()
	sshfs, fusermount := Program(t, "sshfs"), Program(t, "fusermount3")
	mnt := t.TempDir()
	host, options, env := login(t, srv, Password)
	args := append([]string{User + "@" + host + ":/", mnt, "-f", "-o", "dir_cache=no"}, options...)
	cmd := exec.Command(sshfs, args...)
	cmd.Env = append(environ(mnt), env...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if out, err := exec.Command(fusermount, "-u", mnt).CombinedOutput(); err != nil {
			t.Logf("fusermount3: %v: %s", err, out)
			_ = cmd.Process.Kill()
		}
		t.Logf("sshfs ended: %v\n%s", <-ended, output.String())
	})
	Eventually(t, "sshfs has mounted", func() bool {
		select {
		case err := <-ended:
			ended <- err
			testneed.Missing(t, "sshfs cannot mount: %v: %s", err, output.String())
		default:
		}
		mounts, err := os.ReadFile("/proc/self/mounts")
		return err == nil && strings.Contains(string(mounts), " "+mnt+" fuse.sshfs ")
	})
	return mnt
}
