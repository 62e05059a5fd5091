package frontendtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filegate/core/auth"
	"filegate/core/frontend"
	"filegate/core/session"
	"filegate/core/vfs"
	"filegate/core/vfs/memfs"
)

// Protocol is what the rules need of one.
type Protocol struct {
	// Config returns a server's configuration, to listen on a free port of this machine.
	Config func(t *testing.T) frontend.Config
	// Dial connects to a server and logs in.
	Dial func(addr, user, password string) (Client, error)
}

// Client is a client of the protocol that is logged in. Only Cut may be called while another call
// is under way.
type Client interface {
	// Upload stores the size bytes that r gives as the file name, in the top directory. It returns
	// nil only when the server has confirmed that. An error of r ends the upload as the protocol
	// ends one that is given up, by Cut if it knows no other way.
	Upload(name string, r io.Reader, size int64) error
	// Download returns the file name.
	Download(name string) ([]byte, error)
	// Hangup waits until the server has ended the connection.
	Hangup()
	// Cut ends the connection without a goodbye, as when a network fails. What is under way ends
	// with an error.
	Cut()
}

// Rules tests what holds for every protocol about logins, faults, vanishing clients and the end of
// the server. They are run in packages that look for leaked goroutines at their end.
func Rules(t *testing.T, p Protocol) {
	for _, rule := range []struct {
		name string
		test func(*testing.T, Protocol)
	}{
		{"Login", ruleLogin},
		{"LoginUnavailable", ruleLoginUnavailable},
		{"LoginShutdown", ruleLoginShutdown},
		{"Vanish", ruleVanish},
		{"UploadErrors", ruleUploadErrors},
		{"DownloadErrors", ruleDownloadErrors},
		{"Panic", rulePanic},
		{"SessionEnd", ruleSessionEnd},
		{"Parallel", ruleParallel},
		{"ShutdownWaits", ruleShutdownWaits},
		{"ShutdownCuts", ruleShutdownCuts},
	} {
		t.Run(rule.name, func(t *testing.T) { rule.test(t, p) })
	}
}

// patience is how long something may take that takes no time.
const patience = 20 * time.Second

// Eventually waits until ok is true.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("still not so after %v: %s", patience, what)
		}
	}
}

func (p Protocol) start(t *testing.T, opts Options) *Server {
	t.Helper()
	if opts.FS == nil {
		opts.FS = memfs.New()
	}
	return Start(t, p.Config(t), opts)
}

func (p Protocol) dial(t *testing.T, srv *Server) Client {
	t.Helper()
	c, err := p.Dial(srv.Addr, User, Password)
	if err != nil {
		t.Fatalf("login: %v", err)
	}
	t.Cleanup(c.Cut)
	return c
}

func upload(c Client, name string, data []byte) error {
	return c.Upload(name, bytes.NewReader(data), int64(len(data)))
}

// content is size bytes that are always the same.
func content(size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = r.Read(b) // never fails, by its documentation
	return b
}

func ruleLogin(t *testing.T, p Protocol) {
	srv := p.start(t, Options{})
	refusal := func(user, password string) string {
		t.Helper()
		c, err := p.Dial(srv.Addr, user, password)
		if err == nil {
			c.Cut()
			t.Fatalf("user %q is in with the password %q", user, password)
		}
		return err.Error()
	}
	known, unknown := refusal(User, "wrong"), refusal("nobody", "wrong")
	if known != unknown {
		t.Errorf("a wrong password is answered with %q and an unknown user with %q; they must look the same", known, unknown)
	}
	refusal(User, "")
	if n := len(srv.Sessions()); n > 0 {
		t.Errorf("%d sessions began without a login", n)
	}
	if err := upload(p.dial(t, srv), "file", content(1000)); err != nil {
		t.Errorf("after refused logins of others: %v", err)
	}
}

func ruleLoginUnavailable(t *testing.T, p Protocol) {
	var down atomic.Bool
	down.Store(true)
	srv := p.start(t, Options{Login: func(_ context.Context, req auth.Request) (auth.Response, error) {
		if req.Method != auth.Password {
			return auth.Response{}, auth.ErrMethod
		}
		if down.Load() {
			return auth.Response{}, fmt.Errorf("dial tcp 192.0.2.1:5000: %w", auth.ErrUnavailable)
		}
		return auth.Response{Identity: &auth.Identity{User: req.User}}, nil
	}})
	c, err := p.Dial(srv.Addr, User, Password)
	if err == nil {
		c.Cut()
		t.Fatal("the client is in although nobody could check its login")
	}
	if strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("the client reads the gateway's own words: %v", err)
	}
	down.Store(false)
	p.dial(t, srv)
}

// ruleLoginShutdown is that a client that is about to log in is refused by Shutdown, and the
// authenticator's work for it ends.
func ruleLoginShutdown(t *testing.T, p Protocol) {
	asked := make(chan struct{}, 16)
	srv := p.start(t, Options{Login: func(ctx context.Context, req auth.Request) (auth.Response, error) {
		if req.Method != auth.Password {
			return auth.Response{}, auth.ErrMethod
		}
		asked <- struct{}{}
		<-ctx.Done()
		return auth.Response{}, fmt.Errorf("%w: %w", auth.ErrUnavailable, ctx.Err())
	}})
	refused := make(chan error, 1)
	go func() {
		c, err := p.Dial(srv.Addr, User, Password)
		if err == nil {
			c.Cut()
		}
		refused <- err
	}()
	<-asked
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v; a client that is not logged in yet is refused", err)
	}
	if err := <-refused; err == nil {
		t.Error("a client came in while the server was shutting down")
	}
}

func ruleVanish(t *testing.T, p Protocol) {
	store := memfs.New()
	old := content(1000)
	Write(t, store, "/old", old)
	srv := p.start(t, Options{FS: store})
	for _, name := range []string{"old", "new"} {
		c := p.dial(t, srv)
		part := io.MultiReader(bytes.NewReader(content(2<<20)), readerFunc(func([]byte) (int, error) {
			c.Cut()
			return 0, errors.New("the client has gone")
		}))
		if err := c.Upload(name, part, 4<<20); err == nil {
			t.Errorf("the upload of %q succeeded although its client has gone", name)
		}
		Eventually(t, "the upload of a client that is gone has ended", func() bool {
			for _, e := range srv.Events() {
				if e.Op == session.OpUpload && e.Path == vfs.Path("/"+name) {
					if e.Err == nil {
						t.Fatalf("the upload of %q ended without an error", name)
					}
					return true
				}
			}
			return false
		})
	}
	if !bytes.Equal(Read(t, store, "/old"), old) {
		t.Error("the old content is lost: a client that vanishes publishes nothing")
	}
	if !Missing(t, store, "/new") {
		t.Error("a client that vanishes publishes nothing")
	}
}

// secret is what only the log may read of an error.
const secret = "X-Auth-Token 0123"

// Failing is a fault of a kind, with a cause that no client may read.
func Failing(kind error) Fault {
	return func(context.Context, vfs.Path) error { return &vfs.Error{Kind: kind, Err: errors.New(secret)} }
}

func ruleUploadErrors(t *testing.T, p Protocol) {
	for _, tt := range []struct {
		name   string
		faults Faults
	}{
		{"open", Faults{OnOpenWriter: Failing(vfs.ErrPermission)}},
		{"open unavailable", Faults{OnOpenWriter: Failing(vfs.ErrUnavailable)}},
		{"write", Faults{OnWrite: Failing(vfs.ErrUnavailable)}},
		{"commit quota", Faults{OnCommit: Failing(vfs.ErrQuota)}},
		{"commit unavailable", Faults{OnCommit: Failing(vfs.ErrUnavailable)}},
		{"commit foreign", Faults{OnCommit: func(context.Context, vfs.Path) error { return errors.New(secret) }}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := memfs.New()
			old := content(1000)
			Write(t, store, "/file", old)
			tt.faults.FS = store
			srv := p.start(t, Options{FS: &tt.faults})
			for _, size := range []int{1, 300_000} {
				err := upload(p.dial(t, srv), "file", content(size))
				if err == nil {
					t.Errorf("the client was told that %d bytes are stored, and they are not", size)
				} else if strings.Contains(err.Error(), secret) {
					t.Errorf("the client reads the store's own words: %v", err)
				}
			}
			if !bytes.Equal(Read(t, store, "/file"), old) {
				t.Error("a failed upload leaves the old content")
			}
		})
	}
}

func ruleDownloadErrors(t *testing.T, p Protocol) {
	var pieces atomic.Int64
	for _, tt := range []struct {
		name   string
		faults Faults
	}{
		{"open", Faults{OnOpen: Failing(vfs.ErrUnavailable)}},
		{"read", Faults{OnRead: Failing(vfs.ErrUnavailable)}},
		{"read later", Faults{OnRead: func(context.Context, vfs.Path) error {
			if pieces.Add(1) > 3 {
				return vfs.ErrCorrupt
			}
			return nil
		}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := memfs.New()
			want := content(1 << 20)
			Write(t, store, "/file", want)
			tt.faults.FS = chunked{store}
			srv := p.start(t, Options{FS: &tt.faults})
			got, err := p.dial(t, srv).Download("file")
			switch {
			case err == nil:
				t.Errorf("the client was told that %d of %d bytes are the file", len(got), len(want))
			case strings.Contains(err.Error(), secret):
				t.Errorf("the client reads the store's own words: %v", err)
			}
		})
	}
}

// chunked gives out files in small pieces, as a store over a network does.
type chunked struct{ vfs.FS }

func (c chunked) Open(ctx context.Context, name vfs.Path, opts vfs.OpenOptions) (vfs.File, error) {
	f, err := c.FS.Open(ctx, name, opts)
	return chunkedFile{f}, err
}

type chunkedFile struct{ vfs.File }

func (f chunkedFile) WriteTo(w io.Writer) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{w}, io.NewSectionReader(f, 0, f.Info().Size), make([]byte, 32<<10))
}

func rulePanic(t *testing.T, p Protocol) {
	oops := func(context.Context, vfs.Path) error { panic("oops " + secret) }
	for _, tt := range []struct {
		name   string
		faults Faults
	}{
		{"open", Faults{OnOpen: oops}},
		{"open for writing", Faults{OnOpenWriter: oops}},
		{"read", Faults{OnRead: oops}},
		{"write", Faults{OnWrite: oops}},
		{"commit", Faults{OnCommit: oops}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := memfs.New()
			old := content(100_000)
			Write(t, store, "/file", old)
			tt.faults.FS = store
			srv := p.start(t, Options{FS: &tt.faults})
			writing := tt.faults.OnOpenWriter != nil || tt.faults.OnWrite != nil || tt.faults.OnCommit != nil
			for range 2 { // the server lives on
				c := p.dial(t, srv)
				var err error
				if writing {
					err = upload(c, "file", content(200_000))
				} else {
					_, err = c.Download("file")
				}
				if err == nil {
					t.Error("the client was told of success")
				} else if strings.Contains(err.Error(), secret) {
					t.Errorf("the client reads what only the log may: %v", err)
				}
			}
			if !bytes.Equal(Read(t, store, "/file"), old) {
				t.Error("a failed upload leaves the old content")
			}
		})
	}
}

// ruleSessionEnd is that the end of a session ends its connection, whatever it is doing.
func ruleSessionEnd(t *testing.T, p Protocol) {
	t.Run("idle", func(t *testing.T) {
		srv := p.start(t, Options{})
		c := p.dial(t, srv)
		if err := upload(c, "file", content(10)); err != nil {
			t.Fatal(err)
		}
		srv.Sessions()[0].End(errors.New("the operator wants it so"))
		c.Hangup()
	})
	t.Run("busy", func(t *testing.T) {
		store := memfs.New()
		waiting := make(chan struct{}, 16)
		srv := p.start(t, Options{FS: &Faults{FS: store, OnCommit: func(ctx context.Context, _ vfs.Path) error {
			waiting <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}}})
		c := p.dial(t, srv)
		done := make(chan error, 1)
		go func() { done <- upload(c, "file", content(10)) }()
		<-waiting
		srv.Sessions()[0].End(errors.New("the operator wants it so"))
		if err := <-done; err == nil {
			t.Error("the client was told of success")
		}
		if !Missing(t, store, "/file") {
			t.Error("what was not committed is there")
		}
	})
}

func ruleParallel(t *testing.T, p Protocol) {
	store := memfs.New()
	srv := p.start(t, Options{FS: store})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			c, err := p.Dial(srv.Addr, User, Password)
			if err != nil {
				t.Errorf("login: %v", err)
				return
			}
			defer c.Cut()
			for round := range 3 {
				want := content(500_000 + 1000*i + round)
				name := fmt.Sprintf("file%d", i)
				if err := upload(c, name, want); err != nil {
					t.Errorf("upload: %v", err)
					return
				}
				got, err := c.Download(name)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("download: %d of %d bytes, %v", len(got), len(want), err)
				}
			}
		})
	}
	wg.Wait()
}

// ruleShutdownWaits is that Shutdown lets no new client in, and leaves those that are in to the end
// of their sessions.
func ruleShutdownWaits(t *testing.T, p Protocol) {
	store := memfs.New()
	srv := p.start(t, Options{FS: store})
	c := p.dial(t, srv)
	want := content(1 << 20)
	reading, more := make(chan struct{}), make(chan struct{})
	uploaded := make(chan error, 1)
	go func() {
		uploaded <- c.Upload("file", io.MultiReader(bytes.NewReader(want[:1000]), readerFunc(func([]byte) (int, error) {
			close(reading)
			<-more
			return 0, io.EOF
		}), bytes.NewReader(want[1000:])), int64(len(want)))
	}()
	<-reading
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		stopped <- srv.Shutdown(ctx)
	}()
	Eventually(t, "a server that shuts down lets nobody in", func() bool {
		late, err := p.Dial(srv.Addr, User, Password)
		if err == nil {
			late.Cut()
		}
		return err != nil
	})
	close(more)
	if err := <-uploaded; err != nil {
		t.Errorf("the upload that was under way failed: %v", err)
	}
	select {
	case err := <-stopped:
		t.Errorf("Shutdown returned %v before the session had ended", err)
	default:
	}
	for _, sess := range srv.Sessions() {
		sess.End(errors.New("the server shuts down"))
	}
	if err := <-stopped; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if !bytes.Equal(Read(t, store, "/file"), want) {
		t.Error("the upload that was under way is not whole")
	}
}

// ruleShutdownCuts is that Shutdown cuts what is left at the end of its context, and waits for
// that.
func ruleShutdownCuts(t *testing.T, p Protocol) {
	store := memfs.New()
	srv := p.start(t, Options{FS: store})
	c := p.dial(t, srv)
	reading := make(chan struct{})
	gone := make(chan struct{})
	uploaded := make(chan error, 1)
	go func() {
		uploaded <- c.Upload("file", io.MultiReader(bytes.NewReader(content(100_000)), readerFunc(func([]byte) (int, error) {
			close(reading)
			<-gone
			return 0, io.EOF
		}), bytes.NewReader(content(100_000))), 200_000)
	}()
	<-reading
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := srv.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown = %v, want the error of its context", err)
	}
	close(gone)
	if err := <-uploaded; err == nil {
		t.Error("the upload that was cut succeeded")
	}
	if !Missing(t, store, "/file") {
		t.Error("the upload that was cut is published")
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
