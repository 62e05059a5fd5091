package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"filegate/authplugins/authplugin"
	"filegate/authplugins/hook"
	"filegate/authplugins/keystone"
	"filegate/authplugins/ldap"
	"filegate/authplugins/swiftv1"
	"filegate/authplugins/users"
	"filegate/backends/swift/swifttest"
)

// TestMain makes the test binary all the programs that scripts run. The PATH of each script has it
// under their names, all in one directory like an installation.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"filegate":               main,
		"filegate-auth-swiftv1":  func() { authplugin.Serve(swiftv1.Kind()) },
		"filegate-auth-keystone": func() { authplugin.Serve(keystone.Kind()) },
		"filegate-auth-users":    func() { authplugin.Serve(users.Kind()) },
		"filegate-auth-ldap":     func() { authplugin.Serve(ldap.Kind()) },
		"filegate-auth-hook":     func() { authplugin.Serve(hook.Kind()) },
	})
}

var update = flag.Bool("update", false, "write what the scripts got into what they want")

// TestScripts runs the scripts in testdata/script. In addition to the commands of testscript they
// have
//
//	exits N PROGRAM ARG...   run a program, which must exit with that status
//	gateway NAME ARG...      start filegate in the background and wait until it is ready; sets $SSH_PORT,
//	                         $FTP_PORT and $ADMIN_PORT; its standard output is in the file NAME.stdout
//	terminate NAME           stop it with SIGTERM; stderr then checks its log. It must exit with 0, and
//	                         none of its processes may remain
//	killchildren NAME        kill its child processes, which are its authenticators
//	cores NAME LIMIT         check the limit for core dumps of it and its authenticators: a number of
//	                         bytes, or "ours" for the limit of the test
//	reload NAME              make it reload its configuration, with SIGHUP
//	logged NAME REGEXP       wait until its log has a match
//	swift                    start a Swift with the user test:tester, key testing; its auth 1.0 is at
//	                         $AUTH_URL, its Keystone at $KEYSTONE_URL. Keystone also has the user otto,
//	                         key ottopass, in the projects test and test2, who needs a one-time code
//	code                     set $CODE to otto's current code
//	refuse STATUS            make that Swift answer PUTs of objects with that status from now on;
//	                         cut: close the connection; 0: answer normally
//	quota WHERE BYTES        set the quota of that Swift's account test, or of a container in it;
//	                         -1: no quota
//	container NAME KEY VALUE set a header of a container of that account
//	stored [N [M]]           check that N objects with content were sent to that Swift, and M fetched
//	                         from it, since the last check
//	freeport NAME            set $NAME to a free port
//	appears PATTERN          wait until a file matches the pattern
//
// and the conditions [clients:A,B], which is true if those programs are installed, and [python],
// which is true if the example in Python can run. Both are false with -short. With CI=true a
// missing program is a failure. $SOURCE is the root of the module.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Values[storyKey{}] = &story{gateways: map[string]*process{}}
			askpass := filepath.Join(env.WorkDir, ".askpass")
			env.Setenv("SSH_ASKPASS", askpass)
			env.Setenv("SSH_ASKPASS_REQUIRE", "force")
			env.Setenv("PASSWORD", "demo")
			source, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			env.Setenv("SOURCE", source)
			env.Setenv("LC_ALL", "C.UTF-8")
			// The directory of the script has too long a name for a socket.
			env.Setenv("TMPDIR", os.TempDir())
			env.Setenv("SSHOPTS", filepath.Join(env.WorkDir, ".ssh_config"))
			return errors.Join(
				os.WriteFile(askpass, []byte("#!/bin/sh\necho \"$PASSWORD\"\n"), 0o700),
				os.WriteFile(filepath.Join(env.WorkDir, ".ssh_config"), []byte(sshConfig), 0o600),
			)
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        cmdExits,
			"gateway":      cmdGateway,
			"terminate":    cmdTerminate,
			"killchildren": cmdKillChildren,
			"swift":        cmdSwift,
			"code":         cmdCode,
			"appears":      cmdAppears,
			"freeport":     cmdFreePort,
			"logged":       cmdLogged,
			"reload":       cmdHangUp,
			"cores":        cmdCores,
			"refuse":       cmdRefuse,
			"quota":        cmdQuota,
			"container":    cmdContainer,
			"stored":       cmdStored,
		},
	})
}

// sshConfig makes the clients ignore the configuration of the machine's user, and ask for the
// password in batch mode too.
const sshConfig = `
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
LogLevel ERROR
NumberOfPasswordPrompts 1
PreferredAuthentications password,keyboard-interactive
BatchMode no
`

// story is the state of a script: what it has started.
type story struct {
	gateways map[string]*process
	swift    *swifttest.Server
	heal     func() // ends the effect of refuse
}

type storyKey struct{}

func condition(cond string) (bool, error) {
	if cond == "python" {
		return python()
	}
	programs, ok := strings.CutPrefix(cond, "clients:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	if testing.Short() {
		return false, nil
	}
	for program := range strings.SplitSeq(programs, ",") {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				return false, fmt.Errorf("%s is missing, and CI must not skip its tests", program)
			}
			return false, nil
		}
	}
	return true, nil
}

// python reports whether the example in Python can run.
func python() (bool, error) {
	if testing.Short() {
		return false, nil
	}
	_, err := exec.LookPath("protoc")
	if err == nil {
		err = exec.Command("/usr/bin/python3", "-c", "import grpc, google.protobuf, cryptography").Run() //nolint:noctx // it ends at once
	}
	if err != nil && os.Getenv("CI") == "true" {
		return false, fmt.Errorf("protoc, or Python's grpc, protobuf or cryptography, is missing, and CI must not skip its tests: %w", err)
	}
	return err == nil, nil
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	ts.Logf("exit code %d", got)
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdSwift(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: swift")
	}
	fake, err := swifttest.New(swifttest.Config{Record: true, Users: []swifttest.User{
		{Account: "test", Name: "tester", Key: "testing"},
		{Account: "test", Name: "otto", Key: "ottopass", Home: "test", Projects: []string{"test2"}, TOTP: totpSecret},
	}})
	ts.Check(err)
	ts.Check(fake.Listen())
	ts.Defer(func() { fake.Close() })
	ts.Setenv("AUTH_URL", fake.AuthURL())
	ts.Setenv("KEYSTONE_URL", fake.KeystoneURL())
	ts.Value(storyKey{}).(*story).swift = fake
}

// totpSecret is the secret of otto's one-time codes.
const totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: code")
	}
	ts.Setenv("CODE", swifttest.Code(totpSecret, time.Now()))
}

func cmdRefuse(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: refuse STATUS|cut|0")
	}
	fault := swifttest.Fault{At: swifttest.InRequest, Cut: true}
	if args[0] != "cut" {
		status, err := strconv.Atoi(args[0])
		ts.Check(err)
		fault = swifttest.Fault{Status: status}
	}
	st := ts.Value(storyKey{}).(*story)
	if st.heal != nil {
		st.heal()
		st.heal = nil
	}
	if args[0] != "0" {
		st.heal = st.swift.Inject(swifttest.Rule{Op: swifttest.PutObject, Fault: fault})
	}
}

func cmdQuota(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: quota account|CONTAINER BYTES")
	}
	bytes, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	swift := ts.Value(storyKey{}).(*story).swift
	if args[0] == "account" {
		ts.Check(swift.SetAccountQuota("test", bytes))
		return
	}
	const quota = "X-Container-Meta-Quota-Bytes"
	header := []string{quota, args[1]}
	if bytes < 0 {
		header = []string{"X-Remove" + strings.TrimPrefix(quota, "X"), "x"}
	}
	changeContainer(ts, args[0], header...)
}

// changeContainer sets headers of a container in Swift.
func changeContainer(ts *testscript.TestScript, name string, header ...string) {
	swift := ts.Value(storyKey{}).(*story).swift
	login, err := ask(context.Background(), http.MethodGet, swift.AuthURL(), "X-Auth-User", "test:tester", "X-Auth-Key", "testing")
	ts.Check(err)
	_, err = ask(context.Background(), http.MethodPost, login.Get("X-Storage-Url")+"/"+name,
		append(header, "X-Auth-Token", login.Get("X-Auth-Token"))...)
	ts.Check(err)
}

func cmdContainer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: container NAME HEADER VALUE")
	}
	changeContainer(ts, args[0], args[1:]...)
}

func cmdStored(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 2 {
		ts.Fatalf("usage: stored [N [M]]")
	}
	swift := ts.Value(storyKey{}).(*story).swift
	sent, fetched := 0, 0
	for _, r := range swift.Requests() {
		switch {
		case r.Op == swifttest.PutObject && (r.In > 0 || r.Header.Get("Content-Length") != "0"):
			ts.Logf("PUT %s of %d bytes: %d", r.Path, r.In, r.Status)
			sent++
		case r.Op == swifttest.GetObject:
			ts.Logf("GET %s of %d bytes: %d", r.Path, r.Out, r.Status)
			fetched++
		}
	}
	swift.ForgetRequests()
	for i, got := range []int{sent, fetched}[:len(args)] {
		want, err := strconv.Atoi(args[i])
		ts.Check(err)
		if got != want {
			ts.Fatalf("%d objects with content were %s, want %d", got, []string{"sent", "fetched"}[i], want)
		}
	}
}

func cmdFreePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it ends at once
	ts.Check(err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

func cmdAppears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: appears PATTERN")
	}
	pattern := ts.MkAbs(args[0])
	if !eventually(func() bool {
		found, err := filepath.Glob(pattern)
		ts.Check(err)
		return len(found) > 0
	}) {
		ts.Fatalf("there is no file %s", args[0])
	}
}
