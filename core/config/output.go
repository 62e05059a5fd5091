package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Output is the destination of a log.
type Output struct {
	Kind OutputKind
	Name string // file name, or "host:port" of a syslog server
}

// OutputKind is a kind of output.
type OutputKind int

// The kinds of outputs.
const (
	ToStderr OutputKind = iota
	ToSyslog            // of this machine
	ToServer            // a syslog server, by UDP
	ToFile
)

// outputAdvice is the advice about an invalid output.
const outputAdvice = `Give "stderr", "syslog", "syslog://HOST:PORT" for a syslog server (UDP), or the name of a file that filegate may write.`

// ParseOutput reads "stderr", "syslog", "syslog://host:port" (the port may be left out), or the
// name of a file.
func ParseOutput(text string) (Output, error) {
	switch {
	case text == "stderr":
		return Output{Kind: ToStderr}, nil
	case text == "syslog":
		return Output{Kind: ToSyslog}, nil
	}
	server, ok := strings.CutPrefix(text, "syslog://")
	if !ok {
		if strings.Contains(text, "://") {
			return Output{}, fmt.Errorf("%s is no address of a syslog server", text)
		}
		return Output{Kind: ToFile, Name: text}, nil
	}
	server = strings.TrimSuffix(server, "/")
	if _, _, ok := hostPort(server); !ok {
		server += ":514"
	}
	if host, port, ok := hostPort(server); !ok || host == "" || port == 0 {
		return Output{}, fmt.Errorf("%s is no address of a syslog server", text)
	}
	return Output{Kind: ToServer, Name: server}, nil
}

// checkOutput reports an output that cannot be written to.
func (r *reader) checkOutput(attribute, text string, top Block) {
	out, err := ParseOutput(text)
	if err == nil && out.Kind == ToFile {
		if err = appendable(out.Name); err != nil {
			err = fmt.Errorf("%s: %w", out.Name, err)
		}
	}
	if err != nil {
		r.diags = append(r.diags, top.Diagnose(attribute, "Log file cannot be written", fmt.Sprintf("%v. %s", err, outputAdvice)))
	}
}

// appendable returns an error if a file cannot be written to. It does not create the file, because
// the user who checks a configuration may not be the user of the gateway.
func appendable(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		return f.Close()
	}
	if !os.IsNotExist(err) {
		return pathCause(err)
	}
	dir := filepath.Dir(name)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no directory %s", dir)
	}
	return nil
}
