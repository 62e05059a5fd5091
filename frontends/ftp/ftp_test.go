package ftp_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
	"filegate/frontends/frontendtest"
	"filegate/frontends/ftp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config listens on any port of this machine.
func config() *ftp.Config {
	cfg := ftp.NewConfig()
	cfg.Listen = []string{"127.0.0.1:0"}
	return cfg
}

// start serves a store without TLS.
func start(t *testing.T, fsys vfs.FS) *frontendtest.Server {
	t.Helper()
	return frontendtest.Start(t, config(), frontendtest.Options{FS: fsys})
}

func memory() vfs.FS { return memfs.New() }

// waitFor waits until ok is true.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still not so: %s", what)
		}
	}
}
