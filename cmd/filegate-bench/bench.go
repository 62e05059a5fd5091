package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"time"
)

// programs are the paths of the servers.
type programs struct {
	filegate, rclone, sshd string
}

// bench is the data of a run that all rows share.
type bench struct {
	programs programs
	rounds   int
	patience time.Duration // the time limit of one turn

	swift    *swift
	keystone keystone
	work     string // directory for the files of clients, and for configurations
	disk     string // directory that sshd serves
	keys     keys
	user     string // the user who runs this, who also logs in to sshd
	begin    time.Time
	stems    int
}

// open prepares a run: directories in the two given ones, and a container.
func (b *bench) open(ctx context.Context, store login, work, disk string) (err error) {
	if store.auth == "" {
		return errors.New(`which Swift? Set -auth, -user and -key, or start the lab: eval "$(.ci/lab/up)"`)
	}
	if b.programs.filegate, err = filepath.Abs(b.programs.filegate); err != nil {
		return err
	}
	me, err := user.Current()
	if err != nil {
		return err
	}
	b.user, b.begin = me.Username, time.Now()
	name := newName()
	if b.swift, err = openSwift(ctx, store, name); err != nil {
		return err
	}
	b.work, b.disk = filepath.Join(work, name), filepath.Join(disk, name)
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close(context.WithoutCancel(ctx)))
		}
	}()
	for _, dir := range []string{b.work, b.disk} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	if b.keys, err = makeKeys(b.work); err != nil {
		return err
	}
	return b.swift.makeContainer(ctx)
}

// close removes everything that the run has created.
func (b *bench) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	return errors.Join(b.swift.close(ctx), os.RemoveAll(b.work), os.RemoveAll(b.disk))
}

// newName returns a unique name for the run.
func newName() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "bench-" + hex.EncodeToString(b[:])
}

// newStem returns a new beginning for the names of files. A server may remember names from an
// earlier turn.
func (b *bench) newStem() string {
	b.stems++
	return fmt.Sprintf("turn-%d", b.stems)
}

// progress prints a message to standard error.
func (b *bench) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.0fs  %s\n", time.Since(b.begin).Seconds(), fmt.Sprintf(format, args...))
}
