package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"text/template"

	"filegate/core/config"
	"filegate/core/gateway"
)

// demoContainer exists from the start, because files need a container.
const demoContainer = "files"

// demoTemplate is the demo's configuration. The demo writes it to a file for users to read, and
// loads it from there.
//
//go:embed demo.hcl.tmpl
var demoTemplate string

// demo is the data for the templates of the demo.
type demo struct {
	Dir       string // the directory with all files of the demo
	HostKey   string
	AuthURL   string
	SFTP, FTP string // host:port
	User      string
	Password  string
	Container string
}

func cmdDemo(e env, args []string) int {
	fs := newFlags(e, "demo", "[flags]")
	dir := fs.String("dir", "", "store all files of the demo in this `directory` (default filegate-demo in the user's cache directory)")
	sftp := fs.String("sftp", "127.0.0.1:8022", "listen for SFTP and SCP on this `address`")
	ftp := fs.String("ftp", "127.0.0.1:2021", "listen for FTP on this `address`")
	public := fs.Bool("public", false, "allow addresses that other machines can reach, although the demo's password is known to everybody")
	if code, ok := parse(e, fs, args); !ok {
		return code
	}
	if err := runDemo(e, *dir, *sftp, *ftp, *public); err != nil {
		return e.fail(err)
	}
	return exitOK
}

func runDemo(e env, dir, sftp, ftp string, public bool) (err error) {
	if dir, err = demoDir(dir); err != nil {
		return err
	}
	lock, err := lockDemo(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	swift, err := startDemoSwift(e.stop, filepath.Join(dir, "swift"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, swift.close()) }()
	d := demo{
		Dir: dir, HostKey: filepath.Join(dir, "ssh_host_ed25519_key"), AuthURL: swift.authURL(),
		SFTP: sftp, FTP: ftp, User: demoUser, Password: demoPassword, Container: demoContainer,
	}
	if err := ensureHostKey(d.HostKey); err != nil {
		return err
	}
	cfg, err := d.configure()
	if err != nil {
		return err
	}
	if cfg.Needs().Public && !public {
		return fmt.Errorf("other machines can reach %s or %s, and the demo's password is known to everybody: use a loopback address, or allow it with -public", sftp, ftp)
	}
	return serve(e, cfg, nil, func(g *gateway.Gateway) { d.greet(e, g.Addrs()) })
}

// demoDir creates the directory of the demo and returns its absolute name.
func demoDir(dir string) (string, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("%w: name a directory with -dir", err)
		}
		dir = filepath.Join(cache, "filegate-demo")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// lockDemo prevents a second demo in the same directory until the returned file is closed.
func lockDemo(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another demo is running in %s: stop it, or name another directory with -dir", dir)
	}
	return f, nil
}

// ensureHostKey creates the SSH host key unless it exists: clients remember it.
func ensureHostKey(file string) error {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// configure writes the configuration file and loads it.
func (d demo) configure() (*config.Config, error) {
	text, err := fill("gateway.hcl", demoTemplate, d)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(d.Dir, "gateway.hcl")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	return loadConfig(file)
}

func fill(name, text string, data any) ([]byte, error) {
	t, err := template.New(name).Parse(text)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

//go:embed demo_greeting.tmpl
var greetingTemplate string

// greet prints commands to try. It takes the addresses from the listeners, because the system may
// have chosen the ports.
func (d demo) greet(e env, addrs []gateway.Addr) {
	var data struct {
		demo
		SFTPHost, SFTPPort, FTPHost, FTPPort string
	}
	data.demo = d
	for _, a := range addrs {
		host, port, err := net.SplitHostPort(a.String())
		if err != nil {
			continue
		}
		switch a.Kind {
		case "ssh":
			data.SFTPHost, data.SFTPPort = host, port
		case "ftp":
			data.FTPHost, data.FTPPort = host, port
		}
	}
	text, err := fill("greeting", greetingTemplate, data)
	if err != nil {
		fmt.Fprintf(e.stderr, "filegate: %v\n", err)
		return
	}
	e.stdout.Write(text) //nolint:errcheck // an error of standard output does not matter here
}
