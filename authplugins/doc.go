// Package authplugins contains the authenticators, and this guide to writing one.
//
// An authenticator decides who may log in, and with which credential of the storage. It is a
// separate program that the gateway starts. So it can be written without knowing the source of the
// gateway, and replaced without building the gateway, and the gateway survives its failures.
// Package swiftv1 is a small example to copy. To decide on logins with only a few lines in any
// language, use package hook.
//
// # Outside of this tree
//
// Start with
//
//	filegate plugin init go ticket
//
// or with python, sh or http instead of go. The command writes a working project, with a test that
// checks the rules for authenticators, and a README with the next steps. The Go project contains
// the code of the protocol. It needs neither this module nor go-plugin, and go install works. The
// command filegate plugin proto prints the protocol.
//
// The steps below are for an authenticator in this tree. A module outside that wants to import
// these packages must name the directory of the tree, which go build accepts and go install
// refuses:
//
//	go mod edit -require=filegate@v0.0.0
//	go mod edit -replace=filegate=/path/of/filegate
//
// # From nothing to a tested program
//
// 1. Describe the authenticator and its configuration in a package of its own:
//
//	func Kind() authplugin.Kind {
//		return authplugin.Kind{
//			Info: auth.Info{
//				Name:    "ticket",
//				Methods: []auth.Method{auth.Password},
//				Schema: auth.Schema{
//					{Name: "url", Type: auth.TypeString, Required: true, Doc: "where tickets are checked"},
//				},
//			},
//			Configure: configure,
//		}
//	}
//
// 2. Create an authenticator from the configuration. The values already match the schema. Return
// further mistakes with their attribute, and the gateway reports them with file and line. Do not
// wait for a network here.
//
//	func configure(config authplugin.Config) (auth.Authenticator, auth.Diagnostics) {
//		var c struct{ URL string `json:"url"` }
//		if diags := config.Decode(&c); len(diags) > 0 {
//			return nil, diags
//		}
//		return &Authenticator{url: c.URL, sealer: config.Sealer}, nil
//	}
//
// 3. Write the two methods of auth.Authenticator. The error decides what happens next:
//
//	auth.ErrUnknownUser   not our user; the next authenticator in the operator's list is asked
//	auth.ErrDenied        refused; no other authenticator is asked
//	auth.ErrUnavailable   not decided: the service is down, or its answer is invalid
//	auth.ErrMethod        the authenticator does not have this method of proof
//	auth.ErrInvalid       the request cannot be a login
//
// Wrap these errors with %w and a text for the operator: it is logged, and never sent to a client.
// The text must not contain secrets. Answer an empty password with auth.ErrDenied without asking
// the service. Calls are concurrent, and each must end with its context.
//
// A text for the client of a refused login, such as that the password has expired, belongs in an
// auth.Error. The text must be the same for users that exist and users that do not.
//
// The data that Renew needs belongs in Grant.Renewal, sealed with config.Sealer. Keep no data in
// the program: it may be killed and started again at any time.
//
// A login may have several steps. A Response with Next instead of Identity has the methods that may
// continue the login, and the prompts for the client. The data that the next request needs belongs
// in State, also sealed. A key may be checked before the client has proved it: if Request.Verified
// is not set, an identity only means that the key would be accepted.
//
// An Identity may set permissions for parts of the tree (Rules), limit sessions (Limits), and allow
// the gateway to answer the same login itself for a while (CacheFor). Two further methods are
// optional. With Revalidate (Info.Revalidates) a disabled user soon loses open sessions, which
// otherwise end at the next renewal. With Release (Info.Releases) a token ends with its last
// session.
//
// 4. The program is
//
//	func main() { authplugin.Serve(ticket.Kind()) }
//
// in a directory cmd/filegate-auth-ticket. Its standard output belongs to the protocol. Its
// standard error is logged by the gateway under the program's name.
//
// 5. Test it with the rules for authenticators (package conformance) and a fake of the service:
//
//	func TestMain(m *testing.M) { authtest.Main(m, ticket.Kind()) }
//
//	func TestConformance(t *testing.T) {
//		service := newFake(t)
//		authtest.Run(t, authtest.Subject{
//			Kind:     ticket.Kind(),
//			Values:   map[string]any{"url": service.URL},
//			User:     "alice",
//			Password: "secret",
//			Unknown:  "nobody",
//			Requests: service.Requests,
//		})
//	}
//
// 6. Install the program in plugin_dir, and name it:
//
//	auth "ticket" "door" {
//		config {
//			url = "https://tickets.example.net/check"
//		}
//	}
//
// filegate plugin list then starts the program and reports whether it works, and filegate login
// door -u alice makes a login and shows each step. After a change of the program or of the block,
// SIGHUP makes the gateway load it: new logins use the new program, and open sessions keep the old
// one.
//
// # In a debugger
//
// A gateway gives a program little time: it kills a program that is at a breakpoint. With
//
//	filegate login -debug -set url=http://127.0.0.1:8000/check -u alice ./filegate-auth-ticket
//
// the program has no time limits and is not checked. The command prints its process ID, to which a
// debugger can attach, and then asks for the password. To begin in the debugger, start the program
// there yourself, with two variables that a gateway would set:
//
//	FILEGATE_AUTHENTICATOR=de21c3ac-started-by-filegate PLUGIN_UNIX_SOCKET_DIR=/tmp \
//		dlv debug ./cmd/filegate-auth-ticket
//
// It prints a line such as 1|1|unix|/tmp/plugin123|grpc| when it is ready. In another terminal,
//
//	filegate login -reattach '1|1|unix|/tmp/plugin123|grpc|' \
//		-set url=http://127.0.0.1:8000/check -u alice ./filegate-auth-ticket
//
// configures it, makes one login, and leaves it running for the next. The program that -reattach
// uses need not be the file at the path. Instead of the path and -set, the name of an auth block
// selects its configuration. This works for programs in any language: a program without
// FILEGATE_HOST_FD has no host to end with.
//
// # In another language
//
// The protocol is authplugin/authv1/auth.proto. The comment at its beginning describes how a
// program starts. Package example-python is a complete example, and filegate plugin init python
// copies it. Step 5 is replaced by
//
//	filegate plugin test ./filegate-auth-ticket \
//		-set url=http://127.0.0.1:8000/check -u alice -unknown nobody
//
// which asks for the password and tests the program with the same rules. It also tests that the
// program ends with its host, and that it renews grants from an earlier run; in Go, package
// authplugin takes care of both.
//
// # How long the protocol is served
//
// Filegate supports version 1 of the protocol in all releases 1.x, and for at least two years after
// the first release with a later version. Within a version, fields are only added. A program that
// restricts a login with a new field must name its feature in Identity.required_features. A gateway
// without the feature refuses the login. DescribeRequest.host_features lists the features of the
// gateway in advance.
//
// # The trust boundary
//
// The gateway trusts a program with its decisions: who may log in, and with which token for which
// storage. A program sees the passwords of all logins that it checks. So install it like the
// gateway itself, where only an administrator can write, and pin its sha256 if possible.
//
// A program cannot endanger the gateway itself. It gets a clean environment and none of the
// gateway's files. Its answers are checked and bounded, and a doubtful answer is refused as a
// whole. Each call has a deadline, and the number of concurrent calls is limited. Its output is
// escaped, cut and counted. If it dies or hangs, its whole process group is killed, and its control
// group if filegate may create one, and it is started again; open sessions continue. Only the
// gateway's user can connect to it: its socket is in a private directory, and if the program
// supports it, both sides create certificates for this run.
//
// Nothing protects against root or another process of the gateway's user: both can read the memory
// of both processes. Against other users of the machine, the directory and the certificates
// protect. The sha256 is checked at each start, so a replaced program is found. A user who can
// write to its directory can still replace it between the check and the start.
//
// The worst that a program can do to the gateway is to admit the wrong users, with a token and an
// endpoint of its choice. Endpoints must be http or https, names and homes must not have control
// characters, and unknown permissions allow nothing.
//
// The program runs as the gateway's user, and filegate does not confine it: that is left to the
// service manager. With systemd use KillMode=mixed: then the programs still run while the gateway
// shuts down, and are killed when it has ended.
//
// For clients, the boundary is the password: an authenticator must accept any bytes in it, with any
// length up to 256 KiB.
package authplugins
