package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"filegate/authplugins/internal/upstream"
	"filegate/core/auth"
)

// web asks a web address.
type web struct {
	service upstream.Service
	token   auth.Secret
}

func (w *web) ask(ctx context.Context, question []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.service.URL.String(), bytes.NewReader(question))
	if err != nil {
		return nil, err
	}
	req.GetBody = nil // otherwise net/http would repeat the request after a broken connection
	req.Header.Set("Content-Type", "application/json")
	if w.token != "" {
		req.Header.Set("Authorization", "Bearer "+w.token.Reveal())
	}
	resp, err := w.service.Client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // url.Error repeats the URL
		}
		return nil, fmt.Errorf("%s: %w", w.service.URL.Redacted(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", w.service.URL.Redacted(), err)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answered %d %s", w.service.URL.Redacted(), resp.StatusCode, http.StatusText(resp.StatusCode))
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("%s wrote more than %d bytes", w.service.URL.Redacted(), maxAnswer)
	}
	return text, nil
}
