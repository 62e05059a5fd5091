package sftp_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/core/vfs/vfstest"
	"filegate/frontends/frontendtest"
	"filegate/frontends/sftp"
	"filegate/frontends/ssh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves SFTP over a store.
func start(t *testing.T, fsys vfs.FS) *frontendtest.Server {
	t.Helper()
	return frontendtest.Start(t, config(t), frontendtest.Options{FS: fsys})
}

func config(t *testing.T) *ssh.Config {
	cfg := ssh.NewConfig(sftp.NewService())
	cfg.Listen = []string{"127.0.0.1:0"}
	cfg.HostKeys = []string{frontendtest.HostKey(t)}
	return cfg
}

func TestConformance(t *testing.T) {
	srv := start(t, memfs.New())
	c := mustDial(t, srv)
	vfstest.TestFS(t, func(*testing.T) vfs.FS { return c }, vfstest.Limits{
		Kind:      arrivesAs,
		TimeStep:  time.Second,
		NoVersion: true,
		NoCancel:  true,
	})
}
