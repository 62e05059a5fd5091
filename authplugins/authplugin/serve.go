package authplugin

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"filegate/authplugins/authplugin/authv1"
)

// Launched reports whether a gateway has started this process as an authenticator.
func Launched() bool { return os.Getenv(cookieKey) == cookieValue }

// Serve is the whole of an authenticator program's main. It returns when the gateway asks the program to end; when the
// gateway is gone, it exits. SIGINT is ignored, since a terminal sends it to the gateway, which decides; SIGTERM ends the program at once.
//
// What the program prints on standard error goes to the gateway's log. Nothing may be printed on standard output before Serve.
func Serve(kind Kind) {
	if kind.Info.Version == "" {
		kind.Info.Version = buildVersion()
	}
	if !Launched() {
		fmt.Fprintf(os.Stderr, "This is filegate's authenticator %q, version %s. It is started by filegate:\n"+
			"put it into plugin_dir and name it in the configuration, as in\n\n\tauth %q \"main\" {\n\t\tconfig { … }\n\t}\n", kind.Info.Name, kind.Info.Version, kind.Info.Name)
		os.Exit(2)
	}
	exitWithHost()
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  handshakeConfig(),
		VersionedPlugins: map[int]goplugin.PluginSet{protocolVersion: {dispensed: &adapter{server: &server{kind: kind}}}},
		GRPCServer:       newGRPCServer,
		Logger:           hclog.New(&hclog.LoggerOptions{Output: os.Stderr, Level: hclog.Warn}),
	})
}

// register offers the service on s.
func (s *server) register(r grpc.ServiceRegistrar) { authv1.RegisterAuthenticatorServer(r, s) }

// exitWithHost ends the process when the host's end of the pipe closes, which the kernel does even for a host that was killed.
func exitWithHost() {
	fd, err := strconv.Atoi(os.Getenv(hostFDEnv))
	if err != nil {
		return // some other host, which has its own way
	}
	syscall.CloseOnExec(fd)
	go func() { // for the life of the process
		_, _ = io.Copy(io.Discard, os.NewFile(uintptr(fd), "host"))
		os.Exit(0)
	}()
}

func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
