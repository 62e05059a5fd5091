package gateway

import (
	"fmt"
	"io"
	"log/syslog"
	"os"
	"sync"

	"filegate/core/config"
)

// output is the destination of a log. Each call of Write is one line.
type output interface {
	io.Writer
	// reopen opens a file again after it was renamed. After an error the old file stays in use.
	reopen() error
	io.Closer
}

func openOutput(text, tag string, stderr io.Writer) (output, error) {
	where, err := config.ParseOutput(text)
	if err != nil {
		return nil, err
	}
	switch where.Kind {
	case config.ToStderr:
		return stderrOutput{stderr}, nil
	case config.ToSyslog, config.ToServer:
		network := ""
		if where.Kind == config.ToServer {
			network = "udp"
		}
		w, err := syslog.Dial(network, where.Name, syslog.LOG_DAEMON|syslog.LOG_INFO, tag)
		if err != nil {
			return nil, fmt.Errorf("log to syslog: %w", err)
		}
		return syslogOutput{w}, nil
	}
	f, err := openAppending(where.Name)
	if err != nil {
		return nil, err
	}
	return &fileOutput{name: where.Name, f: f}, nil
}

type stderrOutput struct{ io.Writer }

func (stderrOutput) reopen() error { return nil }
func (stderrOutput) Close() error  { return nil }

type syslogOutput struct{ *syslog.Writer }

func (syslogOutput) reopen() error { return nil }

// fileOutput is a file. Each line is appended in one write, so that logrotate's copytruncate and
// other processes that write to it do no harm.
type fileOutput struct {
	name string
	mu   sync.RWMutex
	f    *os.File
}

func openAppending(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return nil, fmt.Errorf("log file: %w", err)
	}
	return f, nil
}

// Write implements [io.Writer].
func (o *fileOutput) Write(line []byte) (int, error) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.f.Write(line)
}

func (o *fileOutput) reopen() error {
	f, err := openAppending(o.name)
	if err != nil {
		return err
	}
	o.mu.Lock()
	old := o.f
	o.f = f
	o.mu.Unlock()
	return old.Close()
}

// Close implements [io.Closer].
func (o *fileOutput) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.f.Close()
}
