package main

import (
	"context"
	"net"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// delayWindow is the maximum amount of data in transit in one direction of a connection: about the
// limit of Linux' TCP buffers (tcp_rmem, tcp_wmem). One connection transfers at most this much in
// each round trip: 40 MiB/s at 100 ms.
const delayWindow = 4 << 20

// delay is a path to a distant server. Data arrives half a round trip later, and after another half
// its space in the window is free again. A connection needs one round trip before its first byte.
//
// It has no slow start, no loss and no limit to the rate of all connections together. So real
// distance is worse, for all contestants.
type delay struct {
	target   string
	rtt      time.Duration
	listener net.Listener
	ctx      context.Context // cancelled by close; all goroutines end with it
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// startDelay listens on a local address for connections to the target.
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

// close closes all connections and waits for all goroutines.
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

// parcel is the data of one read.
type parcel struct {
	b    *[parcelSize]byte // nil after delivery
	n    int
	read time.Time
}

const parcelSize = 64 << 10

var parcels = sync.Pool{New: func() any { return new([parcelSize]byte) }}

// pass forwards one direction of a connection. The first byte is not sent before begin.
func (d *delay) pass(to, from net.Conn, begin time.Time) {
	window := semaphore.NewWeighted(delayWindow)
	// Only parcels smaller than 1 KiB can fill the channel. Then the reader waits.
	const many = 4096
	underWay := make(chan parcel, many)
	delivered := make(chan parcel, many)
	var all sync.WaitGroup
	all.Go(func() {
		defer close(delivered)
		for p := range underWay {
			if !d.until(p.read.Add(d.rtt / 2)) {
				// The path is closed. Drain the channel, so that the reader does not block.
				continue
			}
			_, err := to.Write(p.b[:p.n])
			parcels.Put(p.b)
			p.b = nil
			if err != nil {
				from.Close() // the sender must stop
			}
			delivered <- p
		}
		if tcp, ok := to.(*net.TCPConn); ok {
			// No more data follows. The connection may be closed already.
			_ = tcp.CloseWrite()
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

// read reads while there is space in the window.
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

// until waits until t. It returns false if the path was closed.
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

// far is a distant Swift.
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
