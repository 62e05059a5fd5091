//go:build linux

package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jlaffaye/ftp"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"filegate/backends/swift/swifttest"
	"filegate/core/testneed"
)

// networkVar is set in the process that runs the test in its own network.
const networkVar = "FILEGATE_TEST_NETWORK"

// The addresses of dist/haproxy/cluster.
const balancer = "10.77.0.1"

// TestScaleOut uses two gateways and HAProxy, set up by dist/haproxy/cluster. Together they must
// behave like one gateway. The test kills one of them under load, and upgrades both, one after the
// other.
func TestScaleOut(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts two gateways and HAProxy")
	}
	for _, program := range []string{"unshare", "ip", "haproxy", "memcached", "openssl"} {
		if _, err := exec.LookPath(program); err != nil || os.Geteuid() != 0 {
			testneed.Missing(t, "several gateways are tested by root with %s", program)
		}
	}
	if os.Getenv(networkVar) == "" {
		t.Parallel()
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "unshare", "--net", self, "-test.run=^TestScaleOut$", "-test.v", "-test.timeout=9m")
		cmd.Env = append(os.Environ(), networkVar+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	c := newRow(t)
	t.Run("shared view", c.testView)
	t.Run("resume on the other gateway", c.testResume)
	t.Run("FTPS", c.testFTPS)
	t.Run("bans", c.testBans)
	t.Run("limits", c.testLimits)
	t.Run("a gateway dies", c.testDeath)
	c.one = c.start(t, "gateway", "one")
	c.isReady(t, "one")
	t.Run("rolling upgrade", c.testUpgrade)
}

// row is the gateways, with HAProxy and Swift.
type row struct {
	dir   string
	swift *swifttest.Server
	one   *process
	bulk  []byte // the content of files
}

func newRow(t *testing.T) *row {
	r := &row{dir: t.TempDir(), bulk: make([]byte, 8<<20)}
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(r.bulk) // it does not fail
	mustRun(t, r.cluster("addresses"))
	// The addresses of clients.
	mustRun(t, exec.Command("ip", "route", "add", "local", "10.78.0.0/15", "dev", "lo"))
	r.swift = newTester(t)
	mustRun(t, r.cluster("secrets"))
	r.start(t, "memcached")
	r.one = r.start(t, "gateway", "one")
	r.start(t, "gateway", "two")
	for _, name := range []string{"one", "two"} {
		r.isReady(t, name)
	}
	r.start(t, "haproxy")
	r.both(t) // also waits for HAProxy
	return r
}

// cluster returns a command that runs the script.
func (r *row) cluster(args ...string) *exec.Cmd {
	script, _ := filepath.Abs("dist/haproxy/cluster")
	cmd := exec.Command(script, args...)
	cmd.Dir, cmd.Env = r.dir, os.Environ()
	if r.swift != nil {
		cmd.Env = append(cmd.Env, "AUTH_URL="+r.swift.AuthURL())
	}
	return cmd
}

func (r *row) logFile(name string) string { return filepath.Join(r.dir, name+".log") }

func (r *row) logged(name string) string {
	text, _ := os.ReadFile(r.logFile(name))
	return string(text)
}

// start starts a part of the cluster. Its log is in a file, because it must outlive the process of
// an upgraded gateway.
func (r *row) start(t *testing.T, args ...string) *process {
	t.Helper()
	name := args[len(args)-1]
	file, err := os.OpenFile(r.logFile(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := &process{cmd: r.cluster(args...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = file, file
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if pid := r.pid(name); pid != 0 && !hasEnded(pid) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		if t.Failed() {
			t.Logf("[log of %s]\n%s", name, r.logged(name))
		}
	})
	return p
}

// pid returns the process of a gateway, or 0.
func (r *row) pid(name string) (pid int) {
	text, _ := os.ReadFile(filepath.Join(r.dir, name+".pid"))
	fmt.Sscan(string(text), &pid)
	return pid
}

// isReady waits until a gateway serves.
func (r *row) isReady(t *testing.T, name string) {
	t.Helper()
	if !eventually(func() bool { return readyLine.MatchString(r.logged(name)) }) {
		t.Fatalf("gateway %s is not ready:\n%s", name, r.logged(name))
	}
}

// client is an SFTP session.
type client struct {
	*sftp.Client
	conn    *ssh.Client
	gateway string // the name of the gateway
}

// dial logs in through the balancer from an address.
func (r *row) dial(from, password string) (*client, error) {
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	tcp, err := d.Dial("tcp", balancer+":22")
	if err != nil {
		return nil, err
	}
	conn, chans, reqs, err := ssh.NewClientConn(tcp, "", &ssh.ClientConfig{
		User: "test:tester", Auth: []ssh.AuthMethod{ssh.Password(password)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), //nolint:gosec // a gateway of our own
	})
	if err != nil {
		tcp.Close()
		return nil, err
	}
	c := &client{conn: ssh.NewClient(conn, chans, reqs), gateway: strings.TrimPrefix(string(conn.ServerVersion()), "SSH-2.0-filegate_")}
	if c.Client, err = sftp.NewClient(c.conn); err != nil {
		c.conn.Close()
		return nil, err
	}
	return c, nil
}

// fromAnywhere returns one of many client addresses, because only one test is about the limits of
// an address.
func fromAnywhere() string { return fmt.Sprintf("10.78.%d.%d", rand.N(250), 1+rand.N(250)) }

// both returns a session on each gateway.
func (r *row) both(t *testing.T) (one, two *client) {
	t.Helper()
	var last error
	if !eventually(func() bool {
		c, err := r.dial(fromAnywhere(), "testing")
		if err != nil {
			last = err
			return false
		}
		switch {
		case c.gateway == "one" && one == nil:
			one = c
		case c.gateway == "two" && two == nil:
			two = c
		default:
			c.conn.Close()
			return false
		}
		t.Cleanup(func() { c.conn.Close() })
		return one != nil && two != nil
	}) {
		t.Fatalf("HAProxy does not give clients to both gateways: %v, %v, %v\n%s", one, two, last, r.logged("haproxy"))
	}
	return one, two
}

func (c *client) put(name string, content []byte) error {
	f, err := c.Create(name)
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(bytes.NewReader(content))
	return errors.Join(err, f.Close())
}

func (c *client) get(name string) ([]byte, error) {
	f, err := c.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// testView checks that each gateway sees at once what a client does through the other, although
// Swift's listings are delayed.
func (r *row) testView(t *testing.T) {
	one, two := r.both(t)
	if err := one.Mkdir("/files"); err != nil {
		t.Fatal(err)
	}
	r.swift.ListingLag(time.Hour)
	defer r.swift.ListingLag(0)
	for i, pair := range [][2]*client{{one, two}, {two, one}} {
		name, renamed := fmt.Sprintf("/files/view%d", i), fmt.Sprintf("/files/renamed%d", i)
		if err := pair[0].put(name, r.bulk[i:100]); err != nil {
			t.Fatal(err)
		}
		if got, err := pair[1].get(name); err != nil || !bytes.Equal(got, r.bulk[i:100]) {
			t.Errorf("%s wrote %s, and %s reads %d bytes, %v", pair[0].gateway, name, pair[1].gateway, len(got), err)
		}
		if err := pair[1].Rename(name, renamed); err != nil {
			t.Error(err)
		}
		entries, err := pair[0].ReadDir("/files")
		listed := ""
		for _, e := range entries {
			listed += " /files/" + e.Name()
		}
		if err != nil || !strings.Contains(listed, renamed) || strings.Contains(listed, name) {
			t.Errorf("%s renamed %s to %s, and %s lists%s, %v", pair[1].gateway, name, renamed, pair[0].gateway, listed, err)
		}
		if err := pair[0].Remove(renamed); err != nil {
			t.Error(err)
		}
		if _, err := pair[1].Stat(renamed); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s removed %s, and %s says %v", pair[0].gateway, renamed, pair[1].gateway, err)
		}
	}
}

// testResume interrupts an upload through one gateway, and resumes it through the other.
func (r *row) testResume(t *testing.T) {
	one, two := r.both(t)
	f, err := one.Create("/files/resumed")
	if err == nil {
		_, err = f.ReadFrom(bytes.NewReader(r.bulk[:5<<20]))
	}
	if err != nil {
		t.Fatal(err)
	}
	one.conn.Close()
	var size int64
	if !eventually(func() bool {
		info, err := two.Stat("/files/resumed")
		if err == nil {
			size = info.Size()
		}
		return size > 0
	}) {
		t.Fatal("the other gateway does not show the upload that was cut off")
	}
	g, err := two.OpenFile("/files/resumed", os.O_WRONLY)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = g.Seek(size, io.SeekStart); err == nil {
		_, err = g.ReadFrom(bytes.NewReader(r.bulk[size:]))
	}
	if err = errors.Join(err, g.Close()); err != nil {
		t.Fatalf("going on at byte %d: %v", size, err)
	}
	if got, err := two.get("/files/resumed"); err != nil || !bytes.Equal(got, r.bulk) {
		t.Errorf("the upload that went on at byte %d is %d bytes, not the %d sent ones: %v", size, len(got), len(r.bulk), err)
	}
}

// testFTPS transfers files through both gateways, with the data connections through HAProxy.
func (r *row) testFTPS(t *testing.T) {
	seen := map[string]bool{}
	for i := 0; len(seen) < 2 && i < 10; i++ {
		var dialogue bytes.Buffer
		c, err := ftp.Dial(balancer+":21", ftp.DialWithTimeout(patience), ftp.DialWithDebugOutput(&dialogue),
			ftp.DialWithExplicitTLS(&tls.Config{InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(8)})) //nolint:gosec // a gateway of our own
		if err == nil {
			err = c.Login("test:tester", "testing")
		}
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("/files/ftp%d", i)
		if err := c.Stor(name, bytes.NewReader(r.bulk[i:3<<20])); err != nil {
			t.Errorf("upload: %v\n%s", err, &dialogue)
		}
		resp, err := c.Retr(name)
		if err != nil {
			t.Fatalf("download: %v\n%s", err, &dialogue)
		}
		got, err := io.ReadAll(resp)
		if err = errors.Join(err, resp.Close()); err != nil || !bytes.Equal(got, r.bulk[i:3<<20]) {
			t.Errorf("%s came back with %d bytes, of %d: %v", name, len(got), 3<<20-i, err)
		}
		for _, gateway := range []string{"one", "two"} {
			if strings.Contains(dialogue.String(), "filegate "+gateway+" is ready") {
				seen[gateway] = true
			}
		}
		c.Quit()
	}
	if len(seen) != 2 {
		t.Errorf("FTP went to %v only", seen)
	}
}

// testBans guesses passwords at both gateways, which count the failures together.
func (r *row) testBans(t *testing.T) {
	const guesser = "10.79.0.1"
	var wg sync.WaitGroup
	for range 6 { // in parallel, because each is delayed
		wg.Go(func() {
			if c, err := r.dial(guesser, "wrong"); err == nil {
				t.Error("a wrong password is right")
				c.conn.Close()
			}
		})
	}
	wg.Wait()
	// So that each gateway gets some of them.
	for range 4 {
		if c, err := r.dial(guesser, "testing"); err == nil {
			t.Errorf("gateway %s lets in an address with 6 wrong passwords; 5 are a ban", c.gateway)
			c.conn.Close()
		}
	}
	// Other addresses can log in.
	one, two := r.both(t)
	one.conn.Close()
	two.conn.Close()
}

// testLimits logs in more often than an address may in a minute.
func (r *row) testLimits(t *testing.T) {
	const perMinute = 60
	begin := time.Now()
	var entered atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if c, err := r.dial("10.79.0.2", "testing"); err == nil {
					entered.Add(1)
					c.conn.Close()
				}
			}
		})
	}
	wg.Wait()
	if most := perMinute * (2 + int64(time.Since(begin)/time.Minute)); entered.Load() > most {
		t.Errorf("an address has logged in %d times in %v, of %d permitted in a minute", entered.Load(), time.Since(begin), perMinute)
	} else if entered.Load() == 160 && time.Since(begin) < time.Minute {
		t.Errorf("an address has logged in 160 times in %v, of %d permitted in a minute", time.Since(begin), perMinute)
	}
}

// testDeath kills a gateway during uploads. Acknowledged files must be stored completely.
func (r *row) testDeath(t *testing.T) {
	type stored struct {
		name    string
		content []byte
	}
	var mu sync.Mutex
	var done []stored
	var broken, after atomic.Int64
	var killed, enough atomic.Bool
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			var c *client
			for i := 0; !enough.Load(); i++ {
				if c == nil {
					var err error
					if c, err = r.dial(fromAnywhere(), "testing"); err != nil {
						c = nil
						continue
					}
				}
				s := stored{fmt.Sprintf("/files/load-%d-%d", worker, i), r.bulk[worker*1000+i:][:2<<20]}
				late := killed.Load()
				if err := c.put(s.name, s.content); err != nil {
					broken.Add(1)
					c.conn.Close()
					c = nil
					continue
				}
				mu.Lock()
				done = append(done, s)
				mu.Unlock()
				if late {
					after.Add(1)
				}
			}
			if c != nil {
				c.conn.Close()
			}
		})
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(done)
	}
	if !eventually(func() bool { return count() >= 8 }) {
		t.Error("clients cannot upload")
	}
	syscall.Kill(r.pid("one"), syscall.SIGKILL)
	<-r.one.exited
	killed.Store(true)
	if !eventually(func() bool { return after.Load() >= 8 }) {
		t.Error("clients cannot upload when one of two gateways is dead")
	}
	enough.Store(true)
	wg.Wait()
	c, err := r.dial(fromAnywhere(), "testing")
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close()
	for _, s := range done {
		if got, err := c.get(s.name); err != nil || !bytes.Equal(got, s.content) {
			t.Errorf("%s was acknowledged and is %d bytes, not the %d sent ones: %v", s.name, len(got), len(s.content), err)
		}
	}
	t.Logf("%d files acknowledged, %d of them after the death; %d uploads broken", len(done), after.Load(), broken.Load())

	if err := os.Remove(r.logFile("one")); err != nil {
		t.Fatal(err)
	}
}

// testUpgrade upgrades one gateway after the other with SIGUSR2, while clients log in.
func (r *row) testUpgrade(t *testing.T) {
	r.both(t)
	var enough atomic.Bool
	var logins atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !enough.Load() {
				c, err := r.dial(fromAnywhere(), "testing")
				if err == nil {
					_, err = c.Stat("/files/resumed")
					c.conn.Close()
				}
				if err != nil {
					t.Errorf("a login during the upgrade: %v", err)
					return
				}
				logins.Add(1)
			}
		})
	}
	for _, name := range []string{"one", "two"} {
		before := r.pid(name)
		syscall.Kill(before, syscall.SIGUSR2)
		if !eventually(func() bool { return r.pid(name) != before && r.pid(name) != 0 }) {
			t.Errorf("gateway %s is not upgraded:\n%s", name, r.logged(name))
		}
		so := logins.Load()
		if !eventually(func() bool { return logins.Load() >= so+10 || t.Failed() }) {
			t.Error("clients stand still")
		}
	}
	enough.Store(true)
	wg.Wait()
	r.both(t)
}
