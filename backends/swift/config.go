package swift

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"filegate/backends/internal/buffers"
	"filegate/backends/swift/api"
	"filegate/backends/swift/object"
	"filegate/core/backend"
	"filegate/core/vfs"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30

	defaultMaxSegment = 64 * mib
	maxListingLag     = time.Hour
)

// Kind is the Swift backend as the configuration names it.
func Kind() backend.Kind {
	return backend.Kind{Name: "swift", Config: func() backend.Config { return DefaultConfig() }}
}

// Config contains the options of a Swift backend. The storage URL and the token are not options:
// each login's grant has them.
type Config struct {
	// AllowedEndpoints are the URLs below which the storage of a login must be. Empty: any storage
	// URL.
	AllowedEndpoints []string `hcl:"allowed_endpoints,optional"`
	// SegmentSize is the size of the first segments of a large object, in bytes. A file of up to
	// this size is stored as a plain object, unless memory was short or the client paused. Each
	// segment is held in memory until Swift has it.
	SegmentSize int64 `hcl:"segment_size,optional" unit:"bytes"`
	// MaxSegmentSize is the largest size of a segment, in bytes: segments grow as the file does. 0:
	// 64 MiB, or SegmentSize if that is more.
	MaxSegmentSize int64 `hcl:"max_segment_size,optional" unit:"bytes"`
	// UploadConcurrency is the highest number of segments of one file that are sent at the same
	// time; fewer are sent if they are as fast as the client. Each segment is held in memory.
	UploadConcurrency int `hcl:"upload_concurrency,optional"`
	// Memory is the budget for all upload and read-ahead buffers together, in bytes. 0: a quarter
	// of the memory of the machine, or of the cgroup.
	Memory int64 `hcl:"memory,optional" unit:"bytes"`
	// ReadAhead is how far a download reads ahead of its client, in bytes.
	ReadAhead int64 `hcl:"read_ahead,optional" unit:"bytes"`
	// DownloadConcurrency is the highest number of GETs that fetch one file for sequential reading;
	// several are made if one alone is slower than the client. Each reads ReadAhead bytes at a
	// time.
	DownloadConcurrency int `hcl:"download_concurrency,optional"`
	// Patience is how long a failing request is repeated before the client gets the error.
	Patience time.Duration `hcl:"patience,optional"`
	// Stall is how long a request may take without transferring a byte before it counts as failed.
	Stall time.Duration `hcl:"stall_timeout,optional"`
	// CAFile is a file of certificates, in PEM, that Swift's certificate is checked against. Empty:
	// the system's.
	CAFile string `hcl:"ca_file,optional"`
	// Insecure skips the check of Swift's certificate.
	Insecure bool `hcl:"insecure,optional"`
	// MaxConnections is the highest number of open connections to one Swift host. 0: no limit.
	MaxConnections int `hcl:"max_connections,optional"`
	// ResumeRetention is how long an interrupted upload of a new file can be resumed. 0: it cannot
	// be resumed, and nothing of it is kept.
	ResumeRetention time.Duration `hcl:"resume_retention,optional"`
	// ShowPartial is "owner" or "never". With "owner", interrupted uploads are listed to logins
	// that may list the segments of the container, and so can resume the upload. With "never" no
	// listing shows them. Under its name an interrupted upload is always found, so that a client
	// can resume it.
	ShowPartial string `hcl:"show_partial,optional"`
	// LargeObjects is the form of files of more than one segment: "slo" for static large objects,
	// or "dlo" for the layout of sftp-cloudfs and ftp-cloudfs.
	LargeObjects string `hcl:"large_objects,optional"`
	// Flavour is the program that serves the storage: "swift", "ceph" (Ceph's RadosGW), or "auto"
	// to detect it.
	Flavour string `hcl:"flavour,optional"`
	// Digests are the checksums of whole files that are stored with them: "md5", "sha256". Swift
	// itself has the MD5 of plain objects only.
	Digests []string `hcl:"digests,optional"`
	// ListTimes is how listings find the times that clients gave files (X-Object-Meta-Mtime):
	// "true", by a HEAD for each entry that is not cached; "false", not at all, so that they show
	// when Swift received the files; "type", by the content type, where filegate then stores the
	// time too (see [api.TimeOfType]), and by a HEAD for files without it.
	ListTimes string `hcl:"list_times,optional" unit:"word"`
	// ListTimesLimit is the highest number of HEADs that one listing makes for times. The entries
	// after that show when Swift received them. 0: no limit.
	ListTimesLimit int `hcl:"list_times_limit,optional"`
	// ListTimesWait is how long one listing waits for these HEADs in all, unless they find files that
	// filegate has stored. The files after that keep the time of the listing, when Swift received
	// them, in later listings and for Stat too. 0: no limit.
	ListTimesWait time.Duration `hcl:"list_times_wait,optional"`
	// KeepModes stores the permission bits and owners that clients set, as metadata, and shows
	// them. Otherwise they are accepted and discarded. Listings show them if they show times,
	// because the same HEAD returns both.
	KeepModes bool `hcl:"keep_modes,optional"`
	// ListingLag is how long changes through a gateway are merged into Swift's listings, which may
	// lag. 0: they are not merged.
	ListingLag time.Duration `hcl:"listing_lag,optional"`
	// StoragePolicy is the policy that new containers get. Containers with another policy are
	// hidden. Empty: the cluster's default policy; nothing is hidden.
	StoragePolicy string `hcl:"storage_policy,optional"`
	// HideSegments hides segments in listings: in that of the account, the containers NAME_segments
	// and NAME+segments if a container NAME is listed; in that of a container, the directories in
	// which rclone and OpenDAL keep segments; in those of directories, the segments beside a file
	// (see [hiddenSegments]). They can still be reached by their paths.
	HideSegments bool `hcl:"hide_segments,optional"`
	// ShowVersions makes listings of containers that keep old versions show the directory
	// ".versions". Clients that read the whole tree then read the versions too. The directory can
	// always be entered by its name.
	ShowVersions bool `hcl:"show_versions,optional"`
	// ImplicitDirectories creates the directories that are missing above a new name, for clients of
	// the old servers, which need none. Otherwise a missing directory is an error, as on other
	// servers.
	ImplicitDirectories bool `hcl:"implicit_directories,optional"`
	// Aliases are names at the top level for what other accounts share, as "ACCOUNT/container" or
	// "ACCOUNT". An alias hides a container of the same name, and gives no rights that the storage
	// does not give.
	Aliases map[string]string `hcl:"aliases,optional"`
}

var _ backend.Config = (*Config)(nil)

// DefaultConfig returns the defaults.
func DefaultConfig() *Config {
	return &Config{
		SegmentSize:         16 * mib,
		UploadConcurrency:   6,
		ReadAhead:           8 * mib,
		DownloadConcurrency: 8,
		Patience:            2 * time.Minute,
		Stall:               45 * time.Second,
		ResumeRetention:     7 * 24 * time.Hour,
		ShowPartial:         showOwner,
		LargeObjects:        largeSLO,
		Flavour:             flavourAuto,
		Digests:             []string{string(vfs.MD5)},
		ListTimes:           timesByHead,
		ListTimesLimit:      10_000,
		ListTimesWait:       time.Second,
		ListingLag:          5 * time.Minute,
		HideSegments:        true,
	}
}

// Validate implements [backend.Config].
func (c *Config) Validate(report func(attribute, summary, detail string)) {
	const maxSegment = 5 * gib
	if _, err := parseEndpoints(c.AllowedEndpoints); err != nil {
		report("allowed_endpoints", "Not the URL of a storage", err.Error())
	}
	switch {
	case c.SegmentSize < buffers.BlockSize || c.SegmentSize > maxSegment:
		report("segment_size", "Segment size out of range", "Give a size from \"256KiB\" to \"5GiB\"; each segment is held in memory until Swift has it.")
	case c.SegmentSize%buffers.BlockSize != 0:
		report("segment_size", "Segment size is not a multiple of 256 KiB", fmt.Sprintf("Buffers are counted in blocks of 256 KiB: give for example \"%dKiB\".", (c.SegmentSize/buffers.BlockSize+1)*buffers.BlockSize/kib))
	}
	switch {
	case c.MaxSegmentSize != 0 && c.MaxSegmentSize < c.SegmentSize:
		report("max_segment_size", "Largest segment smaller than the first", "Segments grow from segment_size to max_segment_size: give at least segment_size, or leave it out.")
	case c.MaxSegmentSize > maxSegment:
		report("max_segment_size", "Segment size out of range", "Swift takes objects of up to 5 GiB: give at most \"5GiB\".")
	}
	if c.UploadConcurrency < 1 || c.UploadConcurrency > 64 {
		report("upload_concurrency", "Upload concurrency out of range", "Give a number from 1 to 64.")
	}
	if c.Memory != 0 && c.Memory < buffers.MinMemory {
		report("memory", "Memory budget too small", fmt.Sprintf("Give at least %d MiB, or leave it out for a quarter of the machine's memory.", buffers.MinMemory/mib))
	}
	if c.ReadAhead < buffers.BlockSize || c.ReadAhead > gib {
		report("read_ahead", "Read-ahead out of range", "Give a size from \"256KiB\" to \"1GiB\".")
	}
	if c.DownloadConcurrency < 1 || c.DownloadConcurrency > 64 {
		report("download_concurrency", "Download concurrency out of range", "Give a number from 1 to 64.")
	}
	if c.Patience < 0 {
		report("patience", "Negative patience", "Give a time such as \"2m\", or \"0s\" to pass on every failure at once.")
	}
	if c.ResumeRetention < 0 || c.ResumeRetention > 0 && c.ResumeRetention < time.Minute {
		report("resume_retention", "Retention time out of range", "Give a time of at least \"1m\", such as \"168h\", or \"0s\" to keep nothing.")
	}
	if c.ShowPartial != showOwner && c.ShowPartial != showNever {
		report("show_partial", fmt.Sprintf("Unknown value %q", c.ShowPartial), `Use "owner" or "never".`)
	}
	if c.LargeObjects != largeSLO && c.LargeObjects != largeDLO {
		report("large_objects", "Unknown form of large objects", "Give \"slo\", or \"dlo\" where sftp-cloudfs or ftp-cloudfs serve the same containers.")
	}
	if c.Flavour != flavourAuto && c.flavour() == "" {
		report("flavour", "Unknown flavour of storage", `flavour must be "auto", "swift" or "ceph" (Ceph RGW).`)
	}
	for _, d := range c.Digests {
		if vfs.Algorithm(d).Size() == 0 {
			report("digests", "Unknown checksum", fmt.Sprintf("%q is none: give \"md5\", \"sha256\", both or none.", d))
		}
	}
	switch c.ListTimes {
	case timesByHead, timesOfSwift, timesInType:
	default:
		report("list_times", fmt.Sprintf("Unknown value %q", c.ListTimes), `Use true, false or "type".`)
	}
	if c.ListTimesLimit < 0 {
		report("list_times_limit", "Negative number", "Give a number of requests, or 0 for no limit.")
	}
	if c.ListTimesWait < 0 {
		report("list_times_wait", "Negative time", `Give a time such as "2s", or "0s" for no limit.`)
	}
	if c.ListingLag < 0 || c.ListingLag > maxListingLag || c.ListingLag > 0 && c.ListingLag < time.Second {
		report("listing_lag", "Listing lag out of range", `Give a time from "1s" to "1h", such as "5m", or "0s" to show listings as Swift has them.`)
	}
	if c.Stall < time.Second {
		report("stall_timeout", "Stall timeout too short", "Give a time of at least \"1s\".")
	}
	for name, target := range c.Aliases {
		switch _, ok := parseAlias(target); {
		case !vfs.ValidName(name) || strings.HasPrefix(name, api.AccountMark):
			report("aliases", fmt.Sprintf("Invalid alias name %q", name), fmt.Sprintf("Use a name without a slash that does not begin with %q.", api.AccountMark))
		case !ok:
			report("aliases", fmt.Sprintf("Invalid target of alias %q", name), `Write "ACCOUNT/container" or "ACCOUNT", such as "AUTH_shared/photos".`)
		}
	}
	if c.CAFile != "" {
		if _, err := api.CertPool(c.CAFile); err != nil {
			report("ca_file", "Certificates cannot be used", err.Error())
		}
	}
	if c.Insecure && c.CAFile != "" {
		report("insecure", "insecure and ca_file are both set", "insecure disables the check that uses ca_file. Remove one of them.")
	}
	if c.MaxConnections < 0 {
		report("max_connections", "Negative number", "Give the number of connections to one Swift host, or 0 for no limit.")
	}
}

// flavourAuto is the value of Config.Flavour that detects the flavour by the store's first answer.
const flavourAuto = "auto"

// flavour returns the configured flavour, or "" for "auto".
func (c *Config) flavour() api.Flavour {
	switch f := api.Flavour(c.Flavour); f {
	case api.FlavourSwift, api.FlavourCeph:
		return f
	}
	return ""
}

// New implements [backend.Config].
func (c *Config) New(env backend.Env) (backend.Backend, error) {
	b, err := newBackend(*c, env)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// writing returns the options for writing files.
func (c *Config) writing() *object.Writing {
	return &object.Writing{
		SegmentSize: c.SegmentSize, MaxSegmentSize: c.MaxSegmentSize, Concurrency: c.UploadConcurrency, Dynamic: c.LargeObjects == largeDLO,
		Retention: c.ResumeRetention, KeepModes: c.KeepModes,
		MD5: slices.Contains(c.Digests, string(vfs.MD5)), SHA256: slices.Contains(c.Digests, string(vfs.SHA256)),
	}
}

// The values of Config.LargeObjects.
const (
	largeSLO = "slo"
	largeDLO = "dlo"
)
