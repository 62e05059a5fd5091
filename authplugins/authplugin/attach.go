package authplugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"filegate/core/auth"
)

// Attach connects to a program that its author has started, for example in a debugger, and
// configures it. handshake is the line that the program has printed on its standard output. Calls
// have no time limit but that of their context. Close ends the connection, and the program
// continues to run. The fields of spec that describe how to run a program are not used.
//
// The author sets FILEGATE_AUTHENTICATOR, as a gateway does, and PLUGIN_UNIX_SOCKET_DIR; the guide
// in package authplugins has the command.
func (l *Launcher) Attach(ctx context.Context, spec auth.LaunchSpec, handshake string) (auth.Plugin, auth.Diagnostics, error) {
	p, diags, err := l.attach(ctx, spec, handshake)
	if err != nil {
		return nil, nil, fmt.Errorf("authenticator %q: %w", spec.Name, err)
	}
	if len(diags) > 0 {
		return nil, diags, nil
	}
	return p, nil, nil
}

func (l *Launcher) attach(ctx context.Context, spec auth.LaunchSpec, handshake string) (*attached, auth.Diagnostics, error) {
	addr, err := addressIn(handshake)
	if err != nil {
		return nil, nil, err
	}
	key, err := l.sealKey(spec)
	if err != nil {
		return nil, nil, err
	}
	m := newMasks()
	p := &attached{output: newOutput(spec.Log, m, nil), end: make(chan struct{})}
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  handshakeConfig(),
		Plugins:          goplugin.PluginSet{dispensed: &adapter{masks: m}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger:           newQuiet(),
		SyncStdout:       p.output.stream("stdout"),
		SyncStderr:       p.output.stream("stderr"),
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage))},
		Reattach: &goplugin.ReattachConfig{
			Protocol: goplugin.ProtocolGRPC, ProtocolVersion: protocolVersion, Addr: addr,
			ReattachFunc: func() (runner.AttachedRunner, error) { return foreign{end: p.end}, nil },
			Test:         true, // Kill would leave the program running; Close never calls it
		},
	})
	diags, err := p.begin(ctx, spec, key)
	if err != nil || len(diags) > 0 {
		return nil, diags, errors.Join(err, p.Close())
	}
	return p, nil, nil
}

// addressIn returns the address in a program's handshake.
func addressIn(handshake string) (net.Addr, error) {
	handshake = strings.TrimSpace(handshake)
	parts := strings.Split(handshake, "|")
	if len(parts) < 5 {
		return nil, fmt.Errorf(`%q is not the line that the program has printed: it looks like "1|%d|unix|/tmp/plugin123|grpc|"`, printable(handshake, 80), protocolVersion)
	}
	if err := checkVersions(parts); err != nil {
		return nil, err
	}
	switch {
	case parts[2] != "unix" || !filepath.IsAbs(parts[3]):
		return nil, fmt.Errorf("the program listens on %s %s instead of a unix socket", printable(parts[2], 20), printable(parts[3], 80))
	case len(parts) > 5 && parts[5] != "":
		return nil, errors.New("the program has a certificate for the gateway that started it: start it yourself, without PLUGIN_CLIENT_CERT")
	}
	return &net.UnixAddr{Name: parts[3], Net: "unix"}, nil
}

// attached is a program that its author has started. It implements auth.Plugin.
type attached struct {
	*remote
	client *goplugin.Client
	output *output

	end       chan struct{} // closed by Close
	closeOnce sync.Once
	closeErr  error
}

var _ auth.Plugin = (*attached)(nil)

// begin gets the program's description and configures it.
func (p *attached) begin(ctx context.Context, spec auth.LaunchSpec, key []byte) (auth.Diagnostics, error) {
	gone := func(err error) error {
		return fmt.Errorf("no program answers there; the line changes with each start of the program: %w", err)
	}
	protocol, err := p.client.Client()
	if err != nil {
		return nil, gone(err)
	}
	offered, err := protocol.Dispense(dispensed)
	if err != nil {
		return nil, err
	}
	p.remote = offered.(*remote) // adapter.GRPCClient has created it
	if err := p.describe(ctx, spec.HostVersion); err != nil {
		if errors.Is(err, auth.ErrUnavailable) {
			err = gone(err)
		}
		return nil, err
	}
	if err := p.checkKind(spec.Kind); err != nil {
		return nil, err
	}
	values, diags := spec.Decode(p.info.Schema)
	if len(diags) > 0 {
		return diags, nil
	}
	return p.configure(ctx, values, key, 0)
}

// Info implements auth.Plugin.
func (p *attached) Info() auth.Info { return p.info }

// Healthy implements auth.Plugin. The program is not asked, because it may be at a breakpoint.
func (p *attached) Healthy() error { return nil }

// Replaced implements auth.Plugin.
func (p *attached) Replaced() bool { return false }

// Close implements auth.Plugin. It ends only the connection.
func (p *attached) Close() error {
	p.closeOnce.Do(func() {
		if p.remote != nil {
			p.closeErr = p.conn.Close()
		}
		close(p.end)
		p.output.close()
	})
	return p.closeErr
}

// foreign implements go-plugin's runner.AttachedRunner for a process of somebody else.
type foreign struct{ end <-chan struct{} }

// Wait implements runner.AttachedRunner. It returns at the end of the connection.
func (f foreign) Wait(context.Context) error {
	<-f.end
	return nil
}

// Kill implements runner.AttachedRunner. It does nothing.
func (foreign) Kill(context.Context) error { return nil }

// ID implements runner.AttachedRunner.
func (foreign) ID() string { return "" }

// PluginToHost implements runner.AddrTranslator.
func (foreign) PluginToHost(network, addr string) (string, string, error) { return network, addr, nil }

// HostToPlugin implements runner.AddrTranslator.
func (foreign) HostToPlugin(network, addr string) (string, string, error) { return network, addr, nil }
