package swift

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/swifttest"
	"filegate/core/backend"
	"filegate/core/cache"
	"filegate/core/vfs"
)

var (
	stormFor  = flag.Duration("storm", 3*time.Second, "how long TestStorm goes on")
	stormSeed = flag.Uint64("storm-seed", 1, "with which numbers TestStorm begins")
)

// TestStorm has the clients of two gateways write, read, replace by rename, and remove a few files.
// Meanwhile requests to Swift are refused, interrupted, left without an answer, or delayed until
// after their client has given them up; and the cache that the gateways share loses entries, and
// cannot be reached by one of them. No read may return content that is older than content that any
// client knew of before the read began.
func TestStorm(t *testing.T) {
	t.Parallel()
	s := newStorm(t, *stormSeed)
	ctx, cancel := context.WithTimeout(t.Context(), *stormFor)
	defer cancel()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { s.client(ctx, i) })
	}
	wg.Wait()
	s.srv.Heal()
	f := s.session(0)
	for i := range stormFiles {
		s.read(t.Context(), f, fmt.Sprintf("f%d", i), "the end")
	}
	s.judge()
	t.Logf("%d operations, of which %d reads found something; %d faults", len(s.history), s.reads(), s.faults.Load())
}

// stormFiles is the number of files.
const stormFiles = 4

// storm is a fake Swift with faults, two gateways, and the history of their clients' operations.
type storm struct {
	t        *testing.T
	srv      *swifttest.Server
	seed     uint64
	gateways [2]*stormGateway
	requests atomic.Uint64
	faults   atomic.Int64
	next     atomic.Int64 // the number of the next content

	mu      sync.Mutex
	history []deed
}

// stormGateway is one of the gateways.
type stormGateway struct {
	*Backend
	login *login
}

// deed is an operation on one name, as its client has seen it.
type deed struct {
	name         string
	write        bool
	value        int64 // number of the content; 0: there is no file
	began, ended time.Time
	known        bool // it is known that it was done
	by           string
}

func newStorm(t *testing.T, seed uint64) *storm {
	s := &storm{t: t, srv: swifttest.Start(t, swifttest.Config{}), seed: seed}
	a := accountIn(s.srv)
	shared := cache.NewMemory(cache.DefaultMemory)
	for i := range s.gateways {
		cfg := DefaultConfig()
		cfg.SegmentSize, cfg.Memory, cfg.ResumeRetention, cfg.Patience = buffers.BlockSize, buffers.MinMemory, 0, 2*time.Second
		cfg.Validate(func(attribute, summary, detail string) { t.Errorf("%s: %s: %s", attribute, summary, detail) })
		b, err := cfg.New(backend.Env{
			Name: "main", Log: slog.New(slog.DiscardHandler), Local: cache.NewMemory(cache.DefaultMemory),
			Cache: &flakyCache{Cache: shared, rand: rand.New(rand.NewPCG(seed, uint64(i)))},
		})
		if err != nil {
			t.Fatal(err)
		}
		b.(*Backend).besideFrom = never
		t.Cleanup(func() { b.Close() })
		s.gateways[i] = &stormGateway{b.(*Backend), newLogin(t, a)}
	}
	if err := s.session(0).Mkdir(t.Context(), "/c"); err != nil {
		t.Fatal(err)
	}
	s.brew()
	return s
}

// session logs in at a gateway.
func (s *storm) session(gateway int) *FS {
	g := s.gateways[gateway]
	fsys, err := g.Open(s.t.Context(), backend.Login{
		SessionID: "test", User: "tester", Remote: netip.MustParseAddrPort("192.0.2.7:1024"), Log: slog.New(slog.DiscardHandler), Grants: g.login,
	})
	if err != nil {
		s.t.Error(err)
	}
	f := fsys.(*FS)
	f.client.Stall = 150 * time.Millisecond
	return f
}

// flakyCache is a cache that cannot be reached at times, and loses entries.
type flakyCache struct {
	cache.Cache
	mu   sync.Mutex
	rand *rand.Rand
	down int // number of requests that will fail
}

func (c *flakyCache) fails(key cache.Key) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.rand.IntN(100) {
	case 0:
		c.down = c.rand.IntN(30)
	case 1:
		c.Cache.Delete(context.Background(), key)
	}
	if c.down > 0 {
		c.down--
		return true
	}
	return false
}

func (c *flakyCache) Get(ctx context.Context, key cache.Key) ([]byte, bool) {
	if c.fails(key) {
		return nil, false
	}
	return c.Cache.Get(ctx, key)
}

func (c *flakyCache) Set(ctx context.Context, key cache.Key, value []byte, life time.Duration) {
	if !c.fails(key) {
		c.Cache.Set(ctx, key, value, life)
	}
}

func (c *flakyCache) Update(ctx context.Context, key cache.Key, life time.Duration, change func([]byte) []byte) bool {
	return !c.fails(key) && c.Cache.Update(ctx, key, life, change)
}

// brew injects the faults. The fault of a request depends only on the seed and the number of the
// request.
func (s *storm) brew() {
	for kind := range uint64(10) {
		fault := swifttest.Fault{}
		match := func(r *http.Request) bool { return true }
		late := time.Duration(kind+1) * 150 * time.Millisecond
		switch kind {
		case 0:
			fault = swifttest.Fault{At: swifttest.AtStart, Cut: true}
		case 1, 2:
			fault = swifttest.Fault{At: swifttest.AtAnswer, Cut: true}
		case 3:
			fault = swifttest.Fault{At: swifttest.AtStart, Status: http.StatusServiceUnavailable}
		case 4:
			fault = swifttest.Fault{At: swifttest.AtAnswer, Status: http.StatusServiceUnavailable}
		case 5:
			fault = swifttest.Fault{At: swifttest.AtAnswer, Delay: 300 * time.Millisecond}
		case 6:
			fault = swifttest.Fault{At: swifttest.InAnswer, Bytes: 10, Cut: true}
		default: // delayed on the way
			fault = swifttest.Fault{At: swifttest.AtStart, Delay: late, Late: true}
			if kind == 9 {
				fault.At = swifttest.InRequest
			}
			// A request without a body can always arrive late: see "Freshness" in doc.go.
			match = func(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodGet }
		}
		fault.Call = func() { s.faults.Add(1) }
		s.srv.Inject(swifttest.Rule{Fault: fault, Match: func(r *http.Request) bool {
			if op, _, _ := swifttest.OpOf(r); op == swifttest.Login || op == swifttest.Info || !match(r) {
				return false
			}
			return rand.New(rand.NewPCG(s.seed, s.requests.Add(1))).IntN(150) == int(kind)
		}})
	}
}

// client makes one operation after another.
func (s *storm) client(ctx context.Context, number int) {
	r := rand.New(rand.NewPCG(s.seed, uint64(1000+number)))
	gateway := number % 2
	f := s.session(gateway)
	for ctx.Err() == nil {
		if r.IntN(20) == 0 {
			gateway = 1 - gateway
			f = s.session(gateway)
		}
		by := fmt.Sprintf("client %d, gateway %d", number, gateway)
		shared := fmt.Sprintf("f%d", r.IntN(stormFiles))
		switch n := r.IntN(20); {
		case n < 5:
			s.write(ctx, f, shared, r, by)
		case n < 7: // many clients upload like this
			own := fmt.Sprintf("f.%d.part", number)
			s.replace(ctx, f, own, shared, r, by)
		case n < 8:
			s.remove(ctx, f, shared, by)
		case n < 10:
			s.read(ctx, s.session(1-gateway), shared, by+", just connected to the other one")
		default:
			// Clients that download one file after another do this.
			s.stat(ctx, f, shared, by)
			s.read(ctx, f, shared, by)
		}
	}
}

// done records an operation as its client has seen it.
func (s *storm) done(d deed) {
	d.ended = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = append(s.history, d)
}

// content returns new content, which contains its number.
func (s *storm) content(r *rand.Rand) (value int64, data []byte) {
	value = s.next.Add(1)
	size := 20 + r.IntN(2000)
	if r.IntN(10) == 0 {
		size = 2*buffers.BlockSize + r.IntN(1000)
	}
	data = bytes.Repeat([]byte{'.'}, size)
	copy(data, fmt.Sprintf("%d\n", value))
	return value, data
}

func (s *storm) put(ctx context.Context, f *FS, n string, data []byte) error {
	w, err := f.OpenWriter(ctx, vfsPath("/c/%s", n), replace)
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := w.ReadFrom(bytes.NewReader(data)); err != nil {
		return err
	}
	_, err = w.Commit(ctx)
	return err
}

func (s *storm) write(ctx context.Context, f *FS, n string, r *rand.Rand, by string) {
	value, data := s.content(r)
	d := deed{name: n, write: true, value: value, began: time.Now(), by: by}
	err := s.put(ctx, f, n, data)
	d.known = err == nil
	s.done(d)
}

// replace writes a file with another name, and renames it over n.
func (s *storm) replace(ctx context.Context, f *FS, own, n string, r *rand.Rand, by string) {
	value, data := s.content(r)
	d := deed{name: own, write: true, value: value, began: time.Now(), by: by}
	err := s.put(ctx, f, own, data)
	d.known = err == nil
	s.done(d)
	if err != nil {
		return
	}
	d = deed{name: n, write: true, value: value, began: time.Now(), by: by + ", by rename"}
	err = f.Rename(ctx, vfsPath("/c/%s", own), vfsPath("/c/%s", n), vfs.RenameOptions{Replace: true})
	d.known = err == nil
	s.done(d)
	gone := d
	gone.name, gone.value = own, 0
	s.done(gone)
}

func (s *storm) remove(ctx context.Context, f *FS, n, by string) {
	d := deed{name: n, write: true, began: time.Now(), by: by}
	err := f.Remove(ctx, vfsPath("/c/%s", n))
	if errors.Is(err, vfs.ErrNotExist) {
		d.write, d.known = false, true // it counts only as a read
	} else {
		d.known = err == nil
	}
	s.done(d)
}

// stat looks a file up. The result counts only if the file does not exist.
func (s *storm) stat(ctx context.Context, f *FS, n, by string) {
	d := deed{name: n, began: time.Now(), by: by + ", by stat"}
	if _, err := f.Stat(ctx, vfsPath("/c/%s", n)); errors.Is(err, vfs.ErrNotExist) {
		d.known = true
		s.done(d)
	}
}

func (s *storm) read(ctx context.Context, f *FS, n, by string) {
	d := deed{name: n, began: time.Now(), by: by}
	file, err := f.Open(ctx, vfsPath("/c/%s", n), vfs.OpenOptions{})
	if errors.Is(err, vfs.ErrNotExist) {
		d.known = true
		s.done(d)
	}
	if err != nil {
		return
	}
	defer file.Close()
	var b bytes.Buffer
	if _, err := file.WriteTo(writeOnly{&b}); err != nil {
		return
	}
	if _, err := fmt.Fscan(bytes.NewReader(b.Bytes()), &d.value); err != nil || int64(b.Len()) != file.Info().Size {
		s.t.Errorf("%s reads %d bytes of %d, which are nobody's (%v)", by, b.Len(), file.Info().Size, err)
		return
	}
	d.known = true
	s.done(d)
}

// reads returns how many reads found a file.
func (s *storm) reads() (n int) {
	for _, d := range s.history {
		if !d.write && d.value != 0 {
			n++
		}
	}
	return n
}

// judge checks that no client has read content that was replaced before, as another client had been
// told.
func (s *storm) judge() {
	by := map[string][]deed{}
	for _, d := range s.history {
		by[d.name] = append(by[d.name], d)
	}
	for n, all := range by {
		for _, read := range all {
			if !read.write {
				s.judgeRead(n, read, all)
			}
		}
	}
}

func (s *storm) judgeRead(n string, read deed, all []deed) {
	var why []string
	if read.value == 0 { // before the first write
		over, ok := overtakenBy(deed{known: true}, read, all)
		if !ok {
			return
		}
		why = append(why, over)
	}
	for _, w := range all {
		if !w.write || w.value != read.value || w.began.After(read.ended) {
			continue
		}
		over, ok := overtakenBy(w, read, all)
		if !ok {
			return
		}
		why = append(why, over)
	}
	s.t.Errorf("%s: %s reads %d at %s, which is stale: %s", n, read.by, read.value, clockTime(read.began), strings.Join(why, "; "))
}

// overtakenBy returns another write that certainly came after a write and before a read, because
// its client was told that it was done. A write whose result is unknown may happen at any time.
func overtakenBy(w, read deed, all []deed) (string, bool) {
	if !w.known {
		return "", false
	}
	for _, x := range all {
		if x.write && x.known && x.began.After(w.ended) && x.ended.Before(read.began) {
			return fmt.Sprintf("%d, written by %s from %s to %s, came after what was written by %s until %s",
				x.value, x.by, clockTime(x.began), clockTime(x.ended), w.by, clockTime(w.ended)), true
		}
	}
	return "", false
}

func clockTime(t time.Time) string { return t.Format("05.000000") }
