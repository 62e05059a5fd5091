package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jlaffaye/ftp"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// The login of all clients.
const (
	user     = "test:tester"
	password = "testing"
)

// errNone is the error for a file that does not exist.
var errNone = errors.New("no such file")

// patience is how long a client waits for one operation.
const patience = 60 * time.Second

// door is a session of a client. Its methods return errNone if the server says that the file does
// not exist. Any other error means that nobody knows what has happened.
type door interface {
	put(name string, data []byte) error
	appendTo(name string, data []byte) error
	// resume writes the rest of an upload that was interrupted after off bytes.
	resume(name string, off int64, rest []byte) error
	// size returns the size of a file, or of an interrupted upload.
	size(name string) (int64, error)
	get(name string) ([]byte, error)
	rename(from, to string) error
	remove(name string) error
	mkdir(name string) error
	list(name string) ([]string, error)
	close()
}

// knock logs in by a protocol.
func knock(ctx context.Context, protocol string, g *gateway) (door, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if protocol == "ftp" {
		return newFTP(ctx, g.ftp.address())
	}
	return newSFTP(ctx, g.sftp.address())
}

// limited closes a connection if an operation takes too long.
type limited struct{ conn net.Conn }

func (l limited) begin() (end func()) {
	t := time.AfterFunc(patience, func() { l.conn.Close() })
	return func() { t.Stop() }
}

type sftpDoor struct {
	limited
	c    *sftp.Client
	conn *ssh.Client
}

func newSFTP(ctx context.Context, address string) (*sftpDoor, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d := &sftpDoor{limited: limited{conn}}
	defer d.begin()()
	transport, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(password)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), //nolint:gosec // a gateway of our own on loopback
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	d.conn = ssh.NewClient(transport, channels, requests)
	if d.c, err = sftp.NewClient(d.conn); err != nil {
		d.conn.Close()
		return nil, err
	}
	return d, nil
}

func (d *sftpDoor) close() {
	d.c.Close()
	d.conn.Close()
}

func (d *sftpDoor) put(name string, data []byte) error {
	return d.write(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0, data)
}

func (d *sftpDoor) appendTo(name string, data []byte) error {
	defer d.begin()()
	info, err := d.c.Stat(name)
	if err != nil {
		return sftpError(err)
	}
	return d.write(name, os.O_WRONLY, info.Size(), data)
}

func (d *sftpDoor) resume(name string, off int64, rest []byte) error {
	return d.write(name, os.O_WRONLY|os.O_CREATE, off, rest)
}

func (d *sftpDoor) write(name string, flags int, off int64, data []byte) error {
	defer d.begin()()
	f, err := d.c.OpenFile(name, flags)
	if err != nil {
		return sftpError(err)
	}
	_, err = f.WriteAt(data, off)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return sftpError(err)
}

func (d *sftpDoor) size(name string) (int64, error) {
	defer d.begin()()
	info, err := d.c.Stat(name)
	if err != nil {
		return 0, sftpError(err)
	}
	return info.Size(), nil
}

func (d *sftpDoor) get(name string) ([]byte, error) {
	defer d.begin()()
	f, err := d.c.Open(name)
	if err != nil {
		return nil, sftpError(err)
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err = f.WriteTo(&b); err == nil {
		// The library takes the end of the connection for the end of the file.
		_, err = f.Stat()
	}
	return b.Bytes(), sftpError(err)
}

func (d *sftpDoor) rename(from, to string) error {
	defer d.begin()()
	return sftpError(d.c.PosixRename(from, to))
}

func (d *sftpDoor) remove(name string) error {
	defer d.begin()()
	return sftpError(d.c.Remove(name))
}

func (d *sftpDoor) mkdir(name string) error {
	defer d.begin()()
	return sftpError(d.c.Mkdir(name))
}

func (d *sftpDoor) list(name string) ([]string, error) {
	defer d.begin()()
	infos, err := d.c.ReadDir(name)
	if err != nil {
		return nil, sftpError(err)
	}
	var all []string
	for _, info := range infos {
		all = append(all, info.Name())
	}
	return all, nil
}

func sftpError(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return errNone
	}
	return err
}

type ftpDoor struct {
	limited
	c *ftp.ServerConn
}

func newFTP(ctx context.Context, address string) (*ftpDoor, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d := &ftpDoor{limited: limited{conn}}
	defer d.begin()()
	first := true
	d.c, err = ftp.Dial(address, ftp.DialWithDialFunc(func(network, address string) (net.Conn, error) {
		if first {
			first = false
			return conn, nil
		}
		return new(net.Dialer).DialContext(context.Background(), network, address)
	}))
	if err == nil {
		err = d.c.Login(user, password)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return d, nil
}

func (d *ftpDoor) close() {
	d.conn.Close()
}

func (d *ftpDoor) put(name string, data []byte) error {
	defer d.begin()()
	return ftpError(d.c.Stor(name, bytes.NewReader(data)))
}

func (d *ftpDoor) appendTo(name string, data []byte) error {
	defer d.begin()()
	return ftpError(d.c.Append(name, bytes.NewReader(data)))
}

func (d *ftpDoor) resume(name string, off int64, rest []byte) error {
	defer d.begin()()
	return ftpError(d.c.StorFrom(name, bytes.NewReader(rest), uint64(off)))
}

func (d *ftpDoor) size(name string) (int64, error) {
	defer d.begin()()
	n, err := d.c.FileSize(name)
	return n, ftpError(err)
}

func (d *ftpDoor) get(name string) ([]byte, error) {
	defer d.begin()()
	r, err := d.c.Retr(name)
	if err != nil {
		return nil, ftpError(err)
	}
	data, err := io.ReadAll(r)
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	return data, ftpError(err)
}

func (d *ftpDoor) rename(from, to string) error {
	defer d.begin()()
	return ftpError(d.c.Rename(from, to))
}

func (d *ftpDoor) remove(name string) error {
	defer d.begin()()
	return ftpError(d.c.Delete(name))
}

func (d *ftpDoor) mkdir(name string) error {
	defer d.begin()()
	return ftpError(d.c.MakeDir(name))
}

func (d *ftpDoor) list(name string) ([]string, error) {
	defer d.begin()()
	entries, err := d.c.List(name)
	if err != nil {
		return nil, ftpError(err)
	}
	var all []string
	for _, e := range entries {
		if base := path.Base(e.Name); !slices.Contains([]string{".", ".."}, base) {
			all = append(all, base)
		}
	}
	return all, nil
}

func ftpError(err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code == ftp.StatusFileUnavailable && strings.Contains(strings.ToLower(reply.Msg), "no such file") {
		return errNone
	}
	return err
}
