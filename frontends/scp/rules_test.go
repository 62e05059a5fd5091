package scp_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

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
			return client{conn}, nil
		},
	})
}

// client is a minimal client of the protocol.
type client struct{ conn *gossh.Client }

func (c client) Hangup() { c.conn.Wait() }

func (c client) Cut() {
	c.conn.Close()
	c.conn.Wait()
}

// run starts the command and returns its streams, and a function that waits for its end.
func (c client) run(command string) (io.WriteCloser, *bufio.Reader, func() error, error) {
	s, err := c.conn.NewSession()
	if err != nil {
		return nil, nil, nil, err
	}
	in, err := s.StdinPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	return in, bufio.NewReader(out), s.Wait, s.Start(command)
}

// answer reads one answer of the server.
func answer(r *bufio.Reader) error {
	b, err := r.ReadByte()
	if err != nil || b == 0 {
		return err
	}
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	return errors.New(strings.TrimSpace(line))
}

func (c client) Upload(name string, r io.Reader, size int64) error {
	in, out, wait, err := c.run("scp -t /")
	if err != nil {
		return err
	}
	if err := answer(out); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(in, "C0644 %d %s\n", size, name); err != nil {
		return err
	}
	if err := answer(out); err != nil {
		return err
	}
	if _, err := io.CopyN(in, r, size); err != nil {
		c.Cut()
		return err
	}
	if _, err := in.Write([]byte{0}); err != nil {
		return err
	}
	if err := answer(out); err != nil {
		return err
	}
	if err := in.Close(); err != nil {
		return err
	}
	return wait()
}

func (c client) Download(name string) ([]byte, error) {
	in, out, wait, err := c.run("scp -f /" + name)
	if err != nil {
		return nil, err
	}
	if _, err := in.Write([]byte{0}); err != nil {
		return nil, err
	}
	line, err := out.ReadString('\n')
	if err != nil {
		return nil, err
	}
	var mode, size int64
	if _, err := fmt.Sscanf(line, "C%o %d", &mode, &size); err != nil {
		return nil, errors.New(strings.TrimSpace(line))
	}
	if _, err := in.Write([]byte{0}); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, out, size); err != nil {
		return nil, err
	}
	if err := answer(out); err != nil {
		return nil, err
	}
	if _, err := in.Write([]byte{0}); err != nil {
		return nil, err
	}
	in.Close()
	return b.Bytes(), wait()
}
