package config

import "fmt"

// Limits is the block "limits": what clients may use at the same time, so that one client cannot
// exclude the others.
type Limits struct {
	// Total limits all clients together.
	Total Limit `hcl:"total,block"`
	// Address limits one address; IPv6 addresses count by their /64 network.
	Address Limit `hcl:"per_address,block"`
	// User limits one user, identified by the name that the authenticator returns.
	User OwnerLimit `hcl:"per_user,block"`
	// Account limits one account of the storage, with all its users.
	Account OwnerLimit `hcl:"per_account,block"`
}

// Limit is one block of [Limits]. Zero means no limit.
type Limit struct {
	// Connections is the maximum number of connected clients, logged in or not.
	Connections int `hcl:"connections,optional"`
	// Sessions is the maximum number of logged-in clients.
	Sessions int `hcl:"sessions,optional"`
	// LoginsPerMinute is the maximum number of logins in a minute.
	LoginsPerMinute int `hcl:"logins_per_minute,optional"`
	// Transfers is the maximum number of open files.
	Transfers int `hcl:"transfers,optional"`
	// UploadRate and DownloadRate are the maximum number of bytes of file content per second.
	UploadRate   int64 `hcl:"upload_rate,optional" unit:"bytes"`
	DownloadRate int64 `hcl:"download_rate,optional" unit:"bytes"`
}

// OwnerLimit is a [Limit] for users and accounts. It cannot limit connections, because user and
// account are unknown before the login.
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
