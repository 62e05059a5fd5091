package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// place is where a client finds the run's files: on a server that was started for it, or in Swift
// itself.
type place struct {
	server   *server // nil: Swift itself
	swift    *swift  // as used by the server, possibly through a delay
	host     string
	port     string
	user     string
	password string
	key      string // file of a private key, if the login uses one
	root     string // the run's directory, with a slash at the end
	local    string // the same directory on the local disk; empty: in Swift
}

// peer is a kind of server. It is started for one protocol, "sftp" or "ftp", with settings in its
// own syntax.
type peer struct {
	name  string
	start func(ctx context.Context, b *bench, store *swift, protocol string, settings []string) (*place, error)
}

var (
	filegate    = peer{"filegate", startFilegate}
	rclone      = peer{"rclone", startRclone}
	openSSH     = peer{"OpenSSH, local disk", startOpenSSH}
	swiftItself = peer{"Swift itself", func(_ context.Context, _ *bench, store *swift, _ string, _ []string) (*place, error) {
		return &place{swift: store}, nil
	}}
)

func (p *place) close() {
	if p.server != nil {
		p.server.stop()
	}
}

// quiet waits until the server is idle and returns its usage. For Swift itself it returns zero.
func (p *place) quiet(ctx context.Context) (usage, error) {
	if p.server == nil {
		return usage{}, nil
	}
	return p.server.quiet(ctx)
}

// startFilegate serves the run's container; settings are lines of the backend block.
func startFilegate(ctx context.Context, b *bench, store *swift, protocol string, settings []string) (*place, error) {
	// All clients have the same address, and in some rows hundreds of them connect at the same
	// time.
	p, err := b.serveFilegate(ctx, protocol, fmt.Sprintf(`
login { max_per_address = 0 }
auth "swiftv1" "swift" {
  config { auth_url = %q }
}
backend "swift" "main" {
%s
}
`, store.auth, strings.Join(settings, "\n")))
	if err != nil {
		return nil, err
	}
	p.swift, p.user, p.password, p.root = store, store.user, store.key, "/"+store.container+"/"
	return p, nil
}

// serveFilegate serves both protocols, like a normal installation, with a minimal configuration and
// the given blocks.
func (b *bench) serveFilegate(ctx context.Context, protocol, blocks string) (*place, error) {
	host, sshPort, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, ftpPort, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`
log { level = "warn" }
%s
frontend "ssh" "bench" {
  listen    = ["%s:%s"]
  host_keys = [%q]
}
frontend "ftp" "bench" {
  listen = ["%s:%s"]
}
`, blocks, host, sshPort, b.keys.host, host, ftpPort)
	file := filepath.Join(b.work, "gateway.hcl")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	p := &place{host: host, port: sshPort}
	if protocol == "ftp" {
		p.port = ftpPort
	}
	p.server, err = startServer(ctx, host+":"+p.port, b.work, nil, b.programs.filegate, "serve", "-c", file)
	return p, err
}

// startRclone serves the run's container; settings are flags.
func startRclone(ctx context.Context, b *bench, store *swift, protocol string, settings []string) (*place, error) {
	host, port, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(b.work, "rclone.conf")
	text := fmt.Sprintf("[swift]\ntype = swift\nauth = %s\nuser = %s\nkey = %s\nauth_version = 1\n", store.auth, store.login.user, store.login.key)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	p := &place{swift: store, host: host, port: port, user: "bench", password: "bench", root: "/"}
	args := []string{
		b.programs.rclone, "serve", protocol, "--config", config, "--cache-dir", filepath.Join(b.work, "rclone-cache"),
		"--addr", host + ":" + port, "--user", p.user, "--pass", p.password,
	}
	if protocol == "sftp" {
		args = append(args, "--key", b.keys.host)
	}
	args = append(append(args, settings...), "swift:"+store.container)
	p.server, err = startServer(ctx, host+":"+port, b.work, nil, args...)
	return p, err
}

// startOpenSSH serves a local directory with sshd's own SFTP server, as the current user.
func startOpenSSH(ctx context.Context, b *bench, store *swift, _ string, settings []string) (*place, error) {
	host, port, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		// Sshd requires this directory, which its service would create.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return nil, err
		}
	}
	config := filepath.Join(b.work, "sshd_config")
	lines := append([]string{
		"ListenAddress " + host, "Port " + port,
		"HostKey " + b.keys.host, "AuthorizedKeysFile " + b.keys.authorized,
		// The keys are in /dev/shm, to which all users may write.
		"StrictModes no",
		"UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password",
		"MaxStartups 1000", "PidFile none", "Subsystem sftp internal-sftp",
	}, settings...)
	if err := os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return nil, err
	}
	p := &place{swift: store, host: host, port: port, user: b.user, key: b.keys.client, root: b.disk + "/", local: b.disk}
	p.server, err = startServer(ctx, host+":"+port, b.work, nil, b.programs.sshd, "-D", "-e", "-f", config)
	return p, err
}
