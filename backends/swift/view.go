package swift

import (
	"time"

	"filegate/backends/swift/api"
)

// view makes the listings of one login.
type view struct {
	client *api.Client
	log    *writeLog
	sizes  *pageSizes
	opened time.Time // shown as the time of containers of which none is known
}

func newView(client *api.Client, log *writeLog, sizes *pageSizes, opened time.Time) *view {
	return &view{client: client, log: log, sizes: sizes, opened: opened}
}
