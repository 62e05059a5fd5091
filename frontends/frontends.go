// Package frontends lists the built-in frontends.
package frontends

import (
	"filegate/core/frontend"
	"filegate/frontends/ftp"
	"filegate/frontends/scp"
	"filegate/frontends/sftp"
	"filegate/frontends/ssh"
	"filegate/frontends/sshexec"
)

// All returns them.
func All() []frontend.Kind {
	return []frontend.Kind{
		ssh.Kind(sftp.NewService(), scp.Service{}, sshexec.Service{}),
		ftp.Kind(),
	}
}
