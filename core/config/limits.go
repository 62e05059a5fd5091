package config

import "fmt"

// Limits is the block "limits": what clients may use at the same time, so that no client shuts out
// the others.
type Limits struct {
	// Total is of everybody together.
	Total Limit `hcl:"total,block"`
	// Address is of one address; IPv6 counts by the /64.
	Address Limit `hcl:"per_address,block"`
	// User is of one user, by the name that the authenticator has for him.
	User OwnerLimit `hcl:"per_user,block"`
	// Account is of one account of the storage, however many users it has.
	Account OwnerLimit `hcl:"per_account,block"`
}

// Limit is one block of [Limits]. Zero means no limit.
type Limit struct {
	// Connections is how many clients may be connected, logged in or not.
	Connections int `hcl:"connections,optional"`
	// Sessions is how many may be logged in.
	Sessions int `hcl:"sessions,optional"`
	// LoginsPerMinute is how many logins there may be in a minute.
	LoginsPerMinute int `hcl:"logins_per_minute,optional"`
	// Transfers is how many files may be open.
	Transfers int `hcl:"transfers,optional"`
	// UploadRate and DownloadRate are how many bytes of files may pass in a second.
	UploadRate   int64 `hcl:"upload_rate,optional" unit:"bytes"`
	DownloadRate int64 `hcl:"download_rate,optional" unit:"bytes"`
}

// OwnerLimit is a [Limit] for users and accounts, which are not known before the login. So it has
// no limit of connections.
type OwnerLimit struct {
	Sessions        int   `hcl:"sessions,optional"`
	LoginsPerMinute int   `hcl:"logins_per_minute,optional"`
	Transfers       int   `hcl:"transfers,optional"`
	UploadRate      int64 `hcl:"upload_rate,optional" unit:"bytes"`
	DownloadRate    int64 `hcl:"download_rate,optional" unit:"bytes"`
}

// Limit returns the limit as a [Limit] without a limit of connections.
func (l OwnerLimit) Limit() Limit {
	return Limit{
		Sessions: l.Sessions, LoginsPerMinute: l.LoginsPerMinute, Transfers: l.Transfers, UploadRate: l.UploadRate, DownloadRate: l.DownloadRate,
	}
}

func defaultLimits() Limits {
	return Limits{
		Address: Limit{Connections: 500, LoginsPerMinute: 600},
		User:    OwnerLimit{Sessions: 250, LoginsPerMinute: 600},
		Account: OwnerLimit{Sessions: 500},
	}
}

func (r *reader) checkLimits(l Limits, top Block) {
	for _, b := range []struct {
		name  string
		limit Limit
	}{{"total", l.Total}, {"per_address", l.Address}, {"per_user", l.User.Limit()}, {"per_account", l.Account.Limit()}} {
		report := func(attribute, summary, detail string) {
			r.diags = append(r.diags, top.Diagnose("limits."+b.name+"."+attribute, summary, detail))
		}
		for _, n := range []struct {
			name string
			n    int
		}{{"connections", b.limit.Connections}, {"sessions", b.limit.Sessions}, {"logins_per_minute", b.limit.LoginsPerMinute}, {"transfers", b.limit.Transfers}} {
			if n.n < 0 {
				report(n.name, fmt.Sprintf("%d is too little", n.n), "Give a number of at least 1, or 0 for no limit.")
			}
		}
	}
}
