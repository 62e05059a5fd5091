package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sftpClient is OpenSSH's sftp, with only the options that a login without a terminal needs.
var sftpClient = client{
	name: "sftp", protocol: "sftp",
	put: func(ctx context.Context, b *bench, p *place, files []file) error {
		_, err := runSFTP(ctx, b, p, files, func(f file) string { return "put " + quoted(f.local) + " " + quoted(p.root+f.remote) })
		return err
	},
	get: func(ctx context.Context, b *bench, p *place, files []file) error {
		_, err := runSFTP(ctx, b, p, files, func(f file) string { return "get " + quoted(p.root+f.remote) + " " + quoted(f.local) })
		return err
	},
	list: func(ctx context.Context, b *bench, p *place) (string, error) {
		return runSFTP(ctx, b, p, []file{{}}, func(file) string { return "@ls -l " + quoted(p.root) })
	},
}

// runSFTP runs a batch with one command for each file.
func runSFTP(ctx context.Context, b *bench, p *place, files []file, command func(file) string) (string, error) {
	var batch strings.Builder
	for _, f := range files {
		batch.WriteString(command(f) + "\n")
	}
	// The file names contain the port, because several sessions may run at the same time.
	config := filepath.Join(b.work, "ssh_config-"+p.port)
	askpass := filepath.Join(b.work, "askpass-"+p.port)
	if err := writeOnce(config, 0o600, sshConfig(p)); err != nil {
		return "", err
	}
	if err := writeOnce(askpass, 0o700, "#!/bin/sh\nprintf '%s\\n' '"+p.password+"'\n"); err != nil {
		return "", err
	}
	return run(ctx, []string{"SSH_ASKPASS=" + askpass, "SSH_ASKPASS_REQUIRE=force"}, batch.String(),
		// -b follows -o, because -b alone would set BatchMode, which disables passwords.
		"sftp", "-q", "-F", config, "-o", "BatchMode=no", "-b", "-", p.host)
}

func sshConfig(p *place) string {
	method, identity := "password,keyboard-interactive", "none"
	if p.key != "" {
		method, identity = "publickey", p.key
	}
	return fmt.Sprintf(`Port %s
User %s
PreferredAuthentications %s
IdentityFile %s
IdentitiesOnly yes
NumberOfPasswordPrompts 1
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
LogLevel ERROR
`, p.port, p.user, method, identity)
}

// writeOnce writes a file if it does not exist. Concurrent calls are safe: the file is renamed when
// it is complete.
func writeOnce(name string, mode os.FileMode, text string) error {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".new-*")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := f.Close(); err != nil { // before it is executed
		return err
	}
	return os.Rename(f.Name(), name)
}
