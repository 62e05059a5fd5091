package auth

import "log/slog"

// Secret is a password, a token or an answer. It prints as redacted wherever it is printed; Reveal gives it out.
type Secret string

const redacted = "[redacted]"

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String keeps the secret out of logs, errors and dumps, and so do the methods below.
func (s Secret) String() string { return redacted }

// GoString is for %#v.
func (s Secret) GoString() string { return redacted }

// LogValue is for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is for encoders of all kinds.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
