package sftp

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/pkg/sftp"

	"filegate/core/session"
)

const (
	// maxPayload is the most bytes that one READ or WRITE carries: what OpenSSH's own server takes (its 256 KiB packet less 1 KiB).
	maxPayload = 261120
	// manyChannels is from how many channels on each new one gets crowdedPayload. The library holds up to 26 requests of a channel in memory, which
	// is outside of anybody's budget: 6.5 MiB with the largest payload.
	manyChannels   = 32
	crowdedPayload = 64 << 10
)

// listBatch is the most entries in one answer to READDIR: with the library's 100 a large directory costs many round trips.
const listBatch = 500

// The library has this size in a variable, which must be set before any server runs.
func init() { sftp.MaxFilelist = listBatch } //nolint:gochecknoinits // there is no other moment

// Service is the subsystem. It serves any number of channels.
type Service struct {
	channels atomic.Int32 // open now
}

// NewService returns one without channels.
func NewService() *Service { return &Service{} }

// enter counts a channel, and returns the most bytes that one of its READs and WRITEs shall carry.
func (s *Service) enter() uint32 {
	if s.channels.Add(1) > manyChannels {
		return crowdedPayload
	}
	return maxPayload
}

func (s *Service) leave() { s.channels.Add(-1) }

// Name is what the configuration calls it.
func (*Service) Name() string { return "sftp" }

// Accepts takes the subsystem of its name.
func (*Service) Accepts(request, argument string) bool {
	return request == "subsystem" && argument == "sftp"
}

// Serve speaks the protocol on stdio until its end.
func (s *Service) Serve(ctx context.Context, sess *session.Session, _ string, stdio io.ReadWriter, _ io.Writer) (status int) {
	h := &handlers{ctx: ctx, sess: sess}
	payload := s.enter()
	defer s.leave()
	server := sftp.NewRequestServer(newFilter(stdio, payload),
		sftp.Handlers{FileGet: h, FilePut: h, FileCmd: h, FileList: h},
		sftp.WithRSMaxTxPacket(payload))
	err := server.Serve()
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		sess.Log().Debug("sftp ended", "err", err)
		return 1
	}
	return 0
}
