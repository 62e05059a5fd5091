package authplugin

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"filegate/authplugins/authplugin/authv1"
	"filegate/core/auth"
)

// newer is a program of a later release, whose identities need features that the host may lack.
type newer struct {
	authv1.UnimplementedAuthenticatorServer
	needs []string
	asked *authv1.DescribeRequest
}

func (n *newer) Describe(_ context.Context, req *authv1.DescribeRequest) (*authv1.DescribeResponse, error) {
	n.asked = req
	return &authv1.DescribeResponse{Name: "newer", Methods: []string{string(auth.Password)}}, nil
}

func (n *newer) Authenticate(context.Context, *authv1.AuthenticateRequest) (*authv1.AuthenticateResponse, error) {
	return &authv1.AuthenticateResponse{Outcome: &authv1.AuthenticateResponse_Identity{
		Identity: &authv1.Identity{User: "alice", RequiredFeatures: n.needs},
	}}, nil
}

// TestRequiredFeatures tests that an identity is refused if it needs a feature that this gateway
// does not know, because an unknown field may restrict the login.
func TestRequiredFeatures(t *testing.T) {
	program := &newer{}
	l := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	authv1.RegisterAuthenticatorServer(server, program)
	go func() { _ = server.Serve(l) }()
	defer server.Stop()
	conn, err := grpc.NewClient("passthrough:program",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := newRemote(conn, &masks{})
	if err := r.describe(t.Context(), "1.2.3"); err != nil {
		t.Fatal(err)
	}
	if got := program.asked.GetHostVersion(); got != "1.2.3" {
		t.Errorf("the program was told the version %q", got)
	}
	if got := program.asked.GetHostFeatures(); len(got) > 0 {
		t.Errorf("the program was told the features %q: teach Authenticate about them, and this test", got)
	}
	req := auth.Request{User: "alice", Method: auth.Password, Password: "x"}
	if resp, err := r.Authenticate(t.Context(), req); err != nil || resp.Identity == nil {
		t.Errorf("an identity that needs nothing: got %+v, %v", resp, err)
	}
	program.needs = []string{"read-only-after-noon"}
	resp, err := r.Authenticate(t.Context(), req)
	if !errors.Is(err, auth.ErrUnavailable) || resp.Identity != nil || !strings.Contains(err.Error(), `"read-only-after-noon"`) {
		t.Errorf("got %+v, %v, want %v that names the feature", resp, err, auth.ErrUnavailable)
	}
}
