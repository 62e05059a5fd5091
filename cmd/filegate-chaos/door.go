package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// login is a login at the gateways.
type login struct {
	user, password string
	top            string // the path of the container of all files
}

// The container is of the first login's account. The second login has a right to it.
var logins = []login{
	{"test:tester", "testing", "/" + container},
	{"test2:tester2", "testing2", "/@AUTH_test/" + container},
}

const container = "chaos"

// errNone is the error for a file that does not exist.
var errNone = errors.New("no such file")

// patience is how long a client waits for one operation.
const patience = 60 * time.Second

// door is a session of a client. Names are paths in the container of all files. The methods return
// errNone if the server says that the file does not exist. Any other error means that nobody knows
// what has happened.
type door interface {
	put(name string, data []byte) error
	appendTo(name string, data []byte) error
	// edit replaces the last bytes of a file.
	edit(name string, off int64, data []byte) error
	// resume writes the rest of an upload that was interrupted after off bytes.
	resume(name string, off int64, rest []byte) error
	// size returns the size of a file, or of an interrupted upload.
	size(name string) (int64, error)
	// get reads a file. If pause is not nil, it is called in the middle.
	get(name string, pause func()) ([]byte, error)
	rename(from, to string) error
	remove(name string) error
	mkdir(name string) error
	list(name string) ([]string, error)
	close()
}

// The protocols of clients.
var protocols = []string{"sftp", "ftp", "scp"}

// knock logs in by a protocol. With scp, only put and get are by scp.
func knock(ctx context.Context, protocol string, g *gateway, as login) (door, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if protocol == "ftp" {
		return newFTP(ctx, g.ftp.address(), as)
	}
	d, err := newSFTP(ctx, g.sftp.address(), as)
	switch {
	case err != nil:
		return nil, err
	case protocol == "scp":
		return &scpDoor{d}, nil
	default:
		return d, nil
	}
}

// visit is what all sessions have.
type visit struct {
	login
	socket net.Conn
}

// begin closes the connection if an operation takes too long. The caller calls end after it.
func (v visit) begin() (end func()) {
	t := time.AfterFunc(patience, func() { v.socket.Close() })
	return func() { t.Stop() }
}

func (v visit) path(name string) string { return path.Join(v.top, name) }

type sftpDoor struct {
	visit
	c    *sftp.Client
	conn *ssh.Client
}

func newSFTP(ctx context.Context, address string, as login) (*sftpDoor, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d := &sftpDoor{visit: visit{as, conn}}
	defer d.begin()()
	transport, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: as.user, Auth: []ssh.AuthMethod{ssh.Password(as.password)},
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
	info, err := d.c.Stat(d.path(name))
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
	f, err := d.c.OpenFile(d.path(name), flags)
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
	info, err := d.c.Stat(d.path(name))
	if err != nil {
		return 0, sftpError(err)
	}
	return info.Size(), nil
}

func (d *sftpDoor) edit(name string, off int64, data []byte) error {
	return d.write(name, os.O_WRONLY, off, data)
}

func (d *sftpDoor) get(name string, pause func()) ([]byte, error) {
	defer d.begin()()
	f, err := d.c.Open(d.path(name))
	if err != nil {
		return nil, sftpError(err)
	}
	defer f.Close()
	var b bytes.Buffer
	if pause != nil {
		info, err := f.Stat()
		if err != nil {
			return nil, sftpError(err)
		}
		if _, err := io.CopyN(&b, f, info.Size()/2); err != nil {
			return nil, fmt.Errorf("the first half: %w", err)
		}
		pause()
	}
	if _, err = f.WriteTo(&b); err == nil {
		// The library takes the end of the connection for the end of the file.
		_, err = f.Stat()
	}
	return b.Bytes(), sftpError(err)
}

func (d *sftpDoor) rename(from, to string) error {
	defer d.begin()()
	return sftpError(d.c.PosixRename(d.path(from), d.path(to)))
}

func (d *sftpDoor) remove(name string) error {
	defer d.begin()()
	return sftpError(d.c.Remove(d.path(name)))
}

func (d *sftpDoor) mkdir(name string) error {
	defer d.begin()()
	return sftpError(d.c.Mkdir(d.path(name)))
}

func (d *sftpDoor) list(name string) ([]string, error) {
	defer d.begin()()
	infos, err := d.c.ReadDir(d.path(name))
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
	visit
	c *ftp.ServerConn
}

func newFTP(ctx context.Context, address string, as login) (*ftpDoor, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d := &ftpDoor{visit: visit{as, conn}}
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
		err = d.c.Login(as.user, as.password)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return d, nil
}

func (d *ftpDoor) close() {
	d.socket.Close()
}

func (d *ftpDoor) put(name string, data []byte) error {
	defer d.begin()()
	return ftpError(d.c.Stor(d.path(name), bytes.NewReader(data)))
}

func (d *ftpDoor) appendTo(name string, data []byte) error {
	defer d.begin()()
	return ftpError(d.c.Append(d.path(name), bytes.NewReader(data)))
}

func (d *ftpDoor) edit(name string, off int64, data []byte) error { return d.resume(name, off, data) }

func (d *ftpDoor) resume(name string, off int64, rest []byte) error {
	defer d.begin()()
	return ftpError(d.c.StorFrom(d.path(name), bytes.NewReader(rest), uint64(off)))
}

func (d *ftpDoor) size(name string) (int64, error) {
	defer d.begin()()
	n, err := d.c.FileSize(d.path(name))
	return n, ftpError(err)
}

func (d *ftpDoor) get(name string, pause func()) ([]byte, error) {
	defer d.begin()()
	r, err := d.c.Retr(d.path(name))
	if err != nil {
		return nil, ftpError(err)
	}
	var first [headSize]byte
	if pause != nil {
		if _, err := io.ReadFull(r, first[:]); err != nil {
			r.Close()
			return nil, fmt.Errorf("the beginning: %w", err)
		}
		pause()
	}
	data, err := io.ReadAll(r)
	if pause != nil {
		data = append(first[:], data...)
	}
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	return data, ftpError(err)
}

func (d *ftpDoor) rename(from, to string) error {
	defer d.begin()()
	return ftpError(d.c.Rename(d.path(from), d.path(to)))
}

func (d *ftpDoor) remove(name string) error {
	defer d.begin()()
	return ftpError(d.c.Delete(d.path(name)))
}

func (d *ftpDoor) mkdir(name string) error {
	defer d.begin()()
	return ftpError(d.c.MakeDir(d.path(name)))
}

func (d *ftpDoor) list(name string) ([]string, error) {
	defer d.begin()()
	entries, err := d.c.List(d.path(name))
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
