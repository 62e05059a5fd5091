package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// interrupt begins an upload, cuts its connection, and resumes it, until the file is stored.
func (c *client) interrupt(ctx context.Context) {
	c.uploads++
	name := fmt.Sprintf("%s/upload%d", c.dir(), c.uploads)
	value, data := c.numbers.record(1_200_000 + c.rand.IntN(600_000))
	g := c.gateways[c.rand.IntN(len(c.gateways))]
	d, err := newSFTP(ctx, g.sftp.address(), c.login)
	if err != nil {
		return
	}
	f, err := d.c.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err == nil {
		_, _ = f.WriteAt(data[:c.rand.IntN(len(data))], 0) // the connection may be cut before
	}
	reset(d.socket)
	d.close()
	for ctx.Err() == nil {
		d := c.enter(ctx)
		if d == nil {
			return
		}
		off, err := d.size(name)
		switch {
		case errors.Is(err, errNone), err == nil && off == int64(len(data)): // all has arrived, and may not be stored
			err = d.put(name, data)
		case err == nil && off > int64(len(data)):
			c.wrong("%s: %s was told that %d bytes of %d have arrived", name, c.where, off, len(data))
			return
		case err == nil:
			err = d.resume(name, off, data[off:])
		}
		if !c.outcome(err) {
			continue
		}
		c.resumed.Add(1)
		got, err := d.get(name, nil)
		if !c.outcome(err) {
			if errors.Is(err, errNone) {
				c.wrong("%s: %s was told that an upload does not exist, but it is stored", name, c.where)
				return
			}
			continue
		}
		if n, err := one(got); err != nil || n != value {
			c.wrong("%s: %s resumed an upload, and then read %d bytes of %d: record %d, want %d (%v)", name, c.where, len(got), len(data), n, value, err)
		}
		return
	}
}

// dirName returns a name of the directory that is renamed.
func (c *client) dirName(moved bool) string {
	if moved {
		return c.dir() + "/dir2"
	}
	return c.dir() + "/dir1"
}

// fillDir creates the directory that is renamed.
func (c *client) fillDir(d door) error {
	if err := d.mkdir(c.dirName(false)); err != nil {
		return err
	}
	for i := range dirFiles {
		value, data := c.numbers.record(c.newSize())
		base := fmt.Sprintf("file%d", i)
		if err := d.put(c.dirName(false)+"/"+base, data); err != nil {
			return err
		}
		c.files[base] = value
	}
	return nil
}

// moveDir renames the directory to its other name, until the server says that it is done.
func (c *client) moveDir(ctx context.Context) {
	from, to := c.dirName(c.moved), c.dirName(!c.moved)
	c.moved = !c.moved
	for try := 0; ctx.Err() == nil; try++ {
		d := c.enter(ctx)
		if d == nil {
			return
		}
		err := d.rename(from, to)
		c.outcome(err)
		if errors.Is(err, errNone) && try == 0 {
			c.wrong("%s: %s was told that the directory does not exist", from, c.where)
		}
		if err == nil || errors.Is(err, errNone) {
			c.checkDir(d)
			return
		}
		if _, err := d.size(from); errors.Is(err, errNone) { // an earlier try has finished it
			c.checkDir(d)
			return
		}
	}
}

// checkDir reads the files of the renamed directory.
func (c *client) checkDir(d door) {
	dir, began := c.dirName(c.moved), time.Now()
	names, err := d.list(dir)
	if !c.outcome(err) {
		if errors.Is(err, errNone) {
			c.wrong("%s: %s does not find the renamed directory at %s", dir, c.where, clock(began))
		}
		return
	}
	for base, want := range c.files {
		if !slices.Contains(names, base) {
			c.wrong("%s: %s does not list %s at %s, but %q", dir, c.where, base, clock(began), names)
			continue
		}
		data, err := d.get(dir+"/"+base, nil)
		if errors.Is(err, errNone) {
			c.wrong("%s/%s: %s was told at %s that it does not exist", dir, base, c.where, clock(began))
		}
		if !c.outcome(err) {
			return
		}
		if n, err := one(data); err != nil || n != want {
			c.wrong("%s/%s: %s read record %d, want %d (%v)", dir, base, c.where, n, want, err)
		}
	}
	c.counts.reads.Add(1)
}
