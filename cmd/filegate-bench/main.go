package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sizes are the amounts of data.
type sizes struct {
	large   int64 // of one file
	far     int64 // of one file for a distant Swift
	random  int64 // of the file for random reads
	files   int   // number of small files
	entries int   // in a listing
	many    int   // in a large listing; 0: no such row
	uploads int   // at the same time
	// The number of first bytes, or logins, that are measured in one turn.
	times   int
	readFor time.Duration
}

func main() { os.Exit(command()) }

func command() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bencher(ctx, os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		fmt.Fprintf(os.Stderr, "filegate-bench: %v\n", err)
		return 1
	}
	return 0
}

func bencher(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("filegate-bench", flag.ContinueOnError)
	var (
		s         sizes
		b         bench
		store     login
		only      = flags.String("rows", "", "names of the `rows` to run, with commas; empty: all")
		who       = flags.String("only", "", "contestants that match this `expression` only, such as \"^curl, filegate\"")
		quick     = flags.Bool("quick", false, "small sizes and one round, to see that all works; other flags of sizes have no effect")
		list      = flags.Bool("list", false, "print the names of the rows and end")
		jsonFile  = flags.String("json", "", "write all figures into this `file` too")
		largeMiB  = flags.Int64("size", 1024, "size of large files, in `MiB`")
		farMiB    = flags.Int64("far-size", 1024, "size of files for a Swift at a distance, in `MiB`")
		randomMiB = flags.Int64("random-size", 256, "size of the file that is read at random, in `MiB`")
	)
	flags.IntVar(&b.rounds, "rounds", 3, "how often each contestant takes its turn")
	flags.IntVar(&s.files, "files", 500, "how many small files are moved")
	flags.IntVar(&s.entries, "entries", 10_000, "how many files are listed")
	flags.IntVar(&s.many, "many", 0, "also list this many files, such as 100000")
	flags.IntVar(&s.uploads, "uploads", 200, "how many send at once")
	flags.IntVar(&s.times, "times", 20, "how often a first byte, or a login, is waited for in one turn")
	flags.DurationVar(&s.readFor, "read-for", 5*time.Second, "how long is read at random in one turn")
	flags.DurationVar(&b.patience, "patience", 10*time.Minute, "how long one turn may take")
	flags.StringVar(&b.programs.filegate, "filegate", "bin/filegate", "the `program` filegate, with its authenticators beside it")
	flags.StringVar(&b.programs.rclone, "rclone", "rclone", "the `program` rclone")
	flags.StringVar(&b.programs.sshd, "sshd", "/usr/sbin/sshd", "the `program` sshd")
	flags.StringVar(&store.auth, "auth", os.Getenv("FILEGATE_TEST_SWIFT_AUTH"), "`URL` of Swift's auth 1.0")
	flags.StringVar(&store.user, "user", os.Getenv("FILEGATE_TEST_SWIFT_USER"), "Swift's `user`")
	flags.StringVar(&store.key, "key", os.Getenv("FILEGATE_TEST_SWIFT_KEY"), "Swift's `password`")
	flags.StringVar(&b.keystone.url, "keystone", os.Getenv("FILEGATE_TEST_KEYSTONE"), "`URL` of a Keystone's v3, for the rows of logins")
	flags.StringVar(&b.keystone.user, "keystone-user", os.Getenv("FILEGATE_TEST_KEYSTONE_USER"), "Keystone's `user`, of its default domain")
	flags.StringVar(&b.keystone.password, "keystone-password", os.Getenv("FILEGATE_TEST_KEYSTONE_PASSWORD"), "Keystone's `password`")
	flags.StringVar(&b.keystone.project, "keystone-project", os.Getenv("FILEGATE_TEST_KEYSTONE_PROJECT"), "Keystone's `project`, of its default domain")
	work := flags.String("work", "/dev/shm", "`directory` for what clients send and fetch: better no disk")
	disk := flags.String("disk", "/var/tmp", "`directory` for what sshd stores: a disk")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	s.large, s.far, s.random = *largeMiB<<20, *farMiB<<20, *randomMiB<<20
	if *quick {
		s = sizes{
			large: 64 << 20, far: 16 << 20, random: 16 << 20, files: 20, entries: 200, uploads: 10, times: 3, readFor: 500 * time.Millisecond, many: s.many,
		}
		b.rounds = 1
	}
	chosen, err := choose(rows(s), *only, *who)
	if err != nil {
		return err
	}
	if *list {
		for _, r := range chosen {
			fmt.Printf("%-12s  %s, %s\n", r.name, r.title, r.unit)
		}
		return nil
	}
	if b.rounds < 1 {
		return errors.New("-rounds: there must be one at least")
	}
	begin := time.Now()
	if err := b.open(ctx, store, *work, *disk); err != nil {
		return err
	}
	rep := report{Facts: b.facts(ctx)}
	for _, r := range chosen {
		if ctx.Err() != nil {
			break
		}
		rep.Results = append(rep.Results, r.run(ctx, &b))
	}
	rep.Took = time.Since(begin).Round(time.Second).String()
	return errors.Join(b.close(context.WithoutCancel(ctx)), rep.print(os.Stdout), rep.write(*jsonFile), context.Cause(ctx))
}

// choose returns the rows with these names, or all without names, with the matching contestants.
func choose(all []row, names, who string) ([]row, error) {
	match, err := regexp.Compile(who)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].contestants = filter(all[i].contestants, func(c contestant) bool { return match.MatchString(c.String()) })
	}
	if names == "" {
		return all, nil
	}
	var chosen []row
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(r row) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no row %q: -list prints all", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// write writes the report as JSON to a file, if a file is given.
func (r *report) write(file string) error {
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644) //nolint:gosec // nothing secret
}
