package authplugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"filegate/authplugins/authplugin/authv1"
	"filegate/core/auth"
)

// remote is an authenticator at the other end of a connection. It checks all answers, and its
// errors all wrap one of auth.Kinds.
type remote struct {
	rpc    authv1.AuthenticatorClient
	health grpc_health_v1.HealthClient
	masks  *masks
	conn   *grpc.ClientConn // to a process; nil: in memory
	info   auth.Info        // set by describe
}

var (
	_ auth.Revalidator = (*remote)(nil)
	_ auth.Releaser    = (*remote)(nil)
)

func newRemote(conn grpc.ClientConnInterface, m *masks) *remote {
	return &remote{rpc: authv1.NewAuthenticatorClient(conn), health: grpc_health_v1.NewHealthClient(conn), masks: m}
}

func (r *remote) describe(ctx context.Context, version string) error {
	resp, err := r.rpc.Describe(ctx, &authv1.DescribeRequest{HostVersion: version})
	if err != nil {
		return fmt.Errorf("describe: %w", r.callError(err))
	}
	r.info = infoFromProto(resp)
	for _, a := range r.info.Schema {
		if a.Name == "" || a.Type == "" {
			return fmt.Errorf("describe: its configuration has an attribute %q of a type that this gateway does not know", printable(a.Name, maxName))
		}
	}
	return nil
}

// checkKind returns an error if the program is of another kind than want. An empty want accepts any
// kind.
func (r *remote) checkKind(want string) error {
	if want != "" && r.info.Name != want {
		return fmt.Errorf("it is authenticator %q and not %q: check its path", printable(r.info.Name, 80), want)
	}
	return nil
}

// configure passes the configuration to the program. callTimeout is the time limit for later calls;
// 0: unknown.
func (r *remote) configure(ctx context.Context, values, sealKey []byte, callTimeout time.Duration) (auth.Diagnostics, error) {
	r.masks.addConfig(r.info.Schema, values)
	resp, err := r.rpc.Configure(ctx, &authv1.ConfigureRequest{Values: values, SealKey: sealKey, CallTimeoutMs: callTimeout.Milliseconds()})
	if err != nil {
		return nil, fmt.Errorf("configure: %w", r.callError(err))
	}
	for _, d := range resp.GetDiagnostics() {
		d.Summary, d.Detail = r.masks.clean(d.GetSummary()), r.masks.clean(d.GetDetail())
	}
	return diagnosticsFromProto(resp.GetDiagnostics()), nil
}

func (r *remote) ping(ctx context.Context) error {
	resp, err := r.health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: goplugin.GRPCServiceName})
	if err != nil {
		return r.callError(err)
	}
	if resp.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("it says that it is %s: %w", resp.GetStatus(), auth.ErrUnavailable)
	}
	return nil
}

// Authenticate implements auth.Authenticator.
func (r *remote) Authenticate(ctx context.Context, req auth.Request) (auth.Response, error) {
	if err := checkRequest(req, r.info.Methods); err != nil {
		return auth.Response{}, err
	}
	defer r.masks.addRequest(req)()
	resp, err := r.rpc.Authenticate(ctx, requestToProto(req))
	if err != nil {
		return auth.Response{}, r.callError(err)
	}
	switch outcome := resp.GetOutcome().(type) {
	case *authv1.AuthenticateResponse_Refusal:
		return auth.Response{}, r.errorOf(outcome.Refusal)
	case *authv1.AuthenticateResponse_Identity:
		if lacking := outcome.Identity.GetRequiredFeatures(); len(lacking) > 0 { // this gateway knows none
			return auth.Response{}, unusable(fmt.Errorf("an identity that needs %q, which this gateway does not know: install programs of the same release", printable(lacking[0], maxName)))
		}
		id := identityFromProto(outcome.Identity)
		if err := checkIdentity(id); err != nil {
			return auth.Response{}, unusable(err)
		}
		return auth.Response{Identity: id}, nil
	case *authv1.AuthenticateResponse_Next:
		step := stepFromProto(outcome.Next)
		if err := checkStep(step); err != nil {
			return auth.Response{}, unusable(err)
		}
		return auth.Response{Next: step}, nil
	default:
		return auth.Response{}, unusable(fmt.Errorf("neither identity nor step nor refusal"))
	}
}

// Renew implements auth.Authenticator.
func (r *remote) Renew(ctx context.Context, grant auth.Grant) (auth.Grant, error) {
	defer r.masks.add(grant.Token.Reveal())()
	resp, err := r.rpc.Renew(ctx, &authv1.RenewRequest{Grant: grantToProto(grant)})
	if err != nil {
		return auth.Grant{}, r.callError(err)
	}
	switch outcome := resp.GetOutcome().(type) {
	case *authv1.RenewResponse_Refusal:
		return auth.Grant{}, r.errorOf(outcome.Refusal)
	case *authv1.RenewResponse_Grant:
		fresh := grantFromProto(outcome.Grant)
		if err := checkGrant(fresh); err != nil {
			return auth.Grant{}, unusable(err)
		}
		return fresh, nil
	default:
		return auth.Grant{}, unusable(fmt.Errorf("neither grant nor refusal"))
	}
}

// Revalidate implements auth.Revalidator.
func (r *remote) Revalidate(ctx context.Context, id auth.Identity) error {
	if !r.info.Revalidates {
		return fmt.Errorf("this authenticator does not revalidate: %w", errors.ErrUnsupported)
	}
	defer r.masks.add(id.Grant.Token.Reveal())()
	resp, err := r.rpc.Revalidate(ctx, &authv1.RevalidateRequest{Identity: identityToProto(id)})
	if err != nil {
		return r.optionalCallError(err)
	}
	return r.errorOfOptional(resp.GetRefusal())
}

// Release implements auth.Releaser.
func (r *remote) Release(ctx context.Context, grant auth.Grant) error {
	if !r.info.Releases {
		return fmt.Errorf("this authenticator does not take grants back: %w", errors.ErrUnsupported)
	}
	defer r.masks.add(grant.Token.Reveal())()
	resp, err := r.rpc.Close(ctx, &authv1.CloseRequest{Grant: grantToProto(grant)})
	if err != nil {
		return r.optionalCallError(err)
	}
	return r.errorOfOptional(resp.GetRefusal())
}

// unusable returns the error for an invalid answer of the program, which says nothing about the
// login. It puts all mistakes on one line for the log.
func unusable(err error) error {
	return fmt.Errorf("the authenticator answered with %s: %w", strings.ReplaceAll(err.Error(), "\n", "; "), auth.ErrUnavailable)
}
