package main

import (
	"context"
	"net"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// delayWindow is how much of one direction of a connection is under way at a time: about what
// Linux' own limits of TCP's buffers (tcp_rmem, tcp_wmem) come to. One connection moves at most
// this in a round trip: 40 MiB/s at 100 ms.
const delayWindow = 4 << 20

// delay is a path to a server at a distance: what passes arrives half a round trip later, and the
// room that it took up in the window is free again after another half. A connection costs one round
// trip before its first byte.
//
// It knows no slow start, no loss and no limit to the rate of all connections together: real
// distance is worse, for everybody.
type delay struct {
	target   string
	rtt      time.Duration
	listener net.Listener
	ctx      context.Context // ends with close, and everything that runs with it
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// startDelay listens on an address of this machine, for connections to the target.
func startDelay(target string, rtt time.Duration) (*delay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it waits for nothing
	if err != nil {
		return nil, err
	}
	d := &delay{target: target, rtt: rtt, listener: listener}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.running.Go(d.accept)
	return d, nil
}

func (d *delay) address() string { return d.listener.Addr().String() }

// close ends all connections, and returns when nothing runs any more.
func (d *delay) close() {
	d.cancel()
	d.listener.Close()
	d.running.Wait()
}

func (d *delay) accept() {
	for {
		near, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.running.Go(func() { d.serve(near) })
	}
}

func (d *delay) serve(near net.Conn) {
	defer near.Close()
	begin := time.Now()
	far, err := new(net.Dialer).DialContext(d.ctx, "tcp", d.target)
	if err != nil {
		return
	}
	defer far.Close()
	stop := context.AfterFunc(d.ctx, func() {
		near.Close()
		far.Close()
	})
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { d.pass(far, near, begin.Add(d.rtt)) })
	both.Go(func() { d.pass(near, far, begin) })
	both.Wait()
}

// parcel is what was read at once.
type parcel struct {
	b    *[parcelSize]byte // nil once it is delivered
	n    int
	read time.Time
}

const parcelSize = 64 << 10

var parcels = sync.Pool{New: func() any { return new([parcelSize]byte) }}

// pass moves one direction, whose first byte leaves no earlier than the given time.
func (d *delay) pass(to, from net.Conn, begin time.Time) {
	window := semaphore.NewWeighted(delayWindow)
	const many = 4096 // more parcels than that are smaller than 1 KiB, and wait
	underWay := make(chan parcel, many)
	delivered := make(chan parcel, many)
	var all sync.WaitGroup
	all.Go(func() {
		defer close(delivered)
		for p := range underWay {
			if !d.until(p.read.Add(d.rtt / 2)) {
				continue // all end; nothing may be left that blocks the reader
			}
			_, err := to.Write(p.b[:p.n])
			parcels.Put(p.b)
			p.b = nil
			if err != nil {
				from.Close() // it must not go on sending
			}
			delivered <- p
		}
		if tcp, ok := to.(*net.TCPConn); ok {
			_ = tcp.CloseWrite() // nothing more comes; it may be gone already
		}
	})
	all.Go(func() {
		for p := range delivered {
			d.until(p.read.Add(d.rtt))
			window.Release(int64(p.n))
		}
	})
	d.read(from, begin, window, underWay)
	close(underWay)
	all.Wait()
}

// read reads as long as there is room in the window.
func (d *delay) read(from net.Conn, begin time.Time, window *semaphore.Weighted, underWay chan<- parcel) {
	for {
		if window.Acquire(d.ctx, parcelSize) != nil {
			return
		}
		p := parcel{b: parcels.Get().(*[parcelSize]byte)}
		var err error
		p.n, err = from.Read(p.b[:])
		window.Release(int64(parcelSize - p.n))
		if p.read = time.Now(); p.read.Before(begin) {
			p.read = begin
		}
		if p.n > 0 {
			underWay <- p
		}
		if err != nil {
			return
		}
	}
}

// until waits, and reports whether the path is still there.
func (d *delay) until(t time.Time) bool {
	wait := time.Until(t)
	if wait <= 0 {
		return d.ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.ctx.Done():
		return false
	}
}

// far is a Swift at a distance.
type far struct {
	*swift
	path *delay
}

// away returns the same Swift at a distance.
func (s *swift) away(ctx context.Context, rtt time.Duration) (*far, error) {
	u, err := url.Parse(s.auth)
	if err != nil {
		return nil, err
	}
	path, err := startDelay(u.Host, rtt)
	if err != nil {
		return nil, err
	}
	through, err := s.through(ctx, path.address())
	if err != nil {
		path.close()
		return nil, err
	}
	return &far{through, path}, nil
}
