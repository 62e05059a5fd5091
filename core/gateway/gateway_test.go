package gateway

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"filegate/core/auth"
	"filegate/core/config"
)

// TestCheckLeavesNothing checks a good configuration: everything is started, nothing listens, and
// nothing keeps running.
func TestCheckLeavesNothing(t *testing.T) {
	w := newWorld()
	w.listenErr = errors.New("a check must not listen")
	if err := Check(t.Context(), w.config(t, oneOfEach), w.options(t)); err != nil {
		t.Errorf("Check of a good configuration: %v", err)
	}
	if len(w.launched) != 1 || len(w.doors) != 1 {
		t.Errorf("Check started %d authenticators and made %d frontends, want all that there are", len(w.launched), len(w.doors))
	}
	if left := w.leftovers(); len(left) > 0 {
		t.Errorf("Check leaves %v running", left)
	}
}

// TestNewReportsMistakes breaks each part in turn: the report contains the place in the file, and
// nothing keeps running.
func TestNewReportsMistakes(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(*world)
		want  []string
	}{
		{
			"the authenticator's own diagnostics",
			func(w *world) {
				w.launchDiags = auth.Diagnostics{{Attribute: "url", Summary: "Nobody there", Detail: "Start it."}}
			},
			[]string{"Nobody there", "test.hcl line 5", `config { url = "http://people.example.net" }`, "Start it."},
		},
		{
			"an authenticator that does not start",
			func(w *world) { w.launchErr = errFake },
			[]string{`Authenticator "first" does not start`, "test.hcl line 5", errFake.Error()},
		},
		{
			"a backend that does not start",
			func(w *world) { w.backendErr = errFake },
			[]string{`Backend "main" cannot start`, "test.hcl line 7", errFake.Error()},
		},
		{
			"a frontend that does not start",
			func(w *world) { w.newDoorErr = errFake },
			[]string{`Frontend "door" "public" cannot start`, "test.hcl line 8", errFake.Error()},
		},
		{
			"everything at once",
			func(w *world) { w.launchErr, w.backendErr, w.newDoorErr = errFake, errFake, errFake },
			[]string{"Authenticator", "Backend", "Frontend"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld()
			tc.spoil(w)
			_, err := New(t.Context(), w.config(t, oneOfEach), w.options(t))
			if _, ok := errors.AsType[config.Diagnostics](err); !ok {
				t.Fatalf("New returned %v, want config.Diagnostics", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the report does not say %q:\n%v", want, err)
				}
			}
			if left := w.leftovers(); len(left) > 0 {
				t.Errorf("New failed and leaves %v running", left)
			}
		})
	}
}

func TestNewEndsWithItsContext(t *testing.T) {
	w := newWorld()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(ctx, w.config(t, oneOfEach), w.options(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("New with a context that has ended returned %v, want context.Canceled", err)
	}
	if left := w.leftovers(); len(left) > 0 {
		t.Errorf("New failed and leaves %v running", left)
	}
}

// TestListenFails tests a port that is in use: the error names the frontend and gives advice, and
// Close closes the other sockets.
func TestListenFails(t *testing.T) {
	w := newWorld()
	w.listenErr = syscall.EADDRINUSE
	g, err := New(t.Context(), w.config(t, oneOfEach+`frontend "door" "private" {}`), w.options(t))
	if err != nil {
		t.Fatal(err)
	}
	err = g.Listen()
	if err == nil {
		t.Fatal("Listen returned no error")
	}
	for _, want := range []string{`frontend "door" "public"`, `frontend "door" "private"`, "address already in use", "give another address"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Listen says %q, want %q in it", err, want)
		}
	}
	if err := g.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if left := w.leftovers(); len(left) > 0 {
		t.Errorf("Close leaves %v running", left)
	}
}

// build returns a gateway that does not serve, and the buffer with its log from then on.
func build(t *testing.T, w *world, text string) (*Gateway, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	opts := w.options(t)
	opts.Log = slog.New(slog.NewTextHandler(log, nil))
	g, err := New(t.Context(), w.config(t, text), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	log.Reset()
	return g, log
}

// started is a gateway that serves until the test ends or stop is called. stop returns the result
// of Serve.
type started struct {
	*Gateway
	door *fakeDoor
	stop func() error
	now  context.CancelFunc // ends the draining
}

func start(t *testing.T, w *world, text string) *started {
	t.Helper()
	g, err := New(t.Context(), w.config(t, text), w.options(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	hurry, now := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- g.Serve(ctx, hurry) }()
	var stopped bool
	var result error
	s := &started{Gateway: g, door: w.doors[0], now: now}
	s.stop = func() error {
		if stopped {
			return result
		}
		stopped = true
		cancel()
		result = <-served
		if err := g.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if left := w.leftovers(); len(left) > 0 {
			t.Errorf("the gateway has stopped and leaves %v running", left)
		}
		now()
		return result
	}
	t.Cleanup(func() { s.stop() })
	return s
}

// TestFrontendFails tests that an error of a frontend ends the gateway in order, with this error.
func TestFrontendFails(t *testing.T) {
	w := newWorld()
	g, err := New(t.Context(), w.config(t, oneOfEach), w.options(t))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := g.Listen(); err != nil {
		t.Fatal(err)
	}
	go func() { w.doors[0].fail <- errFake }()
	if err := g.Serve(t.Context(), t.Context()); !errors.Is(err, errFake) || !strings.Contains(err.Error(), `frontend "door" "public"`) {
		t.Errorf("Serve returned %v, want the frontend's error with its name", err)
	}
}
