package main

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"syscall"
	"time"

	"filegate/backends/swift/swifttest"
)

// trouble makes one fault after another until the context ends.
func (r *run) trouble(ctx context.Context) {
	random := rand.New(rand.NewPCG(r.seed, 1))
	for ctx.Err() == nil {
		pause(ctx, time.Duration(200+random.IntN(1500))*time.Millisecond)
		if ctx.Err() != nil {
			return
		}
		g := r.gateways[random.IntN(len(r.gateways))]
		wires := []*wire{r.toSwift, r.toSwift, g.sftp, g.ftp}
		w := wires[random.IntN(len(wires))]
		switch n := random.IntN(12); {
		case n < 3:
			r.faults["gateways killed"]++
			g.kill()
			pause(ctx, time.Duration(random.IntN(1500))*time.Millisecond)
			if err := g.start(); err != nil {
				r.wrong("a gateway did not start again: %v", err)
				return
			}
			within, cancel := context.WithTimeout(ctx, patience)
			if err := g.wait(within); err != nil && ctx.Err() == nil {
				r.wrong("a gateway did not start again: %v", err)
			}
			cancel()
		case n < 4:
			r.faults["authenticators killed"]++
			for _, pid := range g.children() {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			}
		case n < 6:
			r.faults["connections cut"]++
			w.cut(func() bool { return random.IntN(2) == 0 })
		case n < 7:
			r.faults["networks stalled"]++
			w.stall(ctx, time.Duration(random.IntN(3000))*time.Millisecond)
		case n < 8 && r.memcached != nil && !r.listsLate():
			r.faults["caches emptied"]++
			r.flush(ctx)
		case n < 9 && r.memcached != nil && !r.listsLate():
			r.faults["caches stopped"]++
			r.memcached.signal(syscall.SIGSTOP)
			pause(ctx, time.Duration(random.IntN(2000))*time.Millisecond)
			r.memcached.signal(syscall.SIGCONT)
		case r.fake == nil:
		case n < 10:
			r.faults["tokens revoked"]++
			r.fake.Revoke()
		case n < 11 && r.listsLate():
			r.faults["listings late"]++
			r.fake.ListingLag(time.Duration(random.IntN(2000)) * time.Millisecond)
		default:
			r.faults["Swift failing"]++
			status := []int{http.StatusServiceUnavailable, http.StatusInternalServerError, http.StatusBadGateway}[random.IntN(3)]
			at := []swifttest.Point{swifttest.AtStart, swifttest.AtAnswer}[random.IntN(2)]
			heal := r.fake.Inject(swifttest.Rule{
				Match: func(*http.Request) bool { return time.Now().UnixNano()%5 == 0 },
				Fault: swifttest.Fault{At: at, Status: status},
			})
			pause(ctx, time.Second)
			heal()
		}
	}
}

// listsLate reports whether Swift lists late in this run, or else memcached fails. If both happen,
// listings may be old: only the shared cache tells a gateway what others have changed.
func (r *run) listsLate() bool { return r.seed%2 == 0 }

// flush empties memcached.
func (r *run) flush(ctx context.Context) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.cache)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("flush_all\r\n")); err == nil {
		_, _ = conn.Read(make([]byte, 16)) // so that it is done
	}
}
