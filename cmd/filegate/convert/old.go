package convert

import (
	"bufio"
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// server is one of the old servers, by the name of its section in the file.
type server string

const (
	sftpServer server = "sftpcloudfs"
	ftpServer  server = "ftpcloudfs"
)

// program returns the name of the server's program.
func (s server) program() string { return strings.Replace(string(s), "cloudfs", "-cloudfs", 1) }

// Old is the configuration file of an old server.
type Old struct {
	file   string
	server server
	values map[string]string
	used   map[string]bool // the options that the conversion has looked at
}

// The forms of lines, as Python's RawConfigParser reads them.
var (
	sectionLine = regexp.MustCompile(`^\[([^]]+)\]`)
	optionLine  = regexp.MustCompile(`^([^:=\s][^:=]*?)\s*[:=]\s*(.*)$`)
	lineComment = regexp.MustCompile(`^\s*([#;]|$)|(?i)^rem(\s|$)`)
	tailComment = regexp.MustCompile(`\s;.*$`)
)

// Parse reads a configuration file. The section in it decides which server it is for.
func Parse(file string, text []byte) (*Old, error) {
	sections := map[string]map[string]string{}
	var values map[string]string
	option := ""
	lines := bufio.NewScanner(bytes.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimRight(lines.Text(), " \t\r")
		continues := line != "" && strings.ContainsAny(line[:1], " \t")
		section, set := sectionLine.FindStringSubmatch(line), optionLine.FindStringSubmatch(line)
		switch {
		case !utf8.ValidString(line):
			return nil, fmt.Errorf("%s:%d: %q is not UTF-8: convert the file first, with: iconv -f ISO-8859-1 -t UTF-8", file, number, line)
		case strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && unicode.IsControl(r) }):
			return nil, fmt.Errorf("%s:%d: %q contains a control character", file, number, line)
		case lineComment.MatchString(line):
		case continues && option != "":
			values[option] += " " + strings.TrimSpace(line)
		case section != nil:
			if option = ""; sections[section[1]] == nil {
				sections[section[1]] = map[string]string{}
			}
			values = sections[section[1]]
		case set == nil:
			return nil, fmt.Errorf("%s:%d: %q is neither NAME = VALUE nor [SECTION]", file, number, line)
		case values == nil:
			return nil, fmt.Errorf("%s:%d: %q is above the first section: write [%s] or [%s] before it", file, number, set[1], sftpServer, ftpServer)
		default:
			option = strings.ToLower(set[1])
			value := strings.TrimSpace(tailComment.ReplaceAllString(set[2], ""))
			if value == `""` {
				value = ""
			}
			values[option] = value
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var found []*Old
	for _, s := range []server{sftpServer, ftpServer} {
		if values := sections[string(s)]; values != nil {
			for name, value := range sections["DEFAULT"] {
				if _, set := values[name]; !set {
					values[name] = value
				}
			}
			found = append(found, &Old{file: filepath.Base(file), server: s, values: values, used: map[string]bool{}})
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s: there must be one section, [%s] or [%s]", file, sftpServer, ftpServer)
	}
	return found[0], nil
}

// get returns the value of an option, or "" if it is not set.
func (o *Old) get(name string) string {
	o.used[name] = true
	return o.values[name]
}

// has reports whether an option is set.
func (o *Old) has(name string) bool {
	_, ok := o.values[name]
	return ok
}

// list returns the values of an option that is a list with commas.
func (o *Old) list(name string) []string {
	var all []string
	for item := range strings.SplitSeq(o.get(name), ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// same reports whether two files have the same values for some options.
func (o *Old) same(other *Old, names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return o.values[name] != other.values[name] })
}
