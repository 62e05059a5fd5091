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

// Serve is the main function of an authenticator program. It returns when the gateway asks the
// program to end, and exits the process when the gateway is gone. It ignores SIGINT, because a
// terminal sends it to the gateway too, which decides. SIGTERM ends the program at once.
//
// The output of the program on standard error goes to the gateway's log. The program must not print
// to standard output before Serve.
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

// register registers the service with r.
func (s *server) register(r grpc.ServiceRegistrar) { authv1.RegisterAuthenticatorServer(r, s) }

// exitWithHost exits the process when the host's end of the pipe is closed. The kernel closes it
// even if the host is killed.
func exitWithHost() {
	fd, err := strconv.Atoi(os.Getenv(hostFDEnv))
	if err != nil {
		return // started by another host, which does not pass a pipe
	}
	syscall.CloseOnExec(fd)
	go func() { // runs until the end of the process
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
