package authplugin

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"filegate/authplugins/authplugin/authv1"
	"filegate/core/auth"
)

// maxMessage is the maximum size of a message that either side accepts, in bytes.
const maxMessage = 1 << 20

// server answers the protocol's calls for an author's kind.
type server struct {
	authv1.UnimplementedAuthenticatorServer
	kind       Kind
	configured atomic.Pointer[auth.Authenticator]
}

// newGRPCServer returns a server for the protocol. A panic in the author's code fails one call and
// does not end the program.
func newGRPCServer(opts []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(opts,
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.ChainUnaryInterceptor(recoverPanic),
	)...)
}

func recoverPanic(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (resp any, err error) {
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(os.Stderr, "panic in %s: %v\n%s", info.FullMethod, v, debug.Stack())
			err = status.Error(codes.Internal, "the authenticator panicked: its output has the details")
		}
	}()
	return handle(ctx, req)
}

// Describe implements authv1.AuthenticatorServer.
func (s *server) Describe(context.Context, *authv1.DescribeRequest) (*authv1.DescribeResponse, error) {
	return describeToProto(s.kind.Info), nil
}

// Configure implements authv1.AuthenticatorServer.
func (s *server) Configure(_ context.Context, req *authv1.ConfigureRequest) (*authv1.ConfigureResponse, error) {
	authenticator, diags := s.kind.configure(req.GetValues(), req.GetSealKey(), time.Duration(req.GetCallTimeoutMs())*time.Millisecond)
	if len(diags) == 0 {
		s.configured.Store(&authenticator)
	}
	return &authv1.ConfigureResponse{Diagnostics: diagnosticsToProto(diags)}, nil
}

// Authenticate implements authv1.AuthenticatorServer.
func (s *server) Authenticate(ctx context.Context, req *authv1.AuthenticateRequest) (*authv1.AuthenticateResponse, error) {
	authenticator, err := s.authenticator()
	if err != nil {
		return nil, err
	}
	resp, err := authenticator.Authenticate(ctx, requestFromProto(req))
	if err != nil {
		return &authv1.AuthenticateResponse{Outcome: &authv1.AuthenticateResponse_Refusal{Refusal: refusalOf(err)}}, nil
	}
	return responseToProto(resp), nil
}

// Renew implements authv1.AuthenticatorServer.
func (s *server) Renew(ctx context.Context, req *authv1.RenewRequest) (*authv1.RenewResponse, error) {
	authenticator, err := s.authenticator()
	if err != nil {
		return nil, err
	}
	grant, err := authenticator.Renew(ctx, grantFromProto(req.GetGrant()))
	if err != nil {
		return &authv1.RenewResponse{Outcome: &authv1.RenewResponse_Refusal{Refusal: refusalOf(err)}}, nil
	}
	return &authv1.RenewResponse{Outcome: &authv1.RenewResponse_Grant{Grant: grantToProto(grant)}}, nil
}

// Revalidate implements authv1.AuthenticatorServer.
func (s *server) Revalidate(ctx context.Context, req *authv1.RevalidateRequest) (*authv1.RevalidateResponse, error) {
	authenticator, err := s.authenticator()
	if err != nil {
		return nil, err
	}
	r, ok := authenticator.(auth.Revalidator)
	if !ok {
		return s.UnimplementedAuthenticatorServer.Revalidate(ctx, req)
	}
	refusal, err := optionalRefusal(r.Revalidate(ctx, *identityFromProto(req.GetIdentity())))
	return &authv1.RevalidateResponse{Refusal: refusal}, err
}

// Close implements authv1.AuthenticatorServer.
func (s *server) Close(ctx context.Context, req *authv1.CloseRequest) (*authv1.CloseResponse, error) {
	authenticator, err := s.authenticator()
	if err != nil {
		return nil, err
	}
	r, ok := authenticator.(auth.Releaser)
	if !ok {
		return s.UnimplementedAuthenticatorServer.Close(ctx, req)
	}
	refusal, err := optionalRefusal(r.Release(ctx, grantFromProto(req.GetGrant())))
	return &authv1.CloseResponse{Refusal: refusal}, err
}

func (s *server) authenticator() (auth.Authenticator, error) {
	configured := s.configured.Load()
	if configured == nil {
		return nil, status.Error(codes.FailedPrecondition, "the authenticator has not been configured")
	}
	return *configured, nil
}
