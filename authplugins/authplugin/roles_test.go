package authplugin

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"filegate/core/auth"
)

// roles returns the programs that the test binary can run as.
func roles() map[string]func() {
	return map[string]func(){
		"good":  func() { Serve(fakeKind()) },
		"other": func() { kind := fakeKind(); kind.Info.Name = "other"; Serve(kind) },
		"exits": func() { fmt.Fprintln(os.Stderr, "cannot find my libraries\x1b[2J"); os.Exit(3) },
		"rubbish": func() {
			fmt.Println("Hello, world!")
			select {}
		},
		"talks-first":    func() { fmt.Println("starting up"); Serve(fakeKind()) },
		"silent":         func() { select {} },
		"plain":          func() { os.Unsetenv("PLUGIN_CLIENT_CERT"); Serve(fakeKind()) },
		"orphan":         func() { os.Unsetenv(hostFDEnv); Serve(fakeKind()) },
		"old-version":    func() { fmt.Println("1|0|unix|/nowhere|grpc|"); select {} },
		"next-version":   func() { fmt.Println("1|99|unix|/nowhere|grpc|"); select {} },
		"next-handshake": func() { fmt.Println("2|1|unix|/nowhere|grpc|"); select {} },
		"no-versions":    func() { fmt.Println("a|b|unix|/nowhere|grpc|"); select {} },
		"netrpc":         func() { fmt.Println("1|1|unix|/nowhere|netrpc|"); select {} },
		"no-flush":       func() { listenOnly(); select {} },
		"no-newline": func() {
			fmt.Printf("1|1|unix|%s|grpc|", listenOnly())
			select {}
		},
		"no-describe": func() {
			fmt.Printf("1|1|unix|%s|grpc|\n", listenOnly())
			select {}
		},
		"no-configure": func() {
			kind := fakeKind()
			kind.Configure = func(Config) (auth.Authenticator, auth.Diagnostics) { select {} }
			Serve(kind)
		},
		"elsewhere":    func() { fmt.Println("1|1|tcp|192.0.2.1:22|grpc|"); select {} },
		"floods-first": func() { flood(10 << 20); Serve(fakeKind()) },
		"long-line":    func() { fmt.Println(strings.Repeat("x", 1<<20)); select {} },
		"has-child": func() {
			child := exec.CommandContext(context.Background(), "/bin/sleep", "600")
			child.Stderr = os.Stderr
			if err := child.Start(); err != nil {
				panic(err)
			}
			Serve(fakeKind())
		},
		// Has a child in another session, whose parent has ended. Its ID is in a file beside the
		// program.
		"has-daemon": func() {
			script := `setsid /bin/sleep 600 </dev/null >/dev/null 2>&1 & echo $! >"$1"`
			if err := exec.CommandContext(context.Background(), "/bin/sh", "-c", script, "sh", os.Args[0]+".child").Run(); err != nil {
				panic(err)
			}
			Serve(fakeKind())
		},
		// Continues without a socket, after a login of "unplug" has closed it.
		"unplugged": func() { Serve(fakeKind()); select {} },
		"host":      host,
	}
}

// listenOnly listens in the directory for sockets, without answering, and returns the address.
func listenOnly() string {
	path := filepath.Join(os.Getenv(socketDirEnv), "auth.sock")
	if _, err := net.Listen("unix", path); err != nil {
		panic(err)
	}
	return path
}

// host launches the program beside it, prints its process ID, and waits to be killed.
func host() {
	p, diags, err := (&Launcher{}).Launch(context.Background(), auth.LaunchSpec{
		Kind: "fake", Name: "orphan", Path: filepath.Join(filepath.Dir(os.Args[0]), "good"),
		Log:    slog.New(slog.DiscardHandler),
		Decode: func(auth.Schema) ([]byte, auth.Diagnostics) { return []byte(`{"greeting": "hello"}`), nil },
	})
	if err != nil || len(diags) > 0 {
		fmt.Println("no host:", diags, err)
		os.Exit(1)
	}
	launched := p.(*program) // the type that Launch returns
	fmt.Println(launched.current.process.ID(), launched.sockets.path)
	select {}
}

// fakeKind returns an authenticator that accepts alice with the password secret. Other users make
// it misbehave.
func fakeKind() Kind {
	return Kind{
		Info: auth.Info{
			Name: "fake", Version: "1.2.3", Methods: []auth.Method{auth.Password, auth.Interactive},
			Schema: auth.Schema{
				{Name: "greeting", Type: auth.TypeString, Required: true, Doc: "what to say"},
				{Name: "pin", Type: auth.TypeString, Secret: true, Doc: "a secret that the program cannot keep"},
				{Name: "renewed", Type: auth.TypeString, Doc: "a file: the first renewal makes it and dies"},
			},
		},
		Configure: func(config Config) (auth.Authenticator, auth.Diagnostics) {
			f := &fake{sealer: config.Sealer}
			if err := json.Unmarshal(config.Values, &f.values); err != nil {
				return nil, auth.Diagnostics{{Summary: err.Error()}}
			}
			if f.values["greeting"] == "rude" {
				return nil, auth.Diagnostics{{Attribute: "greeting", Summary: "Too rude", Detail: "Say hello." + f.values["pin"]}}
			}
			if limit, err := time.ParseDuration(f.values["greeting"]); err == nil {
				if _, diags := config.Within("greeting", limit); len(diags) > 0 {
					return nil, diags
				}
			}
			return f, nil
		},
	}
}

type fake struct {
	sealer Sealer
	values map[string]string
}

func (f *fake) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	switch req.User {
	case "die":
		os.Exit(7)
	case "hang":
		select {}
	case "slow":
		<-ctx.Done()
		return auth.Response{}, ctx.Err()
	case "panic":
		panic("at the disco")
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "unplug":
		shutdownSockets()
	case "tells":
		fmt.Fprintf(os.Stderr, "the password is %s, the pin %s\n", req.Password.Reveal(), f.values["pin"])
		return auth.Response{}, fmt.Errorf("%q does not fit the pin %s: %w", req.Password.Reveal(), f.values["pin"], auth.ErrDenied)
	case "flood":
		flood(10 << 20)
	case "hclog":
		fmt.Fprintln(os.Stderr, `{"@message":1}`)
		fmt.Fprintln(os.Stderr, `{"@level":{},"@timestamp":[],"@message":"x"}`)
		_ = os.WriteFile("/proc/self/fd/2", []byte("{\"@message\":1}\n\x1b[31mred\n"), 0) // not through go-plugin's pipe
	}
	if req.User != "alice" {
		return auth.Response{}, auth.ErrUnknownUser
	}
	if req.Password != "secret" {
		return auth.Response{}, fmt.Errorf("no: %w", auth.ErrDenied)
	}
	sealed, err := f.sealer.Seal(req.User)
	return auth.Response{Identity: &auth.Identity{User: "alice", Grant: auth.Grant{Token: "t", Renewal: sealed}}}, err
}

func (f *fake) Renew(_ context.Context, grant auth.Grant) (auth.Grant, error) {
	var user string
	if err := f.sealer.Open(grant.Renewal, &user); err != nil {
		return auth.Grant{}, err
	}
	if file := f.values["renewed"]; file != "" {
		if _, err := os.Stat(file); err != nil {
			_ = os.WriteFile(file, nil, 0o600)
			os.Exit(9)
		}
	}
	return auth.Grant{Token: auth.Secret("fresh for " + user), Renewal: grant.Renewal}, nil
}

// shutdownSockets ends all connections and listening sockets of the process. A connection that the
// kernel has already queued may still be accepted.
func shutdownSockets() {
	for {
		all, _ := os.ReadDir("/proc/self/fd")
		for _, entry := range all {
			if fd, err := strconv.Atoi(entry.Name()); err == nil {
				_ = syscall.Shutdown(fd, syscall.SHUT_RDWR) // fails for other descriptors
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// flood writes n bytes of lines to standard error.
func flood(n int) {
	line := strings.Repeat("all work and no play ", 50) + "\n"
	for written := 0; written < n; written += len(line) {
		fmt.Fprint(os.Stderr, line)
	}
}
