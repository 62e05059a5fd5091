package config

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// oldNames are the options of sftp-cloudfs and ftp-cloudfs. The value is the replacement of the
// option, or "nothing: " and the reason.
var oldNames = map[string]string{
	"auth-url":                  `auth_url in the config block of an auth block: auth "swiftv1" "NAME" or auth "keystone" "NAME"`,
	"insecure":                  `insecure = true, in the config block of the auth block and in backend "swift"; "no" is false`,
	"bind-address":              `listen = ["ADDRESS:PORT"] of the frontend`,
	"port":                      `listen = ["ADDRESS:PORT"] of the frontend`,
	"memcache":                  `cache "memcached" { servers = ["HOST:PORT"], key = file("…") }`,
	"verbose":                   `log { level = "debug" }`,
	"foreground":                `nothing: filegate stays in the foreground, and systemd or another supervisor keeps it`,
	"log-file":                  `log { output = "FILE" }`,
	"syslog":                    `log { output = "syslog" }`,
	"pid-file":                  `pid_file`,
	"uid":                       `user`,
	"gid":                       `group`,
	"keystone-auth":             `an auth "keystone" "NAME" block instead of auth "swiftv1"`,
	"keystone-auth-version":     `version in the config block of auth "keystone"`,
	"keystone-region-name":      `region in the config block of auth "keystone"`,
	"keystone-tenant-separator": `tenant_separator in the config block of auth "keystone"`,
	"keystone-domain-separator": `domain_separator in the config block of auth "keystone"`,
	"keystone-service-type":     `service_type in the config block of auth "keystone"`,
	"keystone-endpoint-type":    `interface in the config block of auth "keystone": publicURL is "public"`,
	"storage-policy":            `storage_policy of backend "swift"`,
	"host-key-file":             `host_keys = ["FILE"] of frontend "ssh"`,
	"server-ident":              `version of frontend "ssh"`,
	"scp-support":               `services of frontend "ssh": without scp it is ["sftp"]`,
	"disable-scp":               `services of frontend "ssh": without scp it is ["sftp"]`,
	"max-children":              `max_connections of the frontend`,
	"auth-timeout":              `login_timeout of the frontend`,
	"negotiation-timeout":       `login_timeout of the frontend`,
	"keepalive":                 `keepalive = "30s" of frontend "ssh", with a unit`,
	"ciphers":                   `ciphers = ["…"] of frontend "ssh"`,
	"digests":                   `macs = ["…"] of frontend "ssh"`,
	"split-large-files":         `segment_size of backend "swift", with a unit: 100 is "100MB". Large files need no option any more`,
	"hide-part-dir":             `hide_segments of backend "swift", which is on`,
	"banner":                    `banner of frontend "ftp"`,
	"max-cons-per-ip":           `limits { per_address { connections = N } }`,
	"permit-foreign-addresses":  `foreign_data of frontend "ftp": the networks that data may come from and go to`,
	"masquerade-firewall":       `passive { public_host = "ADDRESS" } of frontend "ftp"`,
	"passive-ports":             `passive { ports = "FROM-TO" } of frontend "ftp"`,
	"rackspace-service-net":     `storage_url in the config block of the auth block`,
	"service-net":               `storage_url in the config block of the auth block`,
	"workers":                   `nothing: one process uses all processors`,
}

// replacement returns a sentence about the replacement of an option of the old servers.
func replacement(is string) string {
	if reason, none := strings.CutPrefix(is, "nothing: "); none {
		return "Remove it: " + reason + "."
	}
	return "Use " + is + "."
}

// advice returns a sentence about an unknown name: the replacement of an option of the old servers,
// or the name that was probably meant.
func advice(name string, candidates []string) string {
	if is, ok := oldNames[strings.ReplaceAll(name, "_", "-")]; ok {
		return "This is an option of sftp-cloudfs and ftp-cloudfs. " + replacement(is)
	}
	return didYouMean(name, candidates)
}

var (
	oldSection = regexp.MustCompile(`(?m)\A(?:\s*(?:[#;].*)?\n)*\s*\[(?:sftpcloudfs|ftpcloudfs)\]`)
	oldLine    = regexp.MustCompile(`(?m)^[ \t]*([A-Za-z][A-Za-z0-9_-]*)[ \t]*[=:]`)
)

// oldFile returns the replacements of all options in a file of sftp-cloudfs or ftp-cloudfs. It
// returns nil for any other file.
func oldFile(src *source) Diagnostics {
	text := src.file.Bytes
	if !oldSection.Match(text) {
		return nil
	}
	at := func(from, to int) hcl.Range {
		line := bytes.Count(text[:from], []byte("\n")) + 1
		return hcl.Range{
			Filename: src.name, Start: hcl.Pos{Line: line, Column: 1, Byte: from}, End: hcl.Pos{Line: line, Column: 1 + to - from, Byte: to},
		}
	}
	all := Diagnostics{{
		Summary: "This is a configuration of sftp-cloudfs or ftp-cloudfs",
		Detail:  "The configuration of filegate has another format: see gateway.hcl.example. The following lines name the new option for each old one.",
		rng:     src.start(),
	}}
	for _, m := range oldLine.FindAllSubmatchIndex(text, -1) {
		name := strings.ToLower(string(text[m[2]:m[3]]))
		d := Diagnostic{Summary: "Old option " + name, rng: at(m[2], m[3]), src: src}
		if is, ok := oldNames[strings.ReplaceAll(name, "_", "-")]; ok {
			d.Detail = replacement(is)
		} else {
			d.Summary, d.Detail = "Unknown option "+name, "Filegate has no such option: remove it."
		}
		all = append(all, d)
	}
	return all
}
