package authplugin

import (
	"context"
	"crypto/rand"
	"errors"
	"net"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	"filegate/core/auth"
)

// InMemory configures kind with a JSON object of values, and returns it as a gateway sees it:
// through the whole protocol, over a connection in memory and without a process. It is for tests of
// authenticators. The returned function ends it.
func InMemory(ctx context.Context, kind Kind, values []byte) (auth.Authenticator, auth.Diagnostics, func(), error) {
	listener := bufconn.Listen(maxMessage)
	s := newGRPCServer(nil)
	(&server{kind: kind}).register(s)
	healthy := health.NewServer()
	healthy.SetServingStatus(goplugin.GRPCServiceName, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(s, healthy)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.Serve(listener) // ends with Stop; its error says nothing more
	}()
	stop := func() {
		s.Stop()
		<-served
	}
	conn, err := grpc.NewClient("passthrough:memory",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		stop()
		return nil, nil, nil, err
	}
	end := func() {
		_ = conn.Close()
		stop()
	}
	r := newRemote(conn, newMasks())
	key := make([]byte, sealKeySize)
	rand.Read(key)
	err = errors.Join(r.describe(ctx, ""), r.ping(ctx))
	var diags auth.Diagnostics
	if err == nil {
		diags, err = r.configure(ctx, values, key, 0)
	}
	if err != nil || len(diags) > 0 {
		end()
		return nil, diags, nil, err
	}
	return r, nil, end, nil
}
