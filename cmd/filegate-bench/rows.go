package main

import (
	"fmt"
	"time"
)

// budget is the memory budget that filegate gets for many concurrent uploads, in bytes; budgetLine
// is the same in its configuration.
const (
	budget      = 256 << 20
	budgetLine  = `  memory = "256MiB"`
	withoutTime = `  list_times = false`
	allTimes    = `  list_times_wait = "0s"`
	timeInType  = `  list_times = "type"`
	uncached    = `  cache_for = "0s"`
)

// rows returns all rows, in the order in which they run.
func rows(s sizes) []row {
	one := load{streams: 1, each: 1, size: s.large}
	four := load{streams: 4, each: 1, size: s.large / 4}
	small := load{streams: 1, each: s.files, size: 10 << 10}
	all := []row{
		one.up("up", fmt.Sprintf("%s up, one stream", bytesOf(s.large)), streams()),
		one.down("down", fmt.Sprintf("%s down, one stream", bytesOf(s.large)), streams()),
		one.downOwn("down-own", fmt.Sprintf("%s down, one stream, a file that the same server was sent", bytesOf(s.large)), streams()),
		four.up("up4", fmt.Sprintf("4 × %s up at once", bytesOf(s.large/4)), withoutLftp(streams())),
		four.down("down4", fmt.Sprintf("4 × %s down at once", bytesOf(s.large/4)), withoutLftp(streams())),
		small.up("small-up", fmt.Sprintf("%d files of 10 KiB up, one session", s.files), withoutCurlFTP(streams())),
		small.down("small-down", fmt.Sprintf("%d files of 10 KiB down, one session", s.files), withoutCurlFTP(streams())),
		randomReads("random", 1, s),
		randomReads("random16", 16, s),
		firstByte(s),
		loginByte(s),
		logins(s),
		loginsAtOnce(s),
		listing("list", s.entries, listers()),
		listingAgain(s.entries, listers()),
		listingOwn(s.entries),
	}
	if s.many > 0 {
		all = append(all, listing("list-many", s.many, listersOfMany()))
	}
	all = append(all, uploads(s))
	for _, rtt := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond} {
		far := load{streams: 1, each: 1, size: s.far, rtt: rtt}
		suffix, title := fmt.Sprintf("-%dms", rtt.Milliseconds()), fmt.Sprintf("one stream, Swift %v away", rtt)
		all = append(all,
			far.up("up"+suffix, bytesOf(s.far)+" up, "+title, overSwift(streams())),
			far.down("down"+suffix, bytesOf(s.far)+" down, "+title, overSwift(streams())))
	}
	return all
}

// streams returns the contestants that transfer files.
func streams() []contestant {
	return []contestant{
		{client: sftpClient, peer: filegate},
		{client: sftpClient, peer: rclone},
		{client: sftpClient, peer: openSSH},
		{client: curlClient, peer: filegate},
		{client: curlClient, peer: rclone},
		{client: lftpClient, peer: filegate},
		{client: lftpClient, peer: rclone},
		{client: curlToSwift, peer: swiftItself},
	}
}

func withoutLftp(all []contestant) []contestant {
	return filter(all, func(c contestant) bool { return c.client.name != lftpClient.name })
}

// withoutCurlFTP removes curl over FTP, for many files in one session. Before it connects for the
// second and each later file, curl 7.88 waits a second if the server's answer to EPSV arrives
// before curl checks for it. On the loopback interface that happens at random.
func withoutCurlFTP(all []contestant) []contestant {
	return filter(all, func(c contestant) bool {
		return c.client.name != curlClient.name || c.client.protocol != curlClient.protocol
	})
}

// overSwift returns the contestants that use Swift, without lftp, for rows with a distant Swift.
func overSwift(all []contestant) []contestant {
	return filter(withoutLftp(all), func(c contestant) bool { return c.peer.name != openSSH.name })
}

func filter(all []contestant, keep func(contestant) bool) []contestant {
	var some []contestant
	for _, c := range all {
		if keep(c) {
			some = append(some, c)
		}
	}
	return some
}

// readers returns the contestants with the client in this program.
func readers() []contestant {
	return []contestant{{client: goClient, peer: filegate}, {client: goClient, peer: rclone}, {client: goClient, peer: openSSH}}
}

// listers returns servers with their default settings, which ask Swift for the modification times of
// files (filegate for a second, rclone for each file), a filegate that asks for each file, and
// servers without these requests.
func listers() []contestant {
	return append([]contestant{{client: sftpClient, peer: filegate}, {client: sftpClient, peer: filegate, settings: []string{allTimes}}, {client: sftpClient, peer: rclone}}, append(listersOfMany(),
		contestant{client: curlClient, peer: filegate}, contestant{client: curlClient, peer: rclone})...)
}

func listersOfMany() []contestant {
	return []contestant{
		{client: sftpClient, peer: filegate, settings: []string{withoutTime}},
		{client: sftpClient, peer: rclone, settings: []string{"--use-server-modtime"}},
		{client: sftpClient, peer: openSSH},
		{client: curlClient, peer: filegate, settings: []string{withoutTime}},
		{client: curlClient, peer: rclone, settings: []string{"--use-server-modtime"}},
		{client: curlToSwift, peer: swiftItself},
	}
}

// comers returns the contestants of login rows: filegate with and without remembered logins, and
// Keystone itself, which is the limit for logins that are not remembered.
func comers() []contestant {
	return []contestant{
		{client: goClient, peer: filegateOfKeystone},
		{client: goClient, peer: filegateOfKeystone, settings: []string{uncached}},
		{client: goFTP, peer: filegateOfKeystone},
		{client: goFTP, peer: filegateOfKeystone, settings: []string{uncached}},
		{client: goToKeystone, peer: keystoneItself},
		{client: goToKeystoneAndBack, peer: keystoneItself},
	}
}
