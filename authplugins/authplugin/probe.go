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

// orphanGrace is how long a program may take to notice that its host is gone.
const orphanGrace = 3 * time.Second

// Describe starts a program only to ask what it is. The configuration and the name in spec are not used.
func (l *Launcher) Describe(ctx context.Context, spec auth.LaunchSpec) (info auth.Info, err error) {
	err = l.probe(ctx, spec, func(inst *instance) error {
		info = inst.info
		return inst.checkKind(spec.Kind)
	})
	return info, err
}

// EndsWithHost starts a program, ends what stands for the host, and says what is wrong if the program lives on: after a
// gateway that was killed it would be an orphan. It is for the suite of authenticators in other languages, where [Serve] does not see to that.
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

// probe runs f with a program that is not configured, and leaves nothing of it.
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
