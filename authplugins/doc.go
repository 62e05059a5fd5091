// Package authplugins is the home of the authenticators, and the guide to writing one.
//
// An authenticator decides who may log in, and with which credential of the storage. It is a
// program of its own that the gateway starts: it can be written without reading the gateway's
// source, replaced without building it, and it can fail without taking it along. package swiftv1 is
// a small one to copy from. Who wants to decide by a few lines in any language, and no more, has
// package hook.
//
// # Outside of this tree
//
// Start with
//
//	filegate plugin init go ticket
//
// or with python, sh or http in place of go. It writes a project that works, with a test that holds
// the rules for authenticators against it, and a README with the steps from there. The one in Go
// has the code of the protocol in it, and needs neither this module nor go-plugin: go install
// works. filegate plugin proto prints the protocol.
//
// The steps below are for an authenticator in this tree. A module outside that wants to import the
// packages named there says where the tree is, which go install refuses and go build takes:
//
//	go mod edit -require=filegate@v0.0.0
//	go mod edit -replace=filegate=/path/of/filegate
//
// # From nothing to a tested program
//
// 1. Write down what it is and how it is configured, in a package of your own:
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
// 2. Make an authenticator of the configuration. The values fit the schema already; say what else
// is wrong by attribute, and the gateway shows it with file and line. Do not wait for a network
// here.
//
//	func configure(config authplugin.Config) (auth.Authenticator, auth.Diagnostics) {
//		var c struct{ URL string `json:"url"` }
//		if diags := config.Decode(&c); len(diags) > 0 {
//			return nil, diags
//		}
//		return &Authenticator{url: c.URL, sealer: config.Sealer}, nil
//	}
//
// 3. Write the two methods of auth.Authenticator. Which error to return decides what happens next:
//
//	auth.ErrUnknownUser   not ours; the next authenticator in the operator's list is asked
//	auth.ErrDenied        refused; nobody else is asked
//	auth.ErrUnavailable   nobody could tell: the service is down, or answers rubbish
//	auth.ErrMethod        this kind of proof is not done here
//	auth.ErrInvalid       what was sent can be no login
//
// Wrap them with %w and with what the operator should read in the log: the text never reaches a
// client. Keep secrets out of it. An empty password is auth.ErrDenied without asking anybody. Calls
// come concurrently, and must end with their context.
//
// A text that the client should read beside a refusal, such as that the password has expired, goes
// into an auth.Error. It must not tell a user who exists from one who does not.
//
// What Renew will need later goes into Grant.Renewal, sealed with config.Sealer. Keep nothing in
// the program: it may be killed and started again at any time.
//
// A login may take several steps: a Response with Next instead of Identity says which methods will
// do, and which prompts the client shows; what the next request needs to know goes into State,
// sealed as well. A key is asked about before it is proved: without Request.Verified an identity
// only says that it would do.
//
// An Identity may give parts of the tree permissions of their own (Rules), bound what a session
// takes (Limits), and let the gateway answer the same login by itself for a while (CacheFor). Two
// methods more are optional: with Revalidate (Info.Revalidates) a user who was disabled loses open
// sessions soon, where otherwise a renewal has to tell; with Release (Info.Releases) a token ends
// with its last session.
//
// 4. The program is
//
//	func main() { authplugin.Serve(ticket.Kind()) }
//
// in a directory cmd/filegate-auth-ticket. Standard output belongs to the protocol; what goes to
// standard error is in the gateway's log, under the program's name.
//
// 5. Hold the rules that all authenticators keep (package conformance) against it, with a fake of
// your service:
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
// filegate plugin list then tells whether it runs, and filegate login door -u alice goes through a
// login and shows each step. When program or block change, SIGHUP makes the gateway take them over:
// new logins go to the new program, and sessions keep the old one.
//
// # In another language
//
// The protocol is authplugin/authv1/auth.proto, whose head says what a program does at its start.
// example-python is a whole one to copy from, which filegate plugin init python does. In place of
// step 5 is
//
//	filegate plugin test ./filegate-auth-ticket -set url=http://127.0.0.1:8000/check -u alice -unknown nobody
//
// which asks for the password and holds the same rules against the program; also that it ends with
// its host, and renews what another run of it has granted, which the Go package does for its
// authors.
//
// # How long the protocol is served
//
// Filegate serves version 1 of the protocol as long as there are releases 1.x, and for at least two
// years after the first release that has a later version. Within a version fields are only added. A
// program that relies on a new one, because it restricts a login, names its feature in
// Identity.required_features: a gateway that lacks it refuses the login, and
// DescribeRequest.host_features says in advance what the gateway has.
//
// # The trust boundary
//
// The gateway trusts a program with what it asks it: who may log in, and with which token for which
// storage. A program sees the passwords of those who log in through it. So install it like the
// gateway itself, where only an administrator can write, and pin its sha256 where you can.
//
// It is not trusted with the gateway's life. It gets a clean environment and none of the gateway's
// files; what it answers is checked, bounded, and refused as a whole if in doubt; each call has a
// deadline, and there are only so many at once; what it prints is escaped, cut and counted; if it
// dies or hangs, all of its process group is ended and it is started again. Sessions that are open
// do not notice. Only the gateway's user can connect to it: a socket in a private directory, with
// certificates that both sides make for this one run where the program can do that.
//
// Against whoever is that user, or root, there is no boundary: he can read both processes' memory.
// Against other users of the machine there are the directory and the certificates. A program that
// was exchanged is found by its sha256 at each start, but not by one who may write where it lies
// between check and start.
//
// What a program may do to the gateway at worst is to let the wrong people in, with a token and an
// endpoint of its choice: endpoints are http or https and nothing else, names and homes have no
// control characters, and permissions that the gateway does not know open nothing.
//
// It runs as the gateway's user, and nothing here confines it: that is for the service manager.
// Under systemd use KillMode=mixed, so that programs outlive the gateway's orderly end and not the
// gateway.
//
// On the side of the client the boundary is the password: authenticators must expect any bytes, at
// any length up to 256 KiB.
package authplugins
