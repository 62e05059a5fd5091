package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// pidFile is the file that contains the process ID. It is locked while the process runs, so a file
// that a crashed process has left does not prevent a start.
type pidFile struct {
	name string
	f    *os.File
}

// lockPIDFile creates and locks the file. It also takes over a file of a process that has ended.
func lockPIDFile(name string) (*pidFile, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("pid file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		other, _ := io.ReadAll(io.LimitReader(f, 32))
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("pid file: filegate runs already, as process %s, which has locked %s", strings.TrimSpace(string(other)), name)
		}
		return nil, fmt.Errorf("pid file: %s cannot be locked: %w", name, err)
	}
	return &pidFile{name, f}, nil
}

// write writes the ID of this process into the file.
func (p *pidFile) write() error {
	line := fmt.Appendln(nil, os.Getpid())
	_, err := p.f.WriteAt(line, 0)
	if err == nil { // truncated last, so that readers never find an empty file
		err = p.f.Truncate(int64(len(line)))
	}
	if err != nil {
		return fmt.Errorf("pid file: %w", err)
	}
	return nil
}

// remove deletes the file. It does nothing if p is nil.
func (p *pidFile) remove() {
	if p == nil {
		return
	}
	os.Remove(p.name)
	p.f.Close()
}
