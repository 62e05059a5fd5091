package authplugin

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"filegate/core/auth"
)

// defaultStartTimeout is the start timeout if a launcher sets none.
const defaultStartTimeout = 10 * time.Second

// forever is the time limit of a launcher for debugging.
const forever = 365 * 24 * time.Hour

// Launcher starts authenticator programs and keeps them running. The zero value is ready to use,
// and safe for concurrent use. A gateway should use one launcher for its whole life, because
// another launcher cannot renew the grants of its programs.
type Launcher struct {
	// StartTimeout is the time limit for starting and configuring a program; 10 seconds if zero.
	StartTimeout time.Duration
	// CallTimeout is the time limit for a call, even if its context ends later; 30 seconds if zero.
	CallTimeout time.Duration
	// MaxCalls is the maximum number of calls of a program at the same time; others wait. 64 if
	// zero.
	MaxCalls int
	// SocketDir is the directory in which directories for sockets are created. It has at most 40
	// characters. If it is empty, os.TempDir is used.
	SocketDir string

	// Debug is for the author of a program who runs it in a debugger: nothing has a time limit, and
	// the program is not checked while it runs. StartTimeout and CallTimeout, also those of the
	// specification, are not used.
	Debug bool

	restart restart // for tests; the zero value means the defaults

	once   sync.Once
	secret []byte // from which the sealing keys are derived
}

// restart holds the times for supervising and restarting a program.
type restart struct {
	min, max    time.Duration // the pause before a start: min at first, doubled each time up to max
	wait        time.Duration // the maximum time that a call waits while the program is down
	health      time.Duration // the interval of health checks
	healthLimit time.Duration // the time limit of a health check
}

var _ auth.Launcher = (*Launcher)(nil)

// Launch implements auth.Launcher.
func (l *Launcher) Launch(ctx context.Context, spec auth.LaunchSpec) (auth.Plugin, auth.Diagnostics, error) {
	p, diags, err := l.launch(ctx, spec)
	if err != nil {
		return nil, nil, fmt.Errorf("authenticator %q: %s: %w", spec.Name, spec.Path, err)
	}
	if len(diags) > 0 {
		return nil, diags, nil
	}
	return p, nil, nil
}

func (l *Launcher) launch(ctx context.Context, spec auth.LaunchSpec) (_ *program, _ auth.Diagnostics, err error) {
	// exec would look up a bare name in PATH.
	if spec.Path, err = filepath.Abs(spec.Path); err != nil {
		return nil, nil, err
	}
	key, err := l.sealKey(spec)
	if err != nil {
		return nil, nil, err
	}
	p := &program{
		spec:         spec,
		log:          spec.Log.With("authenticator", spec.Name),
		sealKey:      key,
		startTimeout: cmp.Or(spec.StartTimeout, l.StartTimeout, defaultStartTimeout),
		callTimeout:  cmp.Or(spec.CallTimeout, l.CallTimeout, 30*time.Second),
		slots:        make(chan struct{}, cmp.Or(spec.MaxCalls, l.MaxCalls, 64)),
		restart: restart{
			min:         cmp.Or(l.restart.min, 100*time.Millisecond),
			max:         cmp.Or(l.restart.max, 30*time.Second),
			wait:        cmp.Or(l.restart.wait, 3*time.Second),
			health:      cmp.Or(l.restart.health, 5*time.Second),
			healthLimit: cmp.Or(l.restart.healthLimit, 5*time.Second),
		},
		masks: newMasks(),
		ready: make(chan struct{}),
	}
	if l.Debug {
		p.startTimeout, p.callTimeout = forever, forever
		p.restart.health, p.restart.healthLimit = forever, forever
	}
	if p.sockets, err = newSocketDir(cmp.Or(l.SocketDir, os.TempDir())); err != nil {
		return nil, nil, err
	}
	diags, err := p.launch(ctx)
	if err != nil || len(diags) > 0 {
		return nil, diags, errors.Join(err, p.sockets.remove())
	}
	return p, nil, nil
}

// sealKey returns the sealing key of an authenticator. It depends on the name only: a reload starts
// a new program, other gateways run programs of the same name, and each must open what another has
// sealed.
func (l *Launcher) sealKey(spec auth.LaunchSpec) ([]byte, error) {
	if len(spec.SealSecret) > 0 {
		return hkdf.Key(sha256.New, spec.SealSecret, nil, "filegate renewal "+spec.Name, sealKeySize)
	}
	l.once.Do(func() {
		l.secret = make([]byte, sealKeySize)
		rand.Read(l.secret) // never fails
	})
	return hkdf.Key(sha256.New, l.secret, nil, "filegate renewal "+spec.Name, sealKeySize)
}

// checkFile checks the file of a program before it is run, and returns its description.
func checkFile(spec auth.LaunchSpec) (fs.FileInfo, error) {
	path, wantSHA256 := spec.Path, spec.SHA256
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no such file: install the program there, or set path or plugin_dir to where it is (%w)", fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("it cannot be looked at: %w", err)
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file: set path to the program itself")
	}
	if err := unix.Access(path, unix.X_OK); err != nil {
		return nil, fmt.Errorf("it may not be executed by this user: set its mode to 0755 (%w)", err)
	}
	if !spec.AnyOwner {
		if err := checkOwners(path); err != nil {
			return nil, err
		}
	}
	if wantSHA256 == "" {
		return info, nil
	}
	want, err := hex.DecodeString(strings.TrimSpace(wantSHA256))
	if err != nil || len(want) != sha256.Size {
		return nil, fmt.Errorf("sha256 %q is no checksum: give the %d hexadecimal digits that sha256sum prints", wantSHA256, 2*sha256.Size)
	}
	got, err := checksum(path)
	if err != nil {
		return nil, fmt.Errorf("it cannot be checked: %w", err)
	}
	if subtle.ConstantTimeCompare(got, want) != 1 {
		return nil, fmt.Errorf("its SHA-256 is %x, and the configuration wants %x: install the right program, or correct sha256 if this one is", got, want)
	}
	return info, nil
}

func checksum(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
