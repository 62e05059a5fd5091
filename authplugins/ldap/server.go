package ldap

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// avoided is the time for which a server that has failed is tried after the others.
const avoided = 30 * time.Second

// server is one of the directory's servers.
type server struct {
	url      string // for the log
	host     string
	address  string // host and port
	tls      bool   // ldaps
	startTLS bool
	failed   atomic.Int64 // time of the last failure, in nanoseconds since 1970; 0 after a success
}

// parseServer reads an address such as ldaps://ldap.example.net.
func parseServer(text string, startTLS, allowClearText bool) (*server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "ldap" && u.Scheme != "ldaps") {
		return nil, fmt.Errorf("%q is no LDAP server: write ldaps://ldap.example.net or ldap://ldap.example.net:389", text)
	}
	if u.User != nil || u.Opaque != "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("a server is a host and perhaps a port: the base goes into search_base, the account into bind_dn and bind_password")
	}
	s := &server{url: u.Scheme + "://" + u.Host, host: u.Hostname(), tls: u.Scheme == "ldaps"}
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "389", true: "636"}[s.tls]
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, fmt.Errorf("%q has a port that cannot be: give one from 1 to 65535", text)
	}
	s.address = net.JoinHostPort(s.host, port)
	s.startTLS = !s.tls && startTLS
	if !s.tls && !s.startTLS && !allowClearText && !isLoopback(s.host) {
		return nil, fmt.Errorf("passwords would go to %s in clear text: write ldaps://, leave start_tls on, or set allow_clear_text", s.host)
	}
	return s, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// mark records whether the server could be reached.
func (s *server) mark(lost bool) {
	if lost {
		s.failed.Store(time.Now().UnixNano())
		return
	}
	s.failed.Store(0)
}

// avoid reports whether the server has failed recently, so that others are tried first.
func (s *server) avoid() bool {
	failed := s.failed.Load()
	return failed != 0 && time.Since(time.Unix(0, failed)) < avoided
}
