package ldap_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"filegate/core/testneed"
)

const (
	slapdProgram = "/usr/sbin/slapd"
	schemas      = "/etc/ldap/schema"
	modules      = "/usr/lib/ldap"

	adminDN   = "cn=admin,dc=example,dc=net"
	adminPass = "adminpass"
	readerDN  = "cn=reader,dc=example,dc=net"
	people    = "ou=people,dc=example,dc=net"
)

// slapdConf is the configuration of slapd. It allows binds without a password, as old servers do:
// such a bind succeeds and proves nothing.
const slapdConf = `
include SCHEMAS/core.schema
include SCHEMAS/cosine.schema
include SCHEMAS/inetorgperson.schema
include SCHEMAS/nis.schema
include DIR/extra.schema
modulepath MODULES
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile DIR/slapd.pid
argsfile DIR/slapd.args
TLSCACertificateFile DIR/ca.pem
TLSCertificateFile DIR/server.pem
TLSCertificateKeyFile DIR/server.key
allow bind_anon_cred bind_anon_dn
database mdb
maxsize 8388608
suffix "dc=example,dc=net"
rootdn "cn=admin,dc=example,dc=net"
rootpw adminpass
directory DIR/db
index uid eq
overlay memberof
overlay ppolicy
ppolicy_default "cn=policy,dc=example,dc=net"
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=people,dc=example,dc=net" by dn.exact="cn=reader,dc=example,dc=net" read by self read by * none
access to * by dn.exact="cn=reader,dc=example,dc=net" read by * none
`

// extraSchema contains attributes that Debian's schemas lack: SSH keys, account states as in other
// directories, and storage logins and secrets.
const extraSchema = `
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.1.2.1 NAME 'swiftLogin' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2.2 NAME 'swiftSecret' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2.3 NAME ( 'nsAccountLock' ) EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2.4 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )
attributetype ( 1.1.2.5 NAME 'accountExpires' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2.6 NAME 'krbPrincipalExpiration' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.1.2.9 NAME 'filegateUser' SUP top AUXILIARY MAY ( sshPublicKey $ swiftLogin $ swiftSecret $ nsAccountLock $ userAccountControl $ accountExpires $ krbPrincipalExpiration $ shadowExpire $ homeDirectory ) )
`

const slapdData = `
dn: dc=example,dc=net
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: cn=policy,dc=example,dc=net
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdMustChange: TRUE
pwdLockout: TRUE

dn: cn=reader,dc=example,dc=net
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: readerpass

dn: ou=people,dc=example,dc=net
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=net
objectClass: organizationalUnit
ou: groups

dn: ou=elsewhere,dc=example,dc=net
objectClass: organizationalUnit
ou: elsewhere
`

// slapd is a running slapd of Debian, for one test.
type slapd struct {
	plain, tls string // addresses
	ca         string // file name
	dir        string
}

// startSlapd starts a slapd. On machines without Debian's slapd it skips the test, except in CI.
func startSlapd(t *testing.T) *slapd {
	t.Helper()
	for _, need := range []string{slapdProgram, schemas + "/nis.schema", modules + "/ppolicy.so"} {
		if _, err := os.Stat(need); err != nil {
			testneed.Missing(t, "no slapd here, as Debian's package slapd has it: %v", err)
		}
	}
	s := &slapd{dir: t.TempDir()}
	s.ca = filepath.Join(s.dir, "ca.pem")
	writeCertificates(t, s.dir)
	if err := os.Mkdir(filepath.Join(s.dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	replace := strings.NewReplacer("DIR", s.dir, "SCHEMAS", schemas, "MODULES", modules)
	for name, text := range map[string]string{"slapd.conf": replace.Replace(slapdConf), "extra.schema": extraSchema, "data.ldif": slapdData} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conf := filepath.Join(s.dir, "slapd.conf")
	add := exec.CommandContext(t.Context(), slapdProgram, "-T", "add", "-f", conf, "-l", filepath.Join(s.dir, "data.ldif"))
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	for try := 1; ; try++ {
		s.plain, s.tls = freeAddress(t), freeAddress(t)
		err := s.run(t, conf)
		if err == nil {
			return s
		}
		if try == 5 { // another process may have taken the port
			t.Fatal(err)
		}
	}
}

// freeAddress returns an address with an unused port, below the ports that the system gives to
// outgoing connections.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 28000+mathrand.IntN(2000)))
		if err == nil {
			l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("all ports from 28000 to 29999 are taken")
	return ""
}

// run starts slapd and waits until it answers a bind. A mere connection, closed at once, is not
// enough: slapd may take its end for the end of the next connection, which has the same descriptor.
func (s *slapd) run(t *testing.T, conf string) error {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(slapdProgram, "-f", conf, "-d", "0", "-h", "ldaps://"+s.tls+" ldap://"+s.plain) //nolint:noctx // ended by the cleanup
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(time.Minute); ; {
		select {
		case err := <-ended:
			return fmt.Errorf("slapd has ended: %v\n%s", err, log.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
		c, err := s.admin()
		if err == nil {
			c.Close()
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				<-ended
			})
			return nil
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			<-ended
			return fmt.Errorf("slapd does not answer: %w\n%s", err, log.Bytes())
		}
	}
}

// change calls do with a connection of the administrator.
func (s *slapd) change(t *testing.T, do func(*goldap.Conn) error) {
	t.Helper()
	c, err := s.admin()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := do(c); err != nil {
		t.Fatal(err)
	}
}

// admin returns a connection of the administrator.
func (s *slapd) admin() (*goldap.Conn, error) {
	c, err := goldap.DialURL("ldap://" + s.plain)
	if err != nil {
		return nil, err
	}
	if err := c.Bind(adminDN, adminPass); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// person contains the attributes of a user.
type person map[string][]string

// add creates a user.
func (s *slapd) add(t *testing.T, uid, password string, more person) {
	t.Helper()
	req := goldap.NewAddRequest("uid="+goldap.EscapeDN(uid)+","+people, nil)
	req.Attribute("objectClass", []string{"inetOrgPerson", "filegateUser"})
	req.Attribute("sn", []string{"x"})
	req.Attribute("cn", []string{"x"})
	req.Attribute("userPassword", []string{password})
	for name, values := range more {
		req.Attribute(name, values)
	}
	s.change(t, func(c *goldap.Conn) error { return c.Add(req) })
}

// group creates a group of users.
func (s *slapd) group(t *testing.T, name, unit string, uids ...string) {
	t.Helper()
	req := goldap.NewAddRequest("cn="+name+",ou="+unit+",dc=example,dc=net", nil)
	req.Attribute("objectClass", []string{"groupOfNames"})
	var members []string
	for _, uid := range uids {
		members = append(members, "uid="+uid+","+people)
	}
	req.Attribute("member", members)
	s.change(t, func(c *goldap.Conn) error { return c.Add(req) })
}

// set changes an attribute of a user. Without values it removes the attribute.
func (s *slapd) set(t *testing.T, uid, attribute string, values ...string) {
	t.Helper()
	req := goldap.NewModifyRequest("uid="+uid+","+people, nil)
	req.Replace(attribute, values)
	s.change(t, func(c *goldap.Conn) error { return c.Modify(req) })
}

// age sets the time of the user's last password change to the past. Times are in seconds, and tests
// change passwords within the same second.
func (s *slapd) age(t *testing.T, uid string) {
	t.Helper()
	const relax = "1.3.6.1.4.1.4203.666.5.12" // permits changes that the rules of slapd forbid
	req := goldap.NewModifyRequest("uid="+uid+","+people, []goldap.Control{goldap.NewControlString(relax, true, "")})
	req.Replace("pwdChangedTime", []string{"20200101000000Z"})
	s.change(t, func(c *goldap.Conn) error { return c.Modify(req) })
}

// writeCertificates creates a certificate authority, and a server certificate for 127.0.0.1.
func writeCertificates(t *testing.T, dir string) {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	authorityKey, serverKey := newKey(t), newKey(t)
	der, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem":     {Type: "CERTIFICATE", Bytes: certify(t, authority, authority, authorityKey, authorityKey)},
		"server.pem": {Type: "CERTIFICATE", Bytes: certify(t, server, authority, serverKey, authorityKey)},
		"server.key": {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certify(t *testing.T, subject, issuer *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, subject, issuer, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// serverCertificate loads the server certificate in a directory, for a fake.
func serverCertificate(t *testing.T, dir string) tls.Certificate {
	t.Helper()
	c, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// counter forwards connections to a server, and counts what clients send.
type counter struct {
	address string
	sent    atomic.Int64
	dialed  atomic.Int64
	open    atomic.Int64
	most    atomic.Int64 // maximum of open connections
}

func newCounter(t *testing.T, to string) *counter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &counter{address: l.Addr().String()}
	var wg sync.WaitGroup
	ended := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		close(ended)
		wg.Wait()
	})
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.dialed.Add(1)
			for n := p.open.Add(1); n > p.most.Load(); {
				p.most.Store(n)
			}
			wg.Go(func() { p.pass(client, to, ended) })
		}
	})
	return p
}

func (p *counter) pass(client net.Conn, to string, ended chan struct{}) {
	defer p.open.Add(-1)
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(client, server)
		client.Close()
	}()
	go func() {
		select {
		case <-ended:
			client.Close()
			server.Close()
		case <-done:
		}
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := client.Read(buf)
		if n > 0 {
			p.sent.Add(1)
			if _, err := server.Write(buf[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	server.Close()
	<-done
}

func (p *counter) requests() int { return int(p.sent.Load()) }

// remove deletes an entry.
func (s *slapd) remove(t *testing.T, dn string) {
	t.Helper()
	s.change(t, func(c *goldap.Conn) error { return c.Del(goldap.NewDelRequest(dn, nil)) })
}
