package sftp

import (
	"context"
	"errors"
	"io"

	"github.com/pkg/sftp"

	"filegate/core/session"
)

// maxPayload is the most bytes that one READ or WRITE carries: what OpenSSH's own server takes (its 256 KiB packet less 1 KiB).
const maxPayload = 261120

// listBatch is the most entries in one answer to READDIR: with the library's 100 a large directory costs many round trips.
const listBatch = 500

// The library has this size in a variable, which must be set before any server runs.
func init() { sftp.MaxFilelist = listBatch } //nolint:gochecknoinits // there is no other moment

// Service is the subsystem. It serves any number of channels.
type Service struct{}

// Name is what the configuration calls it.
func (Service) Name() string { return "sftp" }

// Accepts takes the subsystem of its name.
func (Service) Accepts(request, argument string) bool {
	return request == "subsystem" && argument == "sftp"
}

// Serve speaks the protocol on stdio until its end.
func (Service) Serve(ctx context.Context, sess *session.Session, _ string, stdio io.ReadWriter, _ io.Writer) (status int) {
	h := &handlers{ctx: ctx, sess: sess}
	server := sftp.NewRequestServer(newFilter(stdio),
		sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h},
		sftp.WithRSMaxTxPacket(maxPayload))
	err := server.Serve()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		sess.Log().Debug("sftp ended", "err", err)
		return 1
	}
	return 0
}
