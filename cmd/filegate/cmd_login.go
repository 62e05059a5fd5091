package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"filegate/authplugins/authplugin"
	"filegate/core/auth"
)

// maxLoginSteps is the maximum number of steps of one login.
const maxLoginSteps = 16

func cmdLogin(e env, args []string) int {
	fs := newFlags(e, "login", "[-c FILE] [-set NAME=VALUE] -u USER [-method METHOD] [-key FILE] [-from ADDRESS] [-debug] [-reattach LINE] NAME|PATH\n\n"+
		"Log in at an authenticator as the gateway does, show each step and what the login grants, and release the grant. The command\n"+
		"asks for secrets, or reads them from standard input, one on each line, and never shows them. With -key the command does not need\n"+
		"the private key.\n\n"+
		"For authors: with -debug the program has no time limits and is not checked, and its process ID is printed, for a debugger. With\n"+
		"-reattach the command uses a program that you have started yourself, for example in a debugger, and leaves it running:\n\n"+
		"  "+authplugin.DebugEnv+" dlv debug .\n\n"+
		"LINE is the line that the program then prints. NAME and PATH only select the configuration.\n")
	var flags targetFlags
	flags.register(fs)
	user := fs.String("u", "", "the `user` who logs in")
	method := fs.String("method", "", "the login `method`: password, keyboard-interactive or publickey (default publickey with -key, else the first that the authenticator offers)")
	keyFile := fs.String("key", "", "the `file` of a public key to log in with")
	from := fs.String("from", "127.0.0.1", "the `address` of the client")
	debug := fs.Bool("debug", false, "set no time limits, show all output of the program, and print its process ID")
	reattach := fs.String("reattach", "", "use the running program that has printed this `line`")
	service := fs.String("service", "ssh", "the `service` that the client uses: ssh or ftp")
	words, code, ok := parseMixed(e, fs, args, 1)
	switch {
	case !ok:
		return code
	case *user == "":
		fmt.Fprintf(e.stderr, "filegate login: give the user with -u\n")
		return exitUsage
	}
	addr, err := netip.ParseAddr(*from)
	if err != nil {
		fmt.Fprintf(e.stderr, "filegate login: -from: %v\n", err)
		return exitUsage
	}
	w := walk{env: e, req: auth.Request{
		User: *user, Method: auth.Method(*method), Service: *service, SessionID: "filegate-login",
		Remote: netip.AddrPortFrom(addr, 1), Client: "filegate login",
	}}
	if *keyFile != "" {
		if w.key, err = readPublicKey(*keyFile); err != nil {
			return e.fail(err)
		}
		w.req.Method = cmp.Or(w.req.Method, auth.PublicKey)
	}
	t, err := flags.target(e, words[0])
	if err != nil {
		return e.fail(err)
	}
	p, err := t.forLogin(e, *debug, *reattach)
	if err != nil {
		return e.fail(err)
	}
	defer p.Close()
	if w.req.Method == "" {
		w.req.Method = firstOf(p.Info().Methods)
	}
	id, err := w.through(p)
	if err != nil {
		fmt.Fprintf(e.stdout, "refused: %v\n", err)
		if text := auth.ClientText(err); text != "" {
			fmt.Fprintf(e.stdout, "the client reads: %s\n", text)
		}
		return exitFailure
	}
	showIdentity(e, *id)
	if err := auth.Release(e.stop, p, id.Grant); err != nil {
		fmt.Fprintf(e.stdout, "the grant could not be given back: %v\n", err)
		return exitFailure
	}
	return exitOK
}

// firstOf returns the default login method for an authenticator with these methods.
func firstOf(methods []auth.Method) auth.Method {
	for _, m := range []auth.Method{auth.Password, auth.Interactive} {
		if slices.Contains(methods, m) {
			return m
		}
	}
	return auth.Password
}

// walk is a login in progress.
type walk struct {
	env
	req  auth.Request
	key  []byte
	step int
}

// through runs the login until the authenticator grants or refuses it.
func (w *walk) through(a auth.Authenticator) (*auth.Identity, error) {
	for w.step < maxLoginSteps {
		if err := w.prove(); err != nil {
			return nil, err
		}
		w.step++
		fmt.Fprintf(w.stdout, "step %d: %s\n", w.step, w.what())
		resp, err := a.Authenticate(w.stop, w.req)
		switch {
		case err != nil:
			return nil, err
		case resp.Identity != nil && w.req.Method == auth.PublicKey && !w.req.Verified:
			fmt.Fprintln(w.stdout, "        it would do")
			w.req.Verified = true
			continue
		case resp.Identity != nil:
			return resp.Identity, nil
		case resp.Next == nil:
			return nil, errors.New("the answer is neither an identity nor a step")
		}
		if err := w.next(*resp.Next); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the login has not ended after %d steps", maxLoginSteps)
}

// what returns a description of the next request, for the user.
func (w *walk) what() string {
	switch {
	case w.req.Method == auth.PublicKey && !w.req.Verified:
		return "may this key log in?"
	case w.req.Method == auth.Interactive && w.req.Asks():
		return "which questions are there?"
	case w.req.Method == auth.Interactive:
		return fmt.Sprintf("%s, %d answers", w.req.Method, len(w.req.Answers))
	}
	return string(w.req.Method)
}

// prove sets the secret that the method of the next request needs.
func (w *walk) prove() (err error) {
	w.req.Password, w.req.PublicKey = "", nil
	switch w.req.Method {
	case auth.Password:
		w.req.Password, err = w.askAnswer("password: ", false)
	case auth.PublicKey:
		if w.key == nil {
			return errors.New("the login needs a public key: give its file with -key")
		}
		w.req.PublicKey = w.key
	}
	return err
}

// next prints what the authenticator asks for, and prepares the next request.
func (w *walk) next(step auth.Step) error {
	fmt.Fprintf(w.stdout, "        wanted: %s\n", strings.ReplaceAll(joined(step.Methods), ",", " or "))
	w.req.State, w.req.Answers, w.req.Verified = step.State, nil, false
	w.req.Method = step.Methods[0]
	for _, m := range []auth.Method{auth.Interactive, auth.Password, auth.PublicKey} {
		if slices.Contains(step.Methods, m) && (m != auth.PublicKey || w.key != nil) {
			w.req.Method = m
			break
		}
	}
	for line := range strings.Lines(step.Instruction) {
		fmt.Fprintf(w.stdout, "        | %s\n", strings.TrimRight(line, "\n"))
	}
	if w.req.Method != auth.Interactive {
		return nil
	}
	for _, p := range step.Prompts {
		fmt.Fprintf(w.stdout, "        asked: %s\n", strings.TrimSpace(p.Text))
		answer, err := w.askAnswer(p.Text, p.Echo)
		if err != nil {
			return err
		}
		w.req.Answers = append(w.req.Answers, answer)
	}
	return nil
}

// showIdentity prints what a login grants, without secrets.
func showIdentity(e env, id auth.Identity) {
	fmt.Fprintln(e.stdout, "logged in")
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	defer w.Flush()
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %s\t%s\n", name, value)
		}
	}
	row("user", id.User)
	row("groups", strings.Join(id.Groups, ", "))
	row("home", cmp.Or(id.Home, "/"))
	row("may", cmp.Or(strings.ReplaceAll(joined(id.Permissions), ",", ", "), "everything"))
	for _, r := range id.Rules {
		row("may below "+r.Path, cmp.Or(strings.ReplaceAll(joined(r.Permissions), ",", ", "), "nothing"))
	}
	for _, l := range []struct {
		name string
		n    int64
	}{
		{"sessions at a time", int64(id.Limits.Sessions)},
		{"bytes a second, up", id.Limits.UploadRate},
		{"bytes a second, down", id.Limits.DownloadRate},
		{"bytes in a session", id.Limits.SessionBytes},
	} {
		if l.n > 0 {
			row(l.name, fmt.Sprint(l.n))
		}
	}
	if id.CacheFor > 0 {
		row("cached for", id.CacheFor.String())
	}
	row("message", strings.ReplaceAll(id.Message, "\n", " / "))
	row("endpoint", id.Grant.Endpoint)
	row("region", id.Grant.Region)
	row("extra", strings.Join(slices.Sorted(maps.Keys(id.Grant.Extra)), ", "))
	switch {
	case id.Grant.Token == "":
	case id.Grant.Expires.IsZero():
		row("token", "it does not say when it ends")
	default:
		row("token", fmt.Sprintf("ends %s, in %s", id.Grant.Expires.UTC().Format(time.RFC3339), time.Until(id.Grant.Expires).Round(time.Second)))
	}
	if len(id.Grant.Renewal) > 0 {
		row("renewal", "possible")
	}
}
