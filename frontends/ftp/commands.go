package ftp

import (
	"context"
	"io/fs"
	"strings"

	"filegate/core/vfs"
)

var (
	errNoPath      = &reply{code: 501, text: "A path is missing."}
	errNotLoggedIn = &reply{code: 530, text: "Log in with USER and PASS first."}
)

// perform executes the commands that the library lacks or supports only in part, and all commands
// that move data. It returns false for all others, which are passed on to the library. A nil reply
// is sent later or has been sent.
func (c *client) perform(verb, arg string) (r *reply, done bool) {
	err := func() (err error) {
		defer recoverTo(&err, c.log)
		r, done = c.execute(verb, arg)
		return nil
	}()
	if err != nil {
		return asReply(err), true
	}
	return r, done
}

// execute implements perform. It may panic if the storage does.
func (c *client) execute(verb, arg string) (r *reply, done bool) {
	if r, done := c.performAlways(verb, arg); done {
		return r, true
	}
	d := c.driver
	if d == nil {
		return nil, false
	}
	if r := c.meant(d, verb, arg); r != nil {
		return r, true
	}
	switch verb {
	case "ABOR":
		return c.abort(), true
	case "NOOP":
		if c.underWay() == nil {
			return nil, false
		}
		return &reply{code: 200, text: "A transfer is under way."}, true
	case "STAT":
		if arg == "" {
			return c.status(d), true
		}
		return c.statPath(d, arg), true
	case "RETR":
		return c.retr(d, arg), true
	case "STOR":
		return c.stor(d, arg, "Send the file."), true
	case "STOU":
		return c.stou(d), true
	case "APPE":
		return c.appe(d, arg), true
	case "LIST", "NLST", "MLSD":
		return c.list(d, verb, arg), true
	case "MLST":
		return c.mlst(d, arg), true
	case "PASV", "EPSV":
		return c.passive(verb, arg), true
	case "PORT", "EPRT":
		return c.activeMode(verb, arg), true
	case "TYPE":
		return c.params.setType(arg), true
	case "MODE":
		return c.params.setMode(arg), true
	case "STRU":
		return setStructure(arg), true
	case "REST":
		return c.params.setRest(arg), true
	case "RANG":
		return c.params.setSpan(arg), true
	case "ALLO":
		return c.params.allo(arg), true
	case "SIZE":
		if c.params.text {
			return &reply{code: 550, text: "SIZE is not available in TYPE A; use TYPE I."}, true
		}
	case "MKD", "XMKD":
		if c.params.umask != nil {
			return d.mkdirMode(arg, 0o777&^*c.params.umask), true
		}
	case "MFF", "MFCT":
		return d.modifyFacts(verb, arg), true
	case "HASH", "MD5", "XCRC", "XMD5", "XSHA", "XSHA1", "XSHA256", "XSHA512":
		return c.checksum(d, verb, arg), true
	case "SITE":
		return d.site(arg), true
	}
	return nil, false
}

// performAlways executes the commands that a client may send before its login.
func (c *client) performAlways(verb, arg string) (r *reply, done bool) {
	switch verb {
	case "PBSZ":
		return c.pbsz(arg), true
	case "PROT":
		return c.prot(arg), true
	case "FEAT":
		return c.features(), true
	case "HELP":
		if strings.EqualFold(strings.TrimSpace(arg), "SITE") {
			return siteHelpReply(), true
		}
		return &reply{code: 214, text: "The commands are those of RFC 959, 2389, 2428, 3659 and 4217; see FEAT."}, true
	case "HOST":
		return c.host(arg), true
	case "LANG":
		return language(arg), true
	case "CSID":
		return clientServerID(arg), true
	case "OPTS":
		return c.options(arg), true
	}
	return nil, false
}

// options executes OPTS.
func (c *client) options(arg string) *reply {
	option, value, _ := strings.Cut(arg, " ")
	switch strings.ToUpper(option) {
	case "MLST":
		return c.params.facts.choose(value)
	case "HASH":
		return c.params.setHash(value)
	case "MODE":
		return c.params.setLevel(value)
	case "UTF8", "UTF-8":
		return c.setUTF8(value)
	}
	return &reply{code: 501, text: "The options are HASH, MLST, MODE and UTF8."}
}

// host executes HOST (RFC 7151). There is one host, and clients may use any name for it.
func (c *client) host(name string) *reply {
	switch {
	case c.control.loggedIn || c.control.named:
		return &reply{code: 503, text: "HOST comes before USER."}
	case name == "" || strings.ContainsAny(name, " /"):
		return &reply{code: 501, text: "Usage: HOST name."}
	}
	banner, _, _ := strings.Cut(c.srv.cfg.Banner, "\n")
	return &reply{code: 220, text: banner}
}

// language executes LANG (RFC 2640, section 4.1).
func language(tag string) *reply {
	switch primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-"); primary {
	case "", "en":
		return &reply{code: 200, text: "Replies are in English."}
	}
	return &reply{code: 504, text: "Replies are available in English only."}
}

// clientServerID executes CSID, in which the client and the server tell their names.
func clientServerID(arg string) *reply {
	if !strings.Contains(arg, "=") {
		return &reply{code: 501, text: "Usage: CSID Name=name; Version=version;"}
	}
	return &reply{code: 200, text: "Name=filegate; CaseSensitive=1; DirSep=/;"}
}

// features executes FEAT (RFC 2389). MODE Z is supported, but is not listed: lftp 4.9.2 would use
// it automatically, and it silently loses the end of long listings when it inflates them.
func (c *client) features() *reply {
	lines := []string{
		" CLNT", " CSID", " EPRT", " EPSV", " HASH " + c.params.hash.feature(), " HOST", " LANG EN*", " MDTM", " MD5",
		" MFF Modify;UNIX.mode;", " MFMT", " MLSD", " MLST " + c.params.facts.feature(), " RANG STREAM", " REST STREAM",
		" SITE CHMOD", " SITE COPY", " SITE SYMLINK", " SITE UTIME", " SIZE", " STOU", " TVFS", " UTF8",
		" XCRC filename;start;end", " XMD5 filename;start;end", " XSHA1 filename;start;end", " XSHA256 filename;start;end", " XSHA512 filename;start;end",
	}
	if c.srv.tls != nil {
		lines = append(lines, " AUTH TLS", " PBSZ", " PROT")
		if c.srv.cfg.TLS.CCC {
			lines = append(lines, " CCC")
		}
	}
	if c.spaceKnown() { // without a quota AVBL is always refused
		lines = append(lines, " AVBL")
	}
	return &reply{code: 211, text: "These are the features:", lines: lines, last: "End."}
}

// mkdirMode executes MKD with a mode.
func (d *driver) mkdirMode(name string, mode fs.FileMode) *reply {
	if name == "" {
		return errNoPath
	}
	var made vfs.Path
	err := d.do(name, func(ctx context.Context, p vfs.Path) error {
		made = p
		return d.session.MkdirMode(ctx, p, mode)
	})
	if err != nil {
		return asReply(err)
	}
	return &reply{code: 257, text: `"` + strings.ReplaceAll(d.toClient(string(made)), `"`, `""`) + `" created.`}
}
