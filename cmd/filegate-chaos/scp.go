package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// scpDoor is an SFTP session whose files are stored and read by scp: the protocol of `scp -O`, over
// the same connection.
type scpDoor struct{ *sftpDoor }

// put stores a file as `scp -O` does: one header with the size, the content, and an acknowledgement
// after each.
func (d *scpDoor) put(name string, data []byte) error {
	return d.scp("-t", name, func(in io.Writer, out *bufio.Reader) error {
		for _, part := range []string{"", fmt.Sprintf("C0644 %d %s\n", len(data), path.Base(name)), string(data) + "\x00"} {
			if _, err := io.WriteString(in, part); err != nil {
				return err
			}
			if err := acknowledged(out); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *scpDoor) get(name string, pause func()) ([]byte, error) {
	var b bytes.Buffer
	err := d.scp("-f", name, func(in io.Writer, out *bufio.Reader) error {
		if _, err := in.Write([]byte{0}); err != nil {
			return err
		}
		line, err := out.ReadString('\n')
		if err != nil {
			return err
		}
		var mode, size int64
		if _, err := fmt.Sscanf(line, "C%o %d ", &mode, &size); err != nil {
			return scpError(line)
		}
		if _, err := in.Write([]byte{0}); err != nil {
			return err
		}
		if _, err := io.CopyN(&b, out, size/2); err != nil {
			return err
		}
		if pause != nil {
			pause()
		}
		if _, err := io.CopyN(&b, out, size-size/2); err != nil {
			return err
		}
		if err := acknowledged(out); err != nil {
			return err
		}
		_, err = in.Write([]byte{0})
		return err
	})
	return b.Bytes(), err
}

// scp runs the remote scp, and talk with its input and output. It returns an error unless the remote
// scp ends with success.
func (d *scpDoor) scp(direction, name string, talk func(in io.Writer, out *bufio.Reader) error) error {
	defer d.begin()()
	s, err := d.sftpDoor.conn.NewSession()
	if err != nil {
		return err
	}
	defer s.Close()
	in, err := s.StdinPipe()
	if err != nil {
		return err
	}
	out, err := s.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.Start("scp " + direction + " " + d.path(name)); err != nil {
		return err
	}
	if err := talk(in, bufio.NewReader(out)); err != nil {
		return err
	}
	if err := in.Close(); err != nil {
		return err
	}
	return s.Wait()
}

// acknowledged reads an acknowledgement: a zero byte, or another one and a message.
func acknowledged(out *bufio.Reader) error {
	b, err := out.ReadByte()
	if err != nil || b == 0 {
		return err
	}
	line, err := out.ReadString('\n')
	if err != nil {
		return err
	}
	return scpError(line)
}

func scpError(line string) error {
	if strings.Contains(line, "No such file") {
		return errNone
	}
	return errors.New(strings.TrimSpace(line))
}
