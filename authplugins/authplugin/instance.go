package authplugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"filegate/core/auth"
)

const (
	// protocolVersion is that of authv1.
	protocolVersion = 1
	// dispensed is the name of the one thing that a program offers, in go-plugin's sense.
	dispensed = "authenticator"
	// The cookie tells a program that it was started by a host. It protects nothing.
	cookieKey   = "FILEGATE_AUTHENTICATOR"
	cookieValue = "de21c3ac-started-by-filegate"
	// stopGrace is how long a program has to end by itself.
	stopGrace = 2 * time.Second
)

func handshakeConfig() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{MagicCookieKey: cookieKey, MagicCookieValue: cookieValue}
}

// adapter is what go-plugin wants to have on both sides of the connection.
type adapter struct {
	goplugin.NetRPCUnsupportedPlugin
	server *server // on the program's side
	masks  *masks  // on the host's
}

// GRPCServer implements go-plugin's GRPCPlugin.
func (a *adapter) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	a.server.register(s)
	return nil
}

// GRPCClient implements go-plugin's GRPCPlugin.
func (a *adapter) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	r := newRemote(conn, a.masks)
	r.conn = conn
	return r, nil
}

// instance is a program that is running and connected.
type instance struct {
	*remote
	client  *goplugin.Client
	process *process
	output  *output
	since   time.Time
	file    fs.FileInfo   // of the program
	hung    chan struct{} // closed when it left too many calls unanswered
}

// startInstance starts the program and asks what it is. It blocks until the program is ready, ctx ends, or timeout has passed.
func startInstance(ctx context.Context, spec auth.LaunchSpec, socketDir string, timeout time.Duration, log *slog.Logger, m *masks) (*instance, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	inst := &instance{output: newOutput(log, m, spec.Observer), hung: make(chan struct{})}
	created := make(chan *process, 1)
	config := &goplugin.ClientConfig{
		HandshakeConfig:  handshakeConfig(),
		VersionedPlugins: map[int]goplugin.PluginSet{protocolVersion: {dispensed: &adapter{masks: m}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		StartTimeout:     timeout,
		Logger:           newQuiet(),
		Stderr:           inst.output.stream("stderr"),
		SyncStdout:       inst.output.stream("stdout"),
		SyncStderr:       inst.output.stream("stderr"),
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: socketDir},
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage))},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			inst.process = newProcess(spec, cmd)
			created <- inst.process
			return inst.process, nil
		},
	}
	inst.client = goplugin.NewClient(config)
	// go-plugin's start does not know a context, and holds its lock against Kill.
	done := make(chan struct{})
	keep := context.AfterFunc(ctx, func() {
		select {
		case p := <-created:
			select {
			case <-p.started:
				_ = p.kill()
			case <-done:
			}
		case <-done:
		}
	})
	err := inst.connect(ctx, config, spec.HostVersion)
	close(done)
	keep()
	if err != nil {
		inst.stop()
		return nil, inst.startError(ctx, timeout, err)
	}
	inst.since = time.Now()
	return inst, nil
}

func (i *instance) connect(ctx context.Context, config *goplugin.ClientConfig, version string) error {
	if _, err := i.client.Start(); err != nil {
		return err
	}
	// A program that has no certificate speaks without TLS. Nobody else comes to its socket: the directory is ours alone.
	if parts := strings.Split(i.process.handshake(), "|"); len(parts) < 6 || parts[5] == "" {
		config.TLSConfig = nil
	}
	protocol, err := i.client.Client()
	if err != nil {
		return err
	}
	offered, err := protocol.Dispense(dispensed)
	if err != nil {
		return err
	}
	i.remote = offered.(*remote) // it is what adapter.GRPCClient makes
	return i.describe(ctx, version)
}

// watchConnection sends to broken, unless that is full, each time when the connection to the program ends. It returns
// when ctx ends.
func (i *instance) watchConnection(ctx context.Context, broken chan<- struct{}) {
	for state := i.conn.GetState(); ; state = i.conn.GetState() {
		if state != connectivity.Ready {
			select {
			case broken <- struct{}{}:
			default:
			}
		}
		if !i.conn.WaitForStateChange(ctx, state) {
			return
		}
	}
}

// startError says in the operator's words why the program did not come up. The program has been stopped.
func (i *instance) startError(ctx context.Context, timeout time.Duration, err error) error {
	if i.process == nil || !i.process.isStarted() {
		return fmt.Errorf("it cannot be run: %w", err)
	}
	line := i.process.handshake()
	parts := strings.Split(line, "|")
	said := ""
	if last := i.output.lastLine(); last != "" {
		said = fmt.Sprintf("; it said last: %q", last)
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("its start was given up: %w", ctx.Err())
	case line != "" && len(parts) < 5:
		return fmt.Errorf("it is no authenticator, or prints before it serves: %q came on its standard output instead of the handshake", printable(line, 80))
	case len(parts) >= 5 && parts[1] != fmt.Sprint(protocolVersion):
		return fmt.Errorf("it speaks version %s of the protocol and this gateway version %d: install programs of the same release", printable(parts[1], 20), protocolVersion)
	case ctx.Err() != nil:
		return fmt.Errorf("it was not ready within %s%s", timeout, said)
	case line == "":
		return fmt.Errorf("it ended before it was ready (%s)%s", i.process.how(), said)
	default:
		return fmt.Errorf("it did not come up: %w%s", err, said)
	}
}

// stop ends the program, kindly if it answers, and waits until nothing is left of it.
func (i *instance) stop() {
	if i.process != nil {
		// go-plugin asks it to end and would wait for an answer for ever.
		kill := time.AfterFunc(stopGrace, func() { _ = i.process.kill() })
		defer kill.Stop()
	}
	i.client.Kill()
	i.output.close()
	if i.process != nil {
		_ = os.RemoveAll(i.process.socketDir) // go-plugin leaves it where the program could not be run
	}
}

// checkKind says what is wrong if the program is not the one that was wanted; empty: any.
func (i *instance) checkKind(want string) error {
	if want != "" && i.info.Name != want {
		return fmt.Errorf("it is authenticator %q and not %q: check its path", printable(i.info.Name, 80), want)
	}
	return nil
}

// rejected makes an error of the diagnostics with which a program refused what it had taken before.
func rejected(diags auth.Diagnostics) error {
	d := diags[0]
	return fmt.Errorf("it does not take its configuration any more: %s: %s: %s", d.Attribute, d.Summary, d.Detail)
}
