package authplugin

import (
	"context"
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"filegate/authplugins/authplugin/authv1"
	"filegate/core/auth"
)

// answering is a program with one fixed answer to logins and one to renewals.
type answering struct {
	authv1.AuthenticatorClient
	login   *authv1.AuthenticateResponse
	renewal *authv1.RenewResponse
	self    *authv1.DescribeResponse
}

func (a answering) Authenticate(context.Context, *authv1.AuthenticateRequest, ...grpc.CallOption) (*authv1.AuthenticateResponse, error) {
	return a.login, nil
}

func (a answering) Renew(context.Context, *authv1.RenewRequest, ...grpc.CallOption) (*authv1.RenewResponse, error) {
	return a.renewal, nil
}

func (a answering) Describe(context.Context, *authv1.DescribeRequest, ...grpc.CallOption) (*authv1.DescribeResponse, error) {
	return a.self, nil
}

// FuzzAnswer tests arbitrary answers of a program: each accepted answer is safe for a session and
// for a log, and any other leads to an error with a kind.
func FuzzAnswer(f *testing.F) {
	add := func(m proto.Message) {
		text, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	add(responseToProto(auth.Response{Identity: &auth.Identity{
		User: "alice", Groups: []string{"staff"}, Home: "/home", Permissions: []auth.Permission{auth.Read},
		Rules: []auth.Rule{{Path: "/in", Permissions: []auth.Permission{auth.Write}}}, Limits: auth.Limits{Sessions: 1}, Message: "Welcome.",
		Grant: auth.Grant{Endpoint: "https://swift.example.net/v1/a", Token: "t", Renewal: []byte("sealed")},
	}}))
	add(responseToProto(auth.Response{Next: &auth.Step{Methods: []auth.Method{auth.Interactive}, Prompts: []auth.Prompt{{Text: "Code: "}}, State: []byte("s")}}))
	add(&authv1.AuthenticateResponse{Outcome: &authv1.AuthenticateResponse_Refusal{Refusal: &authv1.Refusal{}}})
	add(&authv1.RenewResponse{})
	add(describeToProto(auth.Info{Name: "x", Methods: []auth.Method{auth.Password}, Schema: auth.Schema{{Name: "a", Type: auth.TypeBool}}}))
	f.Fuzz(func(t *testing.T, text []byte) {
		a := answering{login: new(authv1.AuthenticateResponse), renewal: new(authv1.RenewResponse), self: new(authv1.DescribeResponse)}
		for _, m := range []proto.Message{a.login, a.renewal, a.self} {
			if proto.Unmarshal(text, m) != nil {
				proto.Reset(m)
			}
		}
		r := &remote{rpc: a}
		_ = r.describe(t.Context(), "test")
		r.info.Methods = []auth.Method{auth.Password}
		kinds := func(err error) {
			t.Helper()
			if !slices.ContainsFunc(auth.Kinds(), func(k error) bool { return errors.Is(err, k) }) {
				t.Errorf("an error of no kind: %v", err)
			}
			if text := err.Error(); text != printable(text, len(text)) {
				t.Errorf("an error that is not fit for a log: %q", text)
			}
		}
		resp, err := r.Authenticate(t.Context(), auth.Request{User: "alice", Method: auth.Password, Password: "x"})
		switch {
		case err != nil:
			kinds(err)
		case (resp.Identity == nil) == (resp.Next == nil):
			t.Errorf("an answer that is neither or both: %+v", resp)
		case resp.Identity != nil:
			if err := checkIdentity(resp.Identity); err != nil {
				t.Error(err)
			}
			// A program in Go must be able to send everything that the host accepts.
			again := identityFromProto(identityToProto(*resp.Identity))
			if err := checkIdentity(again); err != nil || again.User != resp.Identity.User || len(again.Rules) != len(resp.Identity.Rules) {
				t.Errorf("%+v became %+v, %v", resp.Identity, again, err)
			}
		}
		if _, err := r.Renew(t.Context(), auth.Grant{Renewal: []byte("x")}); err != nil {
			kinds(err)
		}
	})
}
