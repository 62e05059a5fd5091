package authplugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"filegate/core/auth"
)

// orphanGrace is how long a program may take to notice that its host is gone.
const orphanGrace = 3 * time.Second

// EndsWithHost starts a program, ends what stands for the host, and says what is wrong if the program lives on: after a
// gateway that was killed it would be an orphan. It is for the suite of authenticators in other languages, where [Serve] does not see to that.
func (l *Launcher) EndsWithHost(ctx context.Context, spec auth.LaunchSpec) error {
	sockets, err := newSocketDir(cmp.Or(l.SocketDir, os.TempDir()))
	if err != nil {
		return err
	}
	timeout := cmp.Or(l.StartTimeout, defaultStartTimeout)
	inst, err := startInstance(ctx, spec.Path, sockets.path, timeout, spec.Log)
	if err != nil {
		return errors.Join(err, sockets.remove())
	}
	_ = inst.process.host.Close() // wait closes it too
	select {
	case <-inst.process.exited:
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(orphanGrace):
		err = fmt.Errorf("the program runs on after its host is gone: it must end when the descriptor that %s names reaches its end", hostFDEnv)
	}
	inst.stop()
	return errors.Join(err, sockets.remove())
}
