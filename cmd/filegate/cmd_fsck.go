package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"filegate/core/config"
	"filegate/core/gateway"
	"filegate/core/vfs"
)

const (
	// fsckAge is the default of -age.
	fsckAge = 7 * 24 * time.Hour
	// minRepairAge is the smallest -age with -repair or -convert.
	minRepairAge = 24 * time.Hour
)

func cmdFsck(e env, args []string) int {
	flags := newFlags(e, "fsck", "[-c FILE] -user USER [-frontend NAME] [-age DURATION] [-read] [-convert slo] [-repair] [-json] CONTAINER|-all\n\n"+
		"Search a container, or all containers of an account, for errors: segments that belong to no file, large files with missing or\n"+
		"changed segments, listed names without an object, wrong sizes in listings, and uploads and renames that were interrupted. The\n"+
		"command logs in as a client of a frontend does, asks for the password, and changes nothing without -repair. It can be stopped\n"+
		"and begun again at any time. The exit code is 4 if errors are left.\n")
	file := flags.String("c", defaultFile, "the configuration `file`")
	user := flags.String("user", "", "the `user` whose storage is searched; it must be the owner of the account")
	frontend := flags.String("frontend", "", "log in through the frontend of this `name` (default: the first)")
	age := flags.Duration("age", fsckAge, "judge only what has not changed for this `duration`; with -repair at least 24h")
	all := flags.Bool("all", false, "search all containers")
	read := flags.Bool("read", false, "also read all files, and compare them with their checksums")
	convert := flags.String("convert", "", "`slo`: turn dynamic large objects, such as those of sftp-cloudfs, into static ones; the segments stay where they are; with -repair only, else list them")
	repair := flags.Bool("repair", false, "repair what can be repaired safely, and show what was done")
	asJSON := flags.Bool("json", false, "print one JSON object for each finding, and one at the end")
	wanted := 1
	for _, a := range args {
		if strings.TrimLeft(a, "-") == "all" && strings.HasPrefix(a, "-") {
			wanted = 0
		}
	}
	words, code, ok := parseMixed(e, flags, args, wanted)
	usage := func(text string) int {
		fmt.Fprintf(e.stderr, "filegate fsck: %s\n", text)
		return exitUsage
	}
	switch {
	case !ok:
		return code
	case *all && len(words) > 0, !*all && len(words) != 1:
		return usage("give the name of a container, or -all")
	case *user == "":
		return usage("give the user with -user")
	case *convert != "" && *convert != "slo":
		return usage("-convert can only be slo")
	case *age < 0:
		return usage("-age is negative")
	case *repair && *age < minRepairAge:
		return usage("with -repair, -age must be at least " + minRepairAge.String() + ", so that uploads that are running lose nothing")
	}
	opts := vfs.FsckOptions{Age: *age, Repair: *repair, Read: *read, ToStatic: *convert != ""}
	if len(words) > 0 {
		opts.Container = strings.Trim(words[0], "/")
	}
	cfg, confined, err := loadConfined(*file, "")
	if err != nil {
		return failConfined(e, confined, err)
	}
	report := &fsckReport{env: e, json: *asJSON, began: time.Now(), shown: time.Now()}
	opts.Found, opts.Note, opts.Progress = report.found, report.note, report.progress
	if err := fsck(e, cfg, *user, *frontend, opts); err != nil {
		report.clear()
		if e.stop.Err() != nil {
			fmt.Fprintln(e.stderr, "filegate fsck: stopped before the end; what it has repaired stays repaired")
			return exitFailure
		}
		return e.fail(err)
	}
	return report.end()
}

// fsck logs a user in and searches the storage.
func fsck(e env, cfg *config.Config, user, frontend string, opts vfs.FsckOptions) (err error) {
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	g, err := gateway.New(e.stop, cfg, options(log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	f, err := frontendNamed(cfg, frontend)
	if err != nil {
		return err
	}
	password, err := e.askAnswer("password: ", false)
	if err != nil {
		return fmt.Errorf("the password could not be read: %w", err)
	}
	sess, err := logIn(e, g, f, user, password)
	if err != nil {
		return err
	}
	defer sess.Close()
	if err := sess.Fsck(e.stop, opts); err != nil {
		if text := vfs.ClientText(err); text != "" && !errors.Is(err, context.Canceled) {
			return errors.New(text)
		}
		return err
	}
	return nil
}

// frontendNamed returns the frontend of a name, or the first if the name is empty.
func frontendNamed(cfg *config.Config, name string) (*config.Frontend, error) {
	for _, f := range cfg.Frontends {
		if name == "" || f.Name == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("there is no frontend %q in the configuration", name)
}

// fsckReport prints what a search finds.
type fsckReport struct {
	env
	json  bool
	began time.Time

	shown time.Time // when the progress was printed
	line  int       // length of the progress on the terminal

	objects        int64
	faults, mended int
	wasted, freed  int64 // bytes
	notes          int
}

// fsckLine is a finding in JSON.
type fsckLine struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Text     string `json:"text"`
	Bytes    int64  `json:"bytes,omitempty"`
	Repaired bool   `json:"repaired"`
	Advice   bool   `json:"advice,omitempty"`
}

func (r *fsckReport) print(v any) error {
	r.clear()
	return json.NewEncoder(r.stdout).Encode(v)
}

func (r *fsckReport) found(f vfs.Finding) error {
	state := "FOUND   "
	switch {
	case f.Advice && f.Repaired:
		state = "done    "
	case f.Advice:
		state = "advice  "
	case f.Repaired:
		state = "REPAIRED"
		r.faults++
		r.mended++
		r.freed += f.Bytes
	default:
		r.faults++
		r.wasted += f.Bytes
	}
	if r.json {
		return r.print(fsckLine(f))
	}
	r.clear()
	stored := ""
	if f.Bytes > 0 {
		stored = " (" + size(f.Bytes) + ")"
	}
	_, err := fmt.Fprintf(r.stdout, "%s  %s  %s%s: %s\n", state, f.Kind, shown(f.Name), stored, shown(f.Text))
	return err
}

func (r *fsckReport) note(text string) {
	r.notes++
	if r.json {
		_ = r.print(map[string]string{"note": text}) // the next finding, or the end, reports the error
		return
	}
	r.clear()
	fmt.Fprintf(r.stdout, "note      %s\n", shown(text))
}

// progress prints how far the search is: on a terminal every second, else every minute.
func (r *fsckReport) progress(done, all int64) {
	r.objects = done
	every := time.Minute
	if r.terminal.width > 0 {
		every = time.Second
	}
	now := time.Now()
	if now.Sub(r.shown) < every {
		return
	}
	r.shown = now
	text := progressText(done, all, now.Sub(r.began))
	r.clear()
	if r.terminal.width == 0 {
		fmt.Fprintln(r.stderr, text)
		return
	}
	r.line = len(text)
	fmt.Fprint(r.stderr, text)
}

// progressText returns a line with the rate and the time that is left.
func progressText(done, all int64, took time.Duration) string {
	rate := float64(done) / max(took.Seconds(), 0.001)
	text := fmt.Sprintf("%d of about %d objects, %.0f a second", done, all, rate)
	if rest := all - done; rest > 0 && rate > 0 {
		text += fmt.Sprintf(", about %s left", (time.Duration(float64(rest)/rate) * time.Second).Round(time.Second))
	}
	return text
}

// clear removes the progress from the terminal.
func (r *fsckReport) clear() {
	if r.line > 0 {
		fmt.Fprintf(r.stderr, "\r%s\r", strings.Repeat(" ", r.line))
		r.line = 0
	}
}

// end prints the result, and returns the exit code.
func (r *fsckReport) end() int {
	r.clear()
	code := exitOK
	if r.faults > r.mended {
		code = exitFound
	}
	var err error
	switch {
	case r.json:
		err = r.print(map[string]any{"summary": map[string]any{
			"objects": r.objects, "found": r.faults, "repaired": r.mended, "bytes": r.wasted, "freed": r.freed, "notes": r.notes, "seconds": time.Since(r.began).Seconds(),
		}})
	case r.faults == 0:
		_, err = fmt.Fprintf(r.stdout, "%d objects: no errors found\n", r.objects)
	default:
		_, err = fmt.Fprintf(r.stdout, "%d objects: %d errors found, %d repaired; %s freed, %s still stored for nothing\n", r.objects, r.faults, r.mended, size(r.freed), size(r.wasted))
	}
	if err != nil {
		return r.fail(err)
	}
	return code
}
