package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"filegate/cmd/filegate/convert"
)

// maxOldConfig is the largest configuration file of an old server that is read, in bytes.
const maxOldConfig = 1 << 20

func cmdConvert(e env, args []string) int {
	flags := newFlags(e, "convert", "[-o FILE] [-cache-key FILE] FILE [FILE]\n\nWrite a configuration that replaces those of sftp-cloudfs and ftp-cloudfs. Give one file of either, or both.\n"+
		"Comments in the result explain what differs.\n")
	out := flags.String("o", "", "the new `file`, which must not exist (default: standard output)")
	key := flags.String("cache-key", "", "the `file` with the key for memcached, at least 32 bytes")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	case flags.NArg() < 1 || flags.NArg() > 2:
		fmt.Fprintf(e.stderr, "filegate convert: give one or two files, not %d\n", flags.NArg())
		flags.Usage()
		return exitUsage
	}
	var files []*convert.Old
	for _, name := range flags.Args() {
		text, err := readBounded(name, maxOldConfig)
		if err != nil {
			return e.fail(err)
		}
		old, err := convert.Parse(name, text)
		if err != nil {
			return e.fail(err)
		}
		files = append(files, old)
	}
	result, err := convert.Convert(convert.Options{CacheKey: *key}, files...)
	switch {
	case err != nil:
		return e.fail(err)
	case *out == "":
		_, err = e.stdout.Write(result)
	default:
		err = writeNew(*out, result, 0o644)
	}
	if err != nil {
		return e.fail(err)
	}
	return exitOK
}

// readBounded reads a file of at most limit bytes.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s: larger than %d bytes: no configuration of an old server", name, limit)
	}
	return text, err
}
