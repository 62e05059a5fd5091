package convert

import (
	"slices"
	"strconv"
	"strings"
)

// isYes reports whether Python reads a value as true, and known whether as a boolean at all.
func isYes(value string) (yes, known bool) {
	value = strings.ToLower(value)
	yes = slices.Contains([]string{"1", "yes", "true", "on"}, value)
	return yes, yes || slices.Contains([]string{"0", "no", "false", "off"}, value)
}

// yes returns a boolean option. It writes a comment if the value is no boolean.
func (o *Old) yes(w *writer, name string, preset bool) bool {
	value := o.get(name)
	if !o.has(name) {
		return preset
	}
	yes, known := isYes(value)
	if !known {
		w.note("%s = %q in %s is neither yes nor no: %s did not start with it. Its default counts here.", name, value, o.file, o.server.program())
		return preset
	}
	return yes
}

// number returns an option that is a number from 0 to most. It writes a comment if the value is not
// such a number.
func (o *Old) number(w *writer, name string, most int) (n int, ok bool) {
	value := o.get(name)
	if !o.has(name) {
		return 0, false
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > most {
		w.note("%s = %q in %s is not a number from 0 to %d. The default counts here.", name, value, o.file, most)
		return 0, false
	}
	return n, true
}
