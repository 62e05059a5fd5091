package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"filegate/core/testneed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRun makes a short run of everything.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts gateways for seconds")
	}
	if _, err := exec.LookPath("memcached"); err != nil {
		testneed.Missing(t, "memcached is not installed")
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "filegate/cmd/filegate", "filegate/cmd/filegate-auth-swiftv1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r := &run{length: 15 * time.Second, gatewayCount: 2, clientCount: 4, seed: 2, filegate: filepath.Join(bin, "filegate"), dir: t.TempDir()}
	if err := r.do(t.Context()); err != nil {
		t.Error(err)
	}
	if r.counts.done.Load() == 0 || r.counts.reads.Load() == 0 || len(r.faults) == 0 {
		t.Errorf("%d operations, %d reads, %d kinds of faults: none of them may be 0", r.counts.done.Load(), r.counts.reads.Load(), len(r.faults))
	}
	for _, kind := range []string{"put shared by scp", "read shared by scp", "edit own by sftp", "put shared by ftp"} {
		if r.tries[kind] == 0 {
			t.Errorf("nobody has tried: %s", kind)
		}
	}
}

func TestJudge(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	write := func(value int64, from, to int, known bool) deed {
		return deed{name: "f", write: true, value: value, began: at(from), ended: at(to), known: known}
	}
	read := func(value int64, from, to int) deed {
		return deed{name: "f", value: value, began: at(from), ended: at(to), known: true}
	}
	for _, tt := range []struct {
		what  string
		deeds []deed
		wrong int
	}{
		{"the latest", []deed{write(1, 1, 2, true), write(2, 3, 4, true), read(2, 5, 6)}, 0},
		{"an old one", []deed{write(1, 1, 2, true), write(2, 3, 4, true), read(1, 5, 6)}, 1},
		{"one of two at the same time", []deed{write(1, 1, 4, true), write(2, 2, 3, true), read(1, 5, 6)}, 0},
		{"one that is being replaced", []deed{write(1, 1, 2, true), write(2, 3, 6, true), read(1, 5, 7)}, 0},
		{"one that failed, later", []deed{write(1, 1, 2, false), write(2, 3, 4, true), read(1, 5, 6)}, 0},
		{"an old one, after one that failed", []deed{write(1, 1, 2, true), write(2, 3, 4, false), read(1, 5, 6)}, 0},
		{"none, before the first", []deed{read(0, 1, 2), write(1, 3, 4, true)}, 0},
		{"none, after the first", []deed{write(1, 1, 2, true), read(0, 3, 4)}, 1},
		{"what nobody has written", []deed{write(1, 1, 2, true), read(7, 3, 4)}, 1},
	} {
		h := history{deeds: tt.deeds}
		if got := h.judge(); len(got) != tt.wrong {
			t.Errorf("%s: %q, want %d", tt.what, got, tt.wrong)
		}
	}
}

func TestRecords(t *testing.T) {
	var n numbers
	_, first := n.record(3)
	_, second := n.record(1000)
	both := append(append([]byte{}, first...), second...)
	if got, err := parse(both); err != nil || len(got) != 2 || got[0] != 1 || got[1] != 2 {
		t.Errorf("two records are %v (%v)", got, err)
	}
	if got, err := one(second); err != nil || got != 2 {
		t.Errorf("the second record is %v (%v)", got, err)
	}
	broken := append([]byte{}, second...)
	broken[500]++
	for what, data := range map[string][]byte{"short": second[:900], "broken": broken, "half a head": both[:len(first)+5], "two": both} {
		if _, err := one(data); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// TestWire sends through a path, lets it stand still, and cuts it.
func TestWire(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it waits for nothing
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // ends with the connection
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	w, err := newWire(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", w.address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	echo := func() error {
		if _, err := c.Write([]byte("x")); err != nil {
			return err
		}
		_, err := io.ReadFull(c, make([]byte, 1))
		return err
	}
	if err := echo(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stalled := make(chan struct{})
	go func() {
		w.stall(ctx, time.Hour)
		close(stalled)
	}()
	for { // until it stands still
		w.mu.Lock()
		still := w.still
		w.mu.Unlock()
		select {
		case <-still:
			continue
		default:
		}
		break
	}
	answered := make(chan error, 1)
	go func() { answered <- echo() }()
	select {
	case err := <-answered:
		t.Errorf("a path that stands still has answered: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	<-stalled
	if err := <-answered; err != nil {
		t.Errorf("after the path stood still: %v", err)
	}
	w.cut(func() bool { return true })
	if err := echo(); err == nil {
		t.Error("a path that was cut answers")
	}
}

// TestBecame notes what operations on an own file have done, or may still do.
func TestBecame(t *testing.T) {
	c := &client{own: map[string][]string{"f": {""}}, failed: map[[2]string]time.Time{}}
	for _, tt := range []struct {
		content string
		done    bool
		age     time.Duration // of the failure, when the next step begins
		want    string
	}{
		{"a", true, 0, "[a]"},
		{"b", false, 0, "[a b]"},
		{"c", true, 0, "[b c]"}, // b may come late
		{"d", false, 2 * late, "[b c d]"},
		{"e", true, 0, "[b e]"},
	} {
		c.became("f", tt.content, tt.done)
		if !tt.done {
			c.failed[[2]string{"f", tt.content}] = time.Now().Add(-tt.age)
		}
		if got := fmt.Sprint(c.own["f"]); got != tt.want {
			t.Errorf("after %s (%t): %s, want %s", tt.content, tt.done, got, tt.want)
		}
	}
}
