package sftp

import (
	"context"
	"io"
	"sync/atomic"

	"filegate/core/session"
)

const (
	// maxPayload is the largest payload of a READ or WRITE: that of OpenSSH's server, which is its
	// packet of 256 KiB less 1 KiB.
	maxPayload = 261120
	// manyChannels is the number of channels from which each further channel is asked to keep its
	// payloads to crowdedPayload. Outstanding payloads are not in the memory budget of the backend;
	// each channel may have memoryFactor times its payload outstanding. A client that exceeds the
	// payload is served, but must wait.
	manyChannels   = 32
	crowdedPayload = 32 << 10
	memoryFactor   = 8
)

// Service is the subsystem "sftp". It serves any number of channels.
type Service struct {
	channels atomic.Int32 // open now
}

// NewService returns a Service without channels.
func NewService() *Service { return &Service{} }

// enter counts a channel, and returns the largest payload that it should use.
func (s *Service) enter() uint32 {
	if s.channels.Add(1) > manyChannels {
		return crowdedPayload
	}
	return maxPayload
}

func (s *Service) leave() { s.channels.Add(-1) }

// Name returns the name in the configuration.
func (*Service) Name() string { return "sftp" }

// Accepts accepts the subsystem "sftp".
func (*Service) Accepts(request, argument string) bool {
	return request == "subsystem" && argument == "sftp"
}

// Serve serves the protocol on stdio until its end.
func (s *Service) Serve(ctx context.Context, sess *session.Session, _ string, stdio io.ReadWriter, _ io.Writer) (status int) {
	limit := s.enter()
	defer s.leave()
	if err := newChannel(ctx, sess, stdio, limit).serve(); !hungUp(err) {
		sess.Log().Debug("sftp ended", "err", err)
		return 1
	}
	return 0
}
