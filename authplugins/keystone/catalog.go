package keystone

import (
	"fmt"
	"slices"
	"strings"
)

// endpoint is one address in the catalog.
type endpoint struct {
	service, iface, region, url string
}

// choose returns the first endpoint that matches the configuration.
func (c config) choose(endpoints []endpoint) (endpoint, error) {
	var others []string
	for _, e := range endpoints {
		switch {
		case e.service != c.ServiceType:
			others = append(others, e.service)
		case e.iface != c.Interface || (c.Region != "" && e.region != c.Region):
			others = append(others, fmt.Sprintf("%s (%s in region %q)", e.service, e.iface, e.region))
		default:
			return e, nil
		}
	}
	slices.Sort(others)
	others = slices.Compact(others)
	where := ""
	if c.Region != "" {
		where = fmt.Sprintf(" in region %q", c.Region)
	}
	has := "nothing"
	if len(others) > 0 {
		has = strings.Join(others, ", ")
	}
	return endpoint{}, fmt.Errorf("the catalog has no %s endpoint of type %q%s: check service_type, interface and region; it has %s", c.Interface, c.ServiceType, where, has)
}
