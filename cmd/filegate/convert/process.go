package convert

import (
	"net"
	"slices"
	"strconv"
)

// first returns the first value of an option of the whole process. It writes a comment if the files
// have different values.
func first(w *writer, files []*Old, name string) (value string, from *Old) {
	for _, o := range files {
		switch v := o.get(name); {
		case v == "":
		case from == nil:
			value, from = v, o
		case v != value:
			w.note("%s = %q in %s is left out: one process has one value, and that of %s counts.", name, v, o.file, from.file)
		}
	}
	return value, from
}

// process writes the options of the process.
func process(w *writer, files []*Old) {
	w.gap()
	if pid, _ := first(w, files, "pid-file"); pid != "" {
		w.set("pid_file", pid)
	}
	uid, _ := first(w, files, "uid")
	if uid != "" {
		w.note("This user must be able to read the host keys and all other files that are named here.")
		w.set("user", uid)
	}
	gid, o := first(w, files, "gid")
	switch _, err := strconv.Atoi(gid); {
	case gid == "":
	case err == nil:
		w.set("group", gid)
	case gid == uid:
		w.note("gid = %q in %s was the name of a user, and meant the primary group of that user. Filegate takes the primary group of user by itself.", gid, o.file)
	default:
		w.note("gid = %q in %s was the name of a user, and meant the primary group of that user. Filegate takes it for the name of a group.", gid, o.file)
		w.set("group", gid)
	}
}

// logging writes the log block.
func logging(w *writer, files []*Old) {
	verbose, syslog := false, false
	if !slices.ContainsFunc(files, func(o *Old) bool { return o.has("verbose") || o.has("syslog") || o.has("log-file") }) {
		return
	}
	w.open("log")
	defer w.close()
	for _, o := range files {
		verbose = o.yes(w, "verbose", false) || verbose
		syslog = o.yes(w, "syslog", false) || syslog
	}
	if verbose {
		w.set("level", "debug")
	}
	switch file, _ := first(w, files, "log-file"); {
	case syslog && file != "":
		w.note("log-file = %q is left out: there is one output, and syslog is set.", file)
		fallthrough
	case syslog:
		w.set("output", "syslog")
	case file != "":
		w.set("output", file)
	}
}

// memcached writes the block of the shared cache.
func memcached(w *writer, files []*Old, opts Options) {
	var servers []string
	have := map[string]bool{}
	bad := ""
	for _, o := range files {
		for _, s := range o.list("memcache") {
			if _, _, err := net.SplitHostPort(s); err != nil {
				bad = s
			} else if !have[s] {
				have[s] = true
				servers = append(servers, s)
			}
		}
	}
	if bad != "" {
		w.gap()
		w.note("memcache: %q is left out, it is not HOST:PORT.", bad)
	}
	if len(servers) == 0 {
		return
	}
	w.gap()
	w.note("The old servers kept tokens in memcached in clear text. Filegate encrypts all that it keeps there, with a key that all gateways share. To make the key: (umask 077; openssl rand -base64 48 > FILE)")
	key := opts.CacheKey
	if key == "" {
		w.note("To use memcached, make the key, and remove the \"#\" from the following lines, or run filegate convert again with -cache-key FILE.")
		w.gap()
		w.disabled, key = true, "/etc/filegate/cache.key"
	}
	w.line(`cache "memcached" {`)
	w.depth++
	w.set("servers", servers)
	w.line("key = file(" + quote(key) + ")")
	w.close()
	w.disabled = false
}

// limits writes the limit of connections from an address.
func limits(w *writer, files []*Old) {
	for _, o := range files {
		n, ok := 0, false
		if o.server == ftpServer {
			n, ok = o.number(w, "max-cons-per-ip", 1_000_000)
		}
		if !ok || n == 0 {
			continue
		}
		w.open("limits")
		w.open("per_address")
		w.note("max-cons-per-ip of %s. It counts the clients of all frontends.", o.file)
		w.set("connections", n)
		w.close()
		w.close()
	}
}
