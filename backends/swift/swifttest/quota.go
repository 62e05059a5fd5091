package swifttest

import (
	"maps"
	"net/http"
	"strconv"
)

// The metadata headers with the quotas of an account or a container.
const (
	quotaOfAccount    = "X-Account-Meta-Quota-Bytes"
	quotaOfContainer  = "X-Container-Meta-Quota-Bytes"
	quotaOfContainers = "X-Container-Meta-Quota-Count"
)

// SetAccountQuota sets the quota of an account in bytes, which only a reseller may do. A negative
// quota removes it.
func (s *Server) SetAccountQuota(account string, bytes int64) error {
	return s.changeAccount(storageAccount(account), func(meta map[string]string) map[string]string {
		meta = maps.Clone(meta)
		if meta == nil {
			meta = map[string]string{}
		}
		delete(meta, quotaOfAccount)
		if bytes >= 0 {
			meta[quotaOfAccount] = strconv.FormatInt(bytes, 10)
		}
		return meta
	})
}

// checkQuotaHeaders returns an error if the quotas for a container are invalid.
func checkQuotaHeaders(h http.Header) error {
	for key, what := range map[string]string{quotaOfContainer: "bytes", quotaOfContainers: "count"} {
		if v := h.Get(key); v != "" {
			if _, err := strconv.ParseUint(v, 10, 63); err != nil {
				return refuseWith(http.StatusBadRequest, htmlType, "Invalid "+what+" quota.")
			}
		}
	}
	return nil
}

// checkQuota refuses an upload that does not fit. Like Swift it uses the announced size. So an
// upload of unknown length is accepted unless the quota is already exceeded, and the size of a
// replaced object is not subtracted.
func (s *Server) checkQuota(r *request, size int64) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a, ok := s.accounts[r.account]
	if !ok {
		return nil
	}
	full := refuseWith(http.StatusRequestEntityTooLarge, htmlType, "Upload exceeds quota.")
	if s.limits.Ceph {
		full = refuseWith(http.StatusRequestEntityTooLarge, plainType, "QuotaExceeded")
	}
	over := func(meta map[string]string, key string, n int64) bool {
		limit, err := strconv.ParseInt(meta[key], 10, 64)
		return err == nil && n > limit
	}
	if c, ok := a.containers.get(r.container); ok {
		if over(c.Meta, quotaOfContainer, c.bytes+size) || over(c.Meta, quotaOfContainers, int64(len(c.objects.items))+1) {
			return full
		}
	}
	if a.Meta[quotaOfAccount] != "" {
		var used int64
		for _, c := range a.containers.items {
			used += c.bytes
		}
		if over(a.Meta, quotaOfAccount, used+size) {
			return full
		}
	}
	return nil
}
