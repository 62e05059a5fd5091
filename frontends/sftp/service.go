package sftp

import (
	"context"
	"io"
	"sync/atomic"

	"filegate/core/session"
)

const (
	// maxPayload is the most bytes that one READ or WRITE carries: what OpenSSH's own server takes
	// (its 256 KiB packet less 1 KiB).
	maxPayload = 261120
	// manyChannels is from how many channels on each new one is asked to send and read no more than
	// crowdedPayload at once. What of that has no answer yet lies in memory that is in nobody's
	// budget: memoryFactor times as much for each channel. One that asks for more all the same gets
	// it, and waits.
	manyChannels   = 32
	crowdedPayload = 32 << 10
	memoryFactor   = 8
)

// Service is the subsystem. It serves any number of channels.
type Service struct {
	channels atomic.Int32 // open now
}

// NewService returns one without channels.
func NewService() *Service { return &Service{} }

// enter counts a channel, and returns the most bytes that one of its READs and WRITEs should carry.
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
	limit := s.enter()
	defer s.leave()
	if err := newChannel(ctx, sess, stdio, limit).serve(); !hungUp(err) {
		sess.Log().Debug("sftp ended", "err", err)
		return 1
	}
	return 0
}
