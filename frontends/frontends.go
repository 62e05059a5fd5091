// Package frontends lists the built-in frontends. The program filegate passes the list to the
// configuration. To add a frontend, add its Kind to [All]; to add a service of SSH, add it to the
// Kind of package ssh. The package has no other code, and no tests of its own.
package frontends

import (
	"filegate/core/frontend"
	"filegate/frontends/ftp"
	"filegate/frontends/scp"
	"filegate/frontends/sftp"
	"filegate/frontends/ssh"
	"filegate/frontends/sshexec"
)

// All returns the kinds of the built-in frontends.
func All() []frontend.Kind {
	return []frontend.Kind{
		ssh.Kind(sftp.NewService(), scp.Service{}, sshexec.Service{}),
		ftp.Kind(),
	}
}
