package convert

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Options are the options of a conversion.
type Options struct {
	// CacheKey is a file with the key for the content of memcached. Empty: memcached is not used,
	// because the gateway does not start without a key.
	CacheKey string
}

// Convert returns a configuration for filegate that replaces those of one or two old servers.
func Convert(opts Options, files ...*Old) ([]byte, error) {
	if err := complete(files); err != nil {
		return nil, err
	}
	var names []string
	for _, o := range files {
		names = append(names, o.file)
	}
	w := &writer{}
	w.note("Made by filegate convert from %s. The comments explain what differs from the old configuration, and what to decide. See gateway.hcl.example for all options, and test this file with: filegate check -deep -c FILE", strings.Join(names, " and "))
	process(w, files)
	logging(w, files)
	memcached(w, files, opts)
	limits(w, files)
	auths := sharedBlocks(files, "main", authOptions)
	for _, b := range auths {
		if err := auth(w, b); err != nil {
			return nil, err
		}
	}
	backends := sharedBlocks(files, "main", backendOptions)
	for _, b := range backends {
		backend(w, b)
	}
	for i, o := range files {
		frontend(w, o, uses{auth: nameFor(auths, i), backend: nameFor(backends, i)})
	}
	leftOver(w, files)
	return []byte(strings.ReplaceAll(w.text.String(), "\n\n\n", "\n\n")), nil
}

// complete reports what is missing for a conversion.
func complete(files []*Old) error {
	if len(files) == 0 || len(files) > 2 || len(files) == 2 && files[0].server == files[1].server {
		return fmt.Errorf("give one file of %s, or of %s, or one of each", sftpServer.program(), ftpServer.program())
	}
	for _, o := range files {
		if o.get("auth-url") == "" {
			return fmt.Errorf(`%s: auth-url is missing: if the server got it by --auth-url, add "auth-url = URL" to the file`, o.file)
		}
		if o.server == sftpServer && o.get("host-key-file") == "" {
			return fmt.Errorf(`%s: host-key-file is missing: if the server got it by --host-key-file, add "host-key-file = FILE" to the file`, o.file)
		}
	}
	return nil
}

// block is a block of the result for one or both files.
type block struct {
	*Old

	name string
}

// sharedBlocks returns one block if the options are the same in all files, and else one for each.
func sharedBlocks(files []*Old, name string, options []string) []block {
	if len(files) == 1 || files[0].same(files[1], options) {
		for _, o := range files[1:] {
			for _, name := range options {
				o.used[name] = true
			}
		}
		return []block{{files[0], name}}
	}
	var all []block
	for _, o := range files {
		all = append(all, block{o, strings.TrimSuffix(string(o.server), "cloudfs")})
	}
	return all
}

// nameFor returns the name of the block for a file, or "" if there is only one.
func nameFor(blocks []block, file int) string {
	if len(blocks) == 1 {
		return ""
	}
	return blocks[file].name
}

// leftOver names the options that the conversion does not know.
func leftOver(w *writer, files []*Old) {
	for _, o := range files {
		for _, name := range slices.Sorted(maps.Keys(o.values)) {
			if !o.used[name] {
				w.gap()
				w.note("%s = %q in %s is not an option of %s. It had no effect.", name, o.values[name], o.file, o.server.program())
			}
		}
	}
}
