package authplugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"filegate/core/auth"
)

// orphanGrace is the time that a program has to notice the end of its host.
const orphanGrace = 3 * time.Second

// Describe starts a program only to get its description. It does not use the configuration and the
// name in spec.
func (l *Launcher) Describe(ctx context.Context, spec auth.LaunchSpec) (info auth.Info, err error) {
	err = l.probe(ctx, spec, func(inst *instance) error {
		info = inst.info
		return inst.checkKind(spec.Kind)
	})
	return info, err
}

// EndsWithHost starts a program, simulates the end of the host, and returns an error if the program
// continues to run: it would be left behind by a gateway that was killed. It is for the tests of
// authenticators in other languages, which do not use [Serve].
func (l *Launcher) EndsWithHost(ctx context.Context, spec auth.LaunchSpec) error {
	return l.probe(ctx, spec, func(inst *instance) error {
		_ = inst.process.host.Close() // wait closes it too
		select {
		case <-inst.process.exited:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(orphanGrace):
			return fmt.Errorf("the program runs on after its host is gone: it must end when the descriptor that %s names reaches its end", hostFDEnv)
		}
	})
}

// probe runs f with a program that is not configured, and stops the program.
func (l *Launcher) probe(ctx context.Context, spec auth.LaunchSpec, f func(*instance) error) error {
	path, err := filepath.Abs(spec.Path)
	if err != nil {
		return err
	}
	spec.Path = path
	if _, err := checkFile(spec); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	sockets, err := newSocketDir(cmp.Or(l.SocketDir, os.TempDir()))
	if err != nil {
		return err
	}
	inst, err := startInstance(ctx, spec, sockets.path, cmp.Or(spec.StartTimeout, l.StartTimeout, defaultStartTimeout), spec.Log, newMasks())
	if err == nil {
		err = f(inst)
		inst.stop()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return errors.Join(err, sockets.remove())
}
