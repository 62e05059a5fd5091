package listing

import (
	"time"

	"filegate/backends/swift/api"
)

// View makes the listings of one login. It may be used by several goroutines.
type View struct {
	client *api.Client
	log    *Log
	sizes  *PageSizes
	opened time.Time
}

// New returns the view of the login that the client makes requests for. All logins of a backend
// share the log and the sizes. opened is shown as the time of containers of which no time is known.
func New(client *api.Client, log *Log, sizes *PageSizes, opened time.Time) *View {
	return &View{client: client, log: log, sizes: sizes, opened: opened}
}
