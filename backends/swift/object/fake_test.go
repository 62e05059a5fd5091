package object

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/minio/crc64nvme"

	"filegate/backends/internal/buffers"
	"filegate/backends/internal/pace"
	"filegate/backends/swift/api"
	"filegate/backends/swift/apitest"
	"filegate/backends/swift/swifttest"
)

// target is the object that the tests read.
var target = api.Name{Container: "c", Object: "file"}

// config holds the settings of a fake.
type config struct {
	Memory, ReadAhead   int64
	DownloadConcurrency int
	Patience, Stall     time.Duration
}

// fake is a store with one object in a fake Swift.
type fake struct {
	*Store
	srv *swifttest.Server
}

// wideFile returns a fake with an object of size bytes and with a checksum, which is read by GETs
// of 512 KiB.
func wideFile(t *testing.T, size int, change func(*config)) (*fake, []byte) {
	t.Helper()
	cfg := config{Memory: buffers.MinMemory, ReadAhead: 512 << 10, DownloadConcurrency: 8, Patience: 5 * time.Second, Stall: time.Minute}
	if change != nil {
		change(&cfg)
	}
	f := &fake{srv: swifttest.Start(t, swifttest.Config{})}
	budget := buffers.New(cfg.Memory)
	all := budget.Usage()
	t.Cleanup(func() {
		if got := budget.Usage(); got != all {
			t.Errorf("memory when all is closed: %+v, want %+v", got, all)
		}
		budget.Close()
	})
	grant := apitest.LogIn(t, f.srv)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	connect := func(patience, stall time.Duration) *api.Client {
		return apitest.NewClient(t, grant, api.Config{Patience: patience, Stall: stall})
	}
	client := connect(cfg.Patience, cfg.Stall)
	before := connect(time.Minute, time.Minute)
	f.Store = &Store{Client: client, Log: log, Memory: budget.Account("test"), ReadAhead: cfg.ReadAhead, Downloads: cfg.DownloadConcurrency}
	data := apitest.Noise(size)
	for _, req := range []api.Request{
		{Method: http.MethodPut, Target: target.Top()},
		{
			Method: http.MethodPut, Target: target, Body: bytes.NewReader(data), Length: int64(size),
			Header: map[string]string{api.MetaCRC64: fmt.Sprintf("%016x", crc64nvme.Checksum(data))},
		},
	} {
		if _, err := before.Send(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	f.srv.ForgetRequests()
	return f, data
}

// open opens the object at an offset.
func (f *fake) open(t *testing.T, off int64) *Reader {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	opened, err := f.Open(ctx, target, off)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	r := f.NewReader(ctx, cancel, opened, opened.Object, "file", off)
	t.Cleanup(func() { r.Close() })
	return r
}

// openWide opens an object that is read by several parallel GETs from the beginning.
func (f *fake) openWide(t *testing.T, streams int) *Reader {
	t.Helper()
	r := f.open(t, 0)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pace = pace.New(1, streams, time.Hour) // the pace stays as it is set here
	r.pace.Streams = streams
	return r
}

type writeOnly struct{ io.Writer }

// within fails the test unless do returns in time.
func within(t *testing.T, limit time.Duration, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("not in %v: %s", limit, what)
	}
}
