package listing

import (
	"time"

	"filegate/backends/swift/api"
)

// View makes the listings of one login. It is safe for concurrent use.
type View struct {
	client *api.Client
	log    *Log
	sizes  *PageSizes
	opened time.Time
}

// New returns the view of the client's login. All logins of a backend share log and sizes. opened
// is shown as the time of containers whose time is unknown.
func New(client *api.Client, log *Log, sizes *PageSizes, opened time.Time) *View {
	return &View{client: client, log: log, sizes: sizes, opened: opened}
}
