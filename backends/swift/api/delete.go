package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// DeleteAll deletes objects in one account. The error is not translated.
func (c *Client) DeleteAll(ctx context.Context, all []Name) error {
	l, err := c.Limits(ctx)
	if err != nil {
		return err
	}
	if l.bulkDelete && len(all) > 1 {
		var errs []error
		for part := range slices.Chunk(all, l.bulkDeletes) {
			errs = append(errs, c.bulkDelete(ctx, part))
		}
		if err := errors.Join(errs...); err == nil || StatusOf(err) == 0 {
			return err
		}
		// The middleware may exist but refuse this user. Then the objects are deleted one by one.
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(deletesAtOnce)
	for _, n := range all {
		g.Go(func() error { return c.Delete(ctx, n) })
	}
	return g.Wait()
}

// deletesAtOnce is how many single deletions of DeleteAll run at the same time.
const deletesAtOnce = 32

const maxBulkAnswer = 4 << 20

func (c *Client) bulkDelete(ctx context.Context, all []Name) error {
	var names bytes.Buffer
	for _, n := range all {
		names.WriteString(Quote(n.InAccount()) + "\n")
	}
	answer, _, err := c.Fetch(ctx, Request{
		Method: http.MethodPost, Target: Name{Account: all[0].Account}, Query: url.Values{"bulk-delete": {"true"}},
		Header: map[string]string{"Content-Type": "text/plain", "Accept": "application/json"},
		Body:   Pieces{names.Bytes()}.Reader(), Length: int64(names.Len()),
	}, maxBulkAnswer)
	if err != nil {
		return err
	}
	var result struct {
		Status string     `json:"Response Status"`
		Errors [][]string `json:"Errors"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return fmt.Errorf("answer to bulk delete: %w", err)
	}
	switch {
	case len(result.Errors) > 0:
		return fmt.Errorf("bulk delete: %s, %d names, first %q", result.Status, len(result.Errors), result.Errors[0])
	case ParseStatus(result.Status)/100 != 2: // the middleware sends status 200 before it begins
		return fmt.Errorf("bulk delete: %s", ShortText(result.Status))
	}
	return nil
}

// Delete deletes one object. It is not an error if the object does not exist. The error is not
// translated.
func (c *Client) Delete(ctx context.Context, n Name) error {
	_, err := c.Take(ctx, n)
	return err
}

// Take deletes one object, and reports whether it existed. Of several clients that take an object
// only one gets true, and decides what happens to what the object stands for. The error is not
// translated.
func (c *Client) Take(ctx context.Context, n Name) (bool, error) {
	_, err := c.Send(ctx, Request{Method: http.MethodDelete, Target: n})
	if StatusOf(err) == http.StatusNotFound {
		return Reached(err), nil // if an earlier attempt may have deleted it, it existed
	}
	return err == nil, err
}

// ParseStatus parses a status line without protocol, as in bodies of Swift: "201 Created". An
// invalid line is treated as a server error.
func ParseStatus(line string) int {
	code, _, _ := strings.Cut(line, " ")
	if n, err := strconv.Atoi(code); err == nil && n >= 200 && n <= 599 {
		return n
	}
	return http.StatusBadGateway
}
