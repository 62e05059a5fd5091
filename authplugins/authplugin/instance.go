package authplugin

import (
	"context"
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
	// protocolVersion is the version of authv1.
	protocolVersion = 1
	// dispensed is go-plugin's name of the only service that a program offers.
	dispensed = "authenticator"
	// The cookie tells a program that a host has started it. It does not protect anything.
	cookieKey   = "FILEGATE_AUTHENTICATOR"
	cookieValue = "de21c3ac-started-by-filegate"
	// DebugEnv are the variables with which an author starts a program for [Launcher.Attach].
	DebugEnv = cookieKey + "=" + cookieValue + " " + socketDirEnv + "=/tmp"
	// stopGrace is the time that a program has to end by itself.
	stopGrace = 2 * time.Second
)

func handshakeConfig() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{MagicCookieKey: cookieKey, MagicCookieValue: cookieValue}
}

// adapter connects server and remote to go-plugin, on both sides of the connection.
type adapter struct {
	goplugin.NetRPCUnsupportedPlugin
	server *server // in the program
	masks  *masks  // in the host
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

// instance is a running and connected program.
type instance struct {
	*remote
	client  *goplugin.Client
	process *process
	output  *output
	since   time.Time
	file    fs.FileInfo   // the program file
	hung    chan struct{} // closed when the program has left too many calls unanswered
}

// startInstance starts the program and gets its description. It returns when the program is ready,
// ctx ends, or timeout has passed.
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
	// go-plugin's start ignores contexts, and holds a lock that Kill needs.
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
		listens := inst.process != nil && inst.process.hasSocket()
		inst.stop()
		return nil, inst.startError(ctx, timeout, listens, err)
	}
	inst.since = time.Now()
	return inst, nil
}

func (i *instance) connect(ctx context.Context, config *goplugin.ClientConfig, version string) error {
	if _, err := i.client.Start(); err != nil {
		return err
	}
	// A program without a certificate speaks without TLS. Nobody else can reach its socket, because
	// the directory is accessible only to the gateway's user.
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
	i.remote = offered.(*remote) // adapter.GRPCClient has created it
	return i.describe(ctx, version)
}

// watchConnection sends to broken each time the connection to the program ends, unless broken is
// full. It returns when ctx ends.
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

// stop stops the program, and waits until it and its children are gone. The program may end by
// itself within stopGrace.
func (i *instance) stop() {
	if i.process != nil {
		// go-plugin asks the program to end, and would wait for the answer forever.
		kill := time.AfterFunc(stopGrace, func() { _ = i.process.kill() })
		defer kill.Stop()
	}
	i.client.Kill()
	i.output.close()
	if i.process != nil {
		// If the program could not be run, go-plugin has not removed it.
		_ = os.RemoveAll(i.process.socketDir)
	}
}

// rejected returns the error for a program that refuses a configuration that it has accepted
// before.
func rejected(diags auth.Diagnostics) error {
	d := diags[0]
	return fmt.Errorf("it does not take its configuration any more: %s: %s: %s", d.Attribute, d.Summary, d.Detail)
}
