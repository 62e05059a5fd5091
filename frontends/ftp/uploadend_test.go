package ftp_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"filegate/core/vfs"
	"filegate/frontends/frontendtest"
)

// logText collects what is logged.
type logText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// An upload over TLS that ends without close_notify may have been cut off on the way, or be one of
// the many clients that never send it.
func TestCloseNotify(t *testing.T) {
	const (
		clean = true
		fin   = false
	)
	for _, tt := range []struct {
		rule    string
		version uint16
		ends    []bool // of one upload after the other
		answers []string
	}{
		{"auto", tls.VersionTLS13, []bool{fin, fin, clean, fin}, []string{"226", "226", "226", "426"}},
		{"auto", tls.VersionTLS12, []bool{fin, clean, fin}, []string{"226", "226", "426"}},
		{"required", tls.VersionTLS12, []bool{fin, clean}, []string{"426", "226"}},
		{"true", tls.VersionTLS13, []bool{fin, clean}, []string{"426", "226"}},
		{"ignored", tls.VersionTLS13, []bool{clean, fin}, []string{"226", "226"}},
		{"false", tls.VersionTLS13, []bool{clean, fin}, []string{"226", "226"}},
	} {
		t.Run(tt.rule+" "+tls.VersionName(tt.version), func(t *testing.T) {
			store := memory()
			cfg, clientConfig := configTLS(t, "explicit")
			cfg.TLS.CloseNotify = tt.rule
			clientConfig.MaxVersion = tt.version
			var log logText
			r := dialRaw(t, frontendtest.Start(t, cfg, frontendtest.Options{FS: store, Log: slog.New(slog.NewTextHandler(&log, nil))}).Addr)
			r.secure(clientConfig)
			r.login()
			r.cmd("PROT P", "200")
			for i, clean := range tt.ends {
				tcp := r.data()
				nc := tls.Client(tcp, clientConfig)
				name := "/file" + strings.Repeat("x", i)
				r.cmd("STOR "+name, "150")
				io.WriteString(nc, "the first half")
				if clean {
					nc.CloseWrite()
				}
				tcp.Close()
				if got := r.want(tt.answers[i]); frontendtest.Missing(t, store, vfs.Path(name)) == strings.HasPrefix(got, "226") {
					t.Errorf("upload %d: the answer was %q, and the storage has something else", i, got)
				}
			}
			discarded := strings.Contains(strings.Join(tt.answers, " "), "426")
			if got := log.String(); strings.Contains(got, "level=WARN msg=\"upload discarded\"") != discarded || discarded && !strings.Contains(got, "close_notify") {
				t.Errorf("logged:\n%s", got)
			}
		})
	}
}

// Whether the file of a device that hangs up behind its last byte stays is the operator's choice,
// and not a matter of chance.
func TestHangUpBehindTheLastByte(t *testing.T) {
	for _, hangup := range []string{"keep", "discard"} {
		t.Run(hangup, func(t *testing.T) {
			store := memory()
			cfg := config()
			cfg.Hangup = hangup
			var log logText
			srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: store, Log: slog.New(slog.NewTextHandler(&log, nil))})
			for i := range 20 {
				r := loginRaw(t, srv.Addr)
				nc := r.data()
				r.cmd("STOR file", "150")
				io.WriteString(nc, strings.Repeat("jpeg", 100_000))
				if i%2 == 0 {
					nc.Close()
					r.net.Close()
				} else { // as the kernel may order it
					r.net.Close()
					nc.Close()
				}
				waitFor(t, "the upload has ended", func() bool { return len(srv.Events()) > i })
				if hangup == "keep" {
					if got := frontendtest.Read(t, store, "/file"); len(got) != 400_000 {
						t.Fatalf("attempt %d: the file has %d bytes", i, len(got))
					}
					if err := store.Remove(t.Context(), "/file"); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := log.String(); hangup == "discard" && !strings.Contains(got, `hangup = \"keep\"`) {
				t.Errorf("nothing tells the operator what to set:\n%s", got)
			}
		})
	}
}

// What has not come whole is not kept, whatever the option: the data connection breaks, and says
// so.
func TestHangUpInTheMiddle(t *testing.T) {
	store := memory()
	cfg := config()
	cfg.Hangup = "keep"
	srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: store})
	r := loginRaw(t, srv.Addr)
	nc := r.data()
	r.cmd("STOR file", "150")
	io.WriteString(nc, "half")
	nc.(interface{ SetLinger(int) error }).SetLinger(0)
	r.net.Close()
	nc.Close()
	waitFor(t, "the upload has ended", func() bool { return len(srv.Events()) > 0 })
	if !frontendtest.Missing(t, store, "/file") {
		t.Error("half a file was stored")
	}
}

// The storage may take long for the last step of a large upload, and its client be gone by then.
func TestHangUpWhileStoring(t *testing.T) {
	for _, hangup := range []string{"keep", "discard"} {
		t.Run(hangup, func(t *testing.T) {
			store := memory()
			cfg := config()
			cfg.Hangup = hangup
			storing, stored := make(chan struct{}), make(chan struct{})
			srv := frontendtest.Start(t, cfg, frontendtest.Options{FS: &frontendtest.Faults{FS: store, OnCommit: func(ctx context.Context, _ vfs.Path) error {
				close(storing)
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-stored:
					return nil
				}
			}}})
			r := loginRaw(t, srv.Addr)
			nc := r.data()
			r.cmd("STOR file", "150")
			io.WriteString(nc, "data")
			nc.Close()
			<-storing
			r.net.Close()
			if hangup == "keep" {
				close(stored)
			}
			waitFor(t, "the upload has ended", func() bool { return len(srv.Events()) > 0 })
			if frontendtest.Missing(t, store, "/file") == (hangup == "keep") {
				t.Error("the storage has something else")
			}
		})
	}
}
