package ftp_test

import (
	"testing"
	"time"

	"filegate/core/vfs"
	"filegate/core/vfs/vfstest"
)

func limits() vfstest.Limits {
	return vfstest.Limits{
		Kind:       arrivesAs,
		Name:       func(name string) bool { return vfs.EscapeControl(name) == name },
		TimeStep:   time.Second,
		Sequential: true, NoTruncate: true, NoReadBack: true, NoExclusive: true, NoReadAt: true, NoVersion: true, NoWriteAttrs: true,
		OnlyReplace: true, NoModes: true, NoCancel: true,
	}
}

func TestConformance(t *testing.T) {
	vfstest.TestFS(t, func(t *testing.T) vfs.FS { return newClient(t, start(t, memory()), nil) }, limits())
}

func TestConformanceOverTLS(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long, and differs in the transport only")
	}
	vfstest.TestFS(t, func(t *testing.T) vfs.FS {
		srv, clientConfig := startTLS(t, memory(), "explicit")
		return newClient(t, srv, clientConfig)
	}, limits())
}
