package gateway

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"filegate/core/auth"
	"filegate/core/session"
	"filegate/core/vfs"
)

// slowUpload begins an upload whose content the test writes.
func slowUpload(t *testing.T, sess *session.Session, name vfs.Path) (w *io.PipeWriter, result <-chan error) {
	t.Helper()
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := upload(sess.Context(), sess, name, r)
		r.Close()
		done <- err
	}()
	if _, err := io.WriteString(w, "begun, "); err != nil {
		t.Fatal(err)
	}
	return w, done
}

func TestDrainEndsIdleSessionsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), oneOfEach)
		sess := g.door.login(t)
		begin := time.Now()
		if err := g.stop(); err != nil {
			t.Errorf("Serve returned %v, want nil", err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("to stop with one idle session took %v of a grace of 10s, want it ended at once", took)
		}
		if cause := context.Cause(sess.Context()); !errors.Is(cause, ErrShutdown) {
			t.Errorf("the session ended because of %v, want ErrShutdown", cause)
		}
	})
}

// TestDrainWaitsForTransfers tests an upload that ends within the grace period: it is published,
// and the gateway does not wait any longer.
func TestDrainWaitsForTransfers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		sess := g.door.login(t)
		in, result := slowUpload(t, sess, "/file")
		time.AfterFunc(5*time.Second, func() {
			io.WriteString(in, "ended")
			in.Close()
		})
		begin := time.Now()
		g.stop()
		if err := <-result; err != nil {
			t.Errorf("the upload that took half of the grace returned %v, want nil", err)
		}
		if took := time.Since(begin); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("to stop took %v, want as long as the upload, 5s", took)
		}
		if info, err := w.fs.Stat(t.Context(), "/file"); err != nil || info.Size != int64(len("begun, ended")) {
			t.Errorf("Stat of what was uploaded: %+v, %v", info, err)
		}
	})
}

// TestDrainWaitsBetweenFiles tests a client that uploads one file after the other: it is not
// disconnected during a short pause.
func TestDrainWaitsBetweenFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), oneOfEach)
		sess := g.door.login(t)
		first, firstResult := slowUpload(t, sess, "/first")
		results := make(chan error, 1)
		time.AfterFunc(time.Second, func() {
			first.Close()
			<-firstResult
			time.AfterFunc(idleAfter/2, func() { results <- upload(sess.Context(), sess, "/second", strings.NewReader("x")) })
		})
		g.stop()
		if err := <-results; err != nil {
			t.Errorf("the second of two uploads returned %v, want nil: it began right after the first", err)
		}
	})
}

// TestDrainCutsWhatIsLate tests an upload that does not end: it is interrupted at the end of the
// grace period, and not published.
func TestDrainCutsWhatIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g := start(t, w, oneOfEach)
		sess := g.door.login(t)
		in, result := slowUpload(t, sess, "/file")
		context.AfterFunc(sess.Context(), func() { in.CloseWithError(io.ErrUnexpectedEOF) }) // the connection ends
		begin := time.Now()
		g.stop()
		if took := time.Since(begin); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("to stop took %v, want the grace of 10s", took)
		}
		if err := <-result; err == nil {
			t.Error("the upload that was cut returned no error")
		}
		if _, err := w.fs.Stat(t.Context(), "/file"); !errors.Is(err, vfs.ErrNotExist) {
			t.Errorf("Stat of an upload that was cut: %v, want ErrNotExist", err)
		}
	})
}

// TestSecondSignal tests that a second signal ends the draining at once.
func TestSecondSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), oneOfEach)
		sess := g.door.login(t)
		in, result := slowUpload(t, sess, "/file")
		context.AfterFunc(sess.Context(), func() { in.CloseWithError(io.ErrUnexpectedEOF) })
		time.AfterFunc(2*time.Second, g.now)
		begin := time.Now()
		g.stop()
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("to stop took %v although it was told to stop now after 2s", took)
		}
		<-result
	})
}

// TestDrainCutsStuckConnections tests a connection that stays open after the end of its session.
func TestDrainCutsStuckConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), oneOfEach)
		stuck := make(chan struct{})
		g.door.clients.Go(func() { <-stuck })
		begin := time.Now()
		g.stop()
		if took := time.Since(begin); took > hangUp+time.Second {
			t.Errorf("to stop with a connection that hangs took %v, want %v", took, hangUp)
		}
		g.door.mu.Lock()
		if !g.door.cut {
			t.Error("the connection was not cut")
		}
		g.door.mu.Unlock()
		close(stuck)
	})
}

func TestNoLoginWhileDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := start(t, newWorld(), oneOfEach)
		sess := g.door.login(t)
		in, result := slowUpload(t, sess, "/file")
		refused := make(chan error, 1)
		time.AfterFunc(time.Second, func() {
			_, _, err := g.door.env.Login(context.Background(), request(nil))
			refused <- err
			in.Close()
		})
		g.stop()
		if err := <-refused; !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("a login while the gateway shuts down returned %v, want ErrUnavailable", err)
		}
		<-result
	})
}

// TestDrainDelay tests that the gateway serves for drain_delay, while it is not ready, and then
// stops.
func TestDrainDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		g, err := New(t.Context(), w.config(t, `drain_delay = "1m"`+oneOfEach), w.options(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Listen(); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- g.Serve(ctx, t.Context()) }()
		synctest.Wait()
		if err := g.readiness(); err != nil {
			t.Errorf("it is not ready: %v", err)
		}
		began := time.Now()
		stop()
		time.Sleep(59 * time.Second)
		if !errors.Is(g.readiness(), ErrShutdown) {
			t.Error("it is ready although it is told to stop")
		}
		w.doors[0].login(t)
		if err := <-served; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("it has stopped after %v, want a minute and what an idle session takes", took)
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}
