package main

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"filegate/backends/swift/swifttest"
)

func main() {
	r := &run{}
	flag.DurationVar(&r.length, "for", time.Minute, "how long the faults last")
	flag.IntVar(&r.gatewayCount, "gateways", 3, "number of gateways")
	flag.IntVar(&r.clientCount, "clients", 8, "number of clients")
	flag.Uint64Var(&r.seed, "seed", uint64(time.Now().UnixNano()), "which faults and operations")
	flag.StringVar(&r.filegate, "filegate", "filegate", "the program, with its authenticators beside it")
	flag.StringVar(&r.auth, "auth", "", "auth URL of a real Swift with the user test:tester, key testing; empty: a fake Swift")
	flag.StringVar(&r.dir, "dir", "", "directory for logs; empty: a temporary one, which is removed if nothing is wrong")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := r.do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "filegate-chaos:", err)
		os.Exit(1)
	}
}

// run is one run of the program.
type run struct {
	length                    time.Duration
	gatewayCount, clientCount int
	seed                      uint64
	filegate, auth, dir       string

	fake      *swifttest.Server // nil: a real Swift
	memcached *process          // nil: it is not installed
	cache     string            // its address
	toSwift   *wire             // the same for all gateways, which know the storage by its URL
	gateways  []*gateway
	faults    map[string]int

	numbers numbers
	history history
	counts  counts
	resumed atomic.Int64

	mu     sync.Mutex
	tries  map[string]int // number of operations by kind and protocol
	wrongs []string
}

// tried counts an operation.
func (r *run) tried(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries[kind]++
}

// wrong notes that something is wrong.
func (r *run) wrong(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrongs = append(r.wrongs, fmt.Sprintf(format, args...))
	fmt.Println("WRONG", r.wrongs[len(r.wrongs)-1])
}

func (r *run) do(ctx context.Context) error {
	temporary := r.dir == ""
	if temporary {
		var err error
		if r.dir, err = os.MkdirTemp("", "filegate-chaos-"); err != nil {
			return err
		}
	}
	fmt.Printf("seed %d, logs in %s\n", r.seed, r.dir)
	defer r.stop()
	if err := r.start(ctx); err != nil {
		return err
	}
	clients, err := r.clients(ctx)
	if err != nil {
		return err
	}
	r.storm(ctx, clients)
	if err := r.calm(context.WithoutCancel(ctx), clients); err != nil {
		return err
	}
	for _, w := range r.history.judge() {
		r.wrong("%s", w)
	}
	r.report()
	if len(r.wrongs) > 0 {
		return fmt.Errorf("%d things are wrong: see %s", len(r.wrongs), r.dir)
	}
	if temporary {
		return os.RemoveAll(r.dir)
	}
	return nil
}

// start starts Swift, memcached and the gateways.
func (r *run) start(ctx context.Context) error {
	r.faults, r.tries = map[string]int{}, map[string]int{}
	if err := makeHostKey(filepath.Join(r.dir, "keys")); err != nil {
		return err
	}
	if r.auth == "" {
		var err error
		if r.fake, err = swifttest.New(swifttest.Config{}); err != nil {
			return err
		}
		if err := r.fake.Listen(); err != nil {
			return err
		}
		r.auth = r.fake.AuthURL()
	}
	u, err := url.Parse(r.auth)
	if err != nil {
		return err
	}
	if r.toSwift, err = newWire(u.Host); err != nil {
		return err
	}
	if err := r.startMemcached(); err != nil {
		return err
	}
	for i := range r.gatewayCount {
		dir := filepath.Join(r.dir, fmt.Sprintf("gateway%d", i))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, patience)
		g, err := newGateway(within, dir, r.filegate, r.toSwift.address(), r.cache)
		cancel()
		if g != nil {
			r.gateways = append(r.gateways, g)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) startMemcached() error {
	program, err := exec.LookPath("memcached")
	if errors.Is(err, exec.ErrNotFound) {
		fmt.Println("memcached is not installed: the gateways share no cache")
		return nil
	}
	if err != nil {
		return err
	}
	if r.cache, err = freeAddress(); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(r.dir, "memcached"))
	if err != nil {
		return err
	}
	host, port, _ := strings.Cut(r.cache, ":")
	r.memcached = &process{argv: []string{program, "-l", host, "-p", port, "-u", "nobody"}, log: log}
	return r.memcached.start()
}

// clients returns the clients, and stores what they need.
func (r *run) clients(ctx context.Context) ([]*client, error) {
	first, err := knock(ctx, "sftp", r.gateways[0], logins[0])
	if err != nil {
		return nil, err
	}
	defer first.close()
	if err := r.share(ctx); err != nil {
		return nil, err
	}
	for i := range sharedFiles {
		w := deed{name: sharedFile(i), write: true, began: time.Now(), known: true, by: "the beginning"}
		var data []byte
		w.value, data = r.numbers.record(headSize)
		if err := first.put(w.name, data); err != nil {
			return nil, err
		}
		r.history.add(w)
	}
	var all []*client
	for i := range r.clientCount {
		c := &client{run: r, login: logins[i%len(logins)], number: i, rand: rand.New(rand.NewPCG(r.seed, uint64(100+i))), own: map[string][]string{}, failed: map[[2]string]time.Time{}, files: map[string]int64{}}
		if err := first.mkdir(c.dir()); err != nil {
			return nil, err
		}
		if err := c.fillDir(first); err != nil {
			return nil, err
		}
		for j := range ownFiles {
			c.own[fmt.Sprintf("%s/own%d", c.dir(), j)] = []string{""}
		}
		all = append(all, c)
	}
	return all, nil
}

// storm lets the clients work while faults happen.
func (r *run) storm(ctx context.Context, clients []*client) {
	ctx, cancel := context.WithTimeout(ctx, r.length)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { r.trouble(ctx) })
	for _, c := range clients {
		all.Go(func() { c.work(ctx) })
	}
	all.Wait()
}

// calm ends the faults and reads everything once more, through a gateway that has just started.
func (r *run) calm(ctx context.Context, clients []*client) error {
	if r.fake != nil {
		r.fake.Heal()
		r.fake.ListingLag(0)
	}
	for _, g := range r.gateways {
		g.kill()
		if err := g.start(); err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, patience)
		err := g.wait(within)
		cancel()
		if err != nil {
			return err
		}
	}
	for _, c := range clients {
		c.end(ctx)
	}
	return nil
}

// end reads everything that a client has written.
func (c *client) end(ctx context.Context) {
	d, err := knock(ctx, "sftp", c.gateways[0], c.login)
	if err != nil {
		c.wrong("at the end: %v", err)
		return
	}
	defer d.close()
	c.where = fmt.Sprintf("client %d at the end", c.number)
	for i := range sharedFiles {
		c.readShared(d, sharedFile(i))
	}
	for name := range c.own {
		c.readOwn(d, name)
	}
	c.listOwn(d)
	// The last rename may not be finished.
	if err := d.rename(c.dirName(!c.moved), c.dirName(c.moved)); err != nil && !errors.Is(err, errNone) {
		c.wrong("%s: renaming it again at the end: %v", c.dirName(!c.moved), err)
	}
	c.checkDir(d)
}

func (r *run) report() {
	fmt.Printf("%d operations, %d of them failed; %d reads and listings; %d uploads resumed\n",
		r.counts.done.Load()+r.counts.failed.Load(), r.counts.failed.Load(), r.counts.reads.Load(), r.resumed.Load())
	for _, m := range []map[string]int{r.tries, r.faults} {
		for _, kind := range slices.Sorted(maps.Keys(m)) {
			fmt.Printf("%6d %s\n", m[kind], kind)
		}
	}
}

func (r *run) stop() {
	for _, g := range r.gateways {
		g.close()
	}
	if r.toSwift != nil {
		r.toSwift.close()
	}
	if r.memcached != nil {
		r.memcached.signal(syscall.SIGCONT) // it may be stopped
		r.memcached.kill()
		r.memcached.log.Close()
	}
	if r.fake != nil {
		r.fake.Close()
	}
}

// makeHostKey writes the host key of the gateways into a directory.
func makeHostKey(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "ssh_host_ed25519_key"), pem.EncodeToMemory(block), 0o600)
}
