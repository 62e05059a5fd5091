// Package authplugins is the home of the authenticators, and the guide to writing one.
//
// An authenticator decides who may log in, and with which credential of the storage. It is a program of its own that the gateway starts:
// it can be written without reading the gateway's source, replaced without building it, and it can fail without taking it along.
// package swiftv1 is a small one to copy from. Who wants to decide by a few lines in any language, and no more, has package hook.
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
// 2. Make an authenticator of the configuration. The values fit the schema already; say what else is wrong by attribute, and
// the gateway shows it with file and line. Do not wait for a network here.
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
// Wrap them with %w and with what the operator should read in the log: the text never reaches a client. Keep secrets out of it. An empty
// password is auth.ErrDenied without asking anybody. Calls come concurrently, and must end with their context.
//
// What Renew will need later goes into Grant.Renewal, sealed with config.Sealer. Keep nothing in the program: it may be killed and started again at any time.
//
// 4. The program is
//
//	func main() { authplugin.Serve(ticket.Kind()) }
//
// in a directory cmd/filegate-auth-ticket. Standard output belongs to the protocol; what goes to standard error is in the gateway's log, under the program's name.
//
// 5. Hold the suite against it, with a fake of your service:
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
// Authors in other languages start from authplugin/authv1/auth.proto, which also says what to do at the start.
//
// # The trust boundary
//
// The gateway trusts a program with what it asks it: who may log in, and with which token for which storage. A program sees the passwords
// of those who log in through it. So install it like the gateway itself, where only an administrator can write, and pin its sha256 where you can.
//
// It is not trusted with the gateway's life. It gets a clean environment and none of the gateway's files; what it answers is
// checked, bounded, and refused as a whole if in doubt; each call has a deadline, and there are only so many at once; what it prints is escaped, cut
// and counted; if it dies or hangs, all of its process group is ended and it is started again. Sessions that are open do not
// notice. Only the gateway can connect to it: a socket in a private directory, with certificates that both sides make for this one run.
//
// It runs as the gateway's user, and nothing here confines it: that is for the service manager. Under systemd use
// KillMode=mixed, so that programs outlive the gateway's orderly end and not the gateway.
//
// On the side of the client the boundary is the password: authenticators must expect any bytes, at any length up to 256 KiB.
package authplugins
