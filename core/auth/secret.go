package auth

import "log/slog"

// Secret is a password, a token or an answer. It prints as redacted in all ways; Reveal returns the
// secret.
type Secret string

const redacted = "[redacted]"

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String returns "[redacted]", so that the secret does not get into logs, errors and dumps. The
// following methods do the same.
func (s Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer], for %#v.
func (s Secret) GoString() string { return redacted }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, which many encoders use.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
