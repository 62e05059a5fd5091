package sftp_test

import (
	"bytes"
	"io"
	"testing"

	"filegate/core/frontend"
	"filegate/frontends/frontendtest"
)

func TestRules(t *testing.T) {
	frontendtest.Rules(t, frontendtest.Protocol{
		Config: func(t *testing.T) frontend.Config { return config(t) },
		Dial: func(addr, user, password string) (frontendtest.Client, error) {
			conn, err := frontendtest.DialSSH(addr, user, password)
			if err != nil {
				return nil, err
			}
			c, err := newClient(addr, conn)
			return ruled{c}, err
		},
	})
}

// ruled is a client as the rules want it.
type ruled struct{ c *client }

func (r ruled) Upload(name string, src io.Reader, _ int64) error {
	f, err := r.c.sftp.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.ReadFrom(src); err != nil {
		r.c.cut()
		return err
	}
	return f.Close()
}

func (r ruled) Download(name string) ([]byte, error) {
	f, err := r.c.sftp.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	_, err = f.WriteTo(&b)
	return b.Bytes(), err
}

func (r ruled) Hangup() { r.c.ssh.Wait() }
func (r ruled) Cut()    { r.c.cut() }
