package gateway

import (
	"fmt"
	"io"
	"log/syslog"
	"os"
	"sync"
	"time"

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
	return &fileOutput{name: where.Name, file: f, stderr: stderr}, nil
}

type stderrOutput struct{ io.Writer }

func (stderrOutput) reopen() error { return nil }
func (stderrOutput) Close() error  { return nil }

type syslogOutput struct{ *syslog.Writer }

func (syslogOutput) reopen() error { return nil }

// fileOutput is a file. Each line is appended in one write, so that logrotate's copytruncate and
// other processes that write to it do no harm.
type fileOutput struct {
	name   string
	stderr io.Writer // is told when lines are lost, as the log itself cannot tell
	mu     sync.Mutex
	file   io.WriteCloser
	torn   bool      // the file ends in the middle of a line, because the disk was full
	told   time.Time // when stderr was told
}

// lossPause is the interval at which stderr is told that lines of a log file are lost.
const lossPause = time.Minute

func openAppending(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return nil, fmt.Errorf("log file: %w", err)
	}
	return f, nil
}

// Write implements [io.Writer].
func (o *fileOutput) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := line
	if o.torn {
		text = append([]byte{'\n'}, line...)
	}
	n, err := o.file.Write(text)
	if n > 0 {
		o.torn = n < len(text)
	}
	if err == nil {
		return len(line), nil
	}
	if now := time.Now(); now.Sub(o.told) >= lossPause {
		o.told = now
		fmt.Fprintf(o.stderr, "filegate: lines of the log %s are lost: %v\n", o.name, err)
	}
	return 0, err
}

func (o *fileOutput) reopen() error {
	f, err := openAppending(o.name)
	if err != nil {
		return err
	}
	o.mu.Lock()
	old := o.file
	o.file, o.torn = f, false
	o.mu.Unlock()
	return old.Close()
}

// Close implements [io.Closer].
func (o *fileOutput) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.file.Close()
}
