package sftp

import "testing"

// TestPayload opens more channels than get the largest payload.
func TestPayload(t *testing.T) {
	s := NewService()
	for range manyChannels {
		if n := s.enter(); n != maxPayload {
			t.Fatalf("a channel while there are few gets %d bytes, want %d", n, maxPayload)
		}
	}
	if n := s.enter(); n != crowdedPayload {
		t.Errorf("a channel while there are many gets %d bytes, want %d", n, crowdedPayload)
	}
	s.leave()
	s.leave()
	if n := s.enter(); n != maxPayload {
		t.Errorf("a channel after others have left gets %d bytes, want %d", n, maxPayload)
	}
}
