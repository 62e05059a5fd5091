package ftp_test

import (
	"errors"
	"io"
	"testing"

	"filegate/core/frontend"
	"filegate/frontends/frontendtest"
)

func TestRules(t *testing.T) {
	frontendtest.Rules(t, frontendtest.Protocol{
		Config: func(*testing.T) frontend.Config { return config() },
		Dial: func(addr, user, password string) (frontendtest.Client, error) {
			c, err := login(addr, user, password, nil)
			return ruled{c}, err
		},
	})
}

func TestRulesOverTLS(t *testing.T) {
	cfg, clientConfig := configTLS(t, "explicit")
	frontendtest.Rules(t, frontendtest.Protocol{
		Config: func(*testing.T) frontend.Config { return cfg },
		Dial: func(addr, user, password string) (frontendtest.Client, error) {
			c, err := login(addr, user, password, clientConfig)
			return ruled{c}, err
		},
	})
}

// ruled is a client for the rules of all protocols.
type ruled struct{ *conn }

// Upload gives an upload up by cutting the connection: ABOR is not in this client.
func (c ruled) Upload(name string, r io.Reader, _ int64) error {
	return c.Stor(name, &cutting{r, c.conn})
}

type cutting struct {
	r    io.Reader
	conn *conn
}

func (c *cutting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && err != io.EOF {
		c.conn.Cut()
	}
	return n, err
}

func (c ruled) Download(name string) ([]byte, error) {
	body, err := c.Retr(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(body)
	return data, errors.Join(err, body.Close())
}

// Hangup reads the server's last words, beneath TLS.
func (c ruled) Hangup() { io.Copy(io.Discard, c.nets[0]) }
