package main

import (
	"fmt"
	"strings"
)

// verdict is the comparison of a figure with one of filegate's aims.
type verdict struct {
	row, text string
	holds     bool
}

func (v verdict) word() string {
	if v.holds {
		return "holds"
	}
	return "short"
}

// perSession is the memory that each of very many sessions may use in addition to the budget, in
// MiB: the 2 MiB that an SSH client may send before they are read, in packets of 32 KiB that use
// 40, a few SFTP requests, the buffers of two connections, and a quarter of the total as garbage.
const perSession = 4

// aims compares the figures with filegate's aims. It leaves out aims without figures.
func aims(results []*result) []verdict {
	var all []verdict
	for _, r := range results {
		all = append(all, r.aheadOfRclone()...)
		switch r.Row {
		case "up", "down", "down-own":
			all = append(all, r.besideOpenSSH()...)
			all = append(all, r.leanOverFTP()...)
			all = append(all, r.nearTheLimit(map[string]float64{"up": 0.8, "down": 0.95, "down-own": 0.95}[r.Row])...)
			all = append(all, r.smallInMemory()...)
		case "up-100ms", "down-100ms":
			all = append(all, r.fasterThanOneStream(3)...)
		case "uploads":
			all = append(all, r.withinBudget()...)
		}
	}
	return all
}

// measured returns the line of a client and a server with exactly these settings, or nil if it has
// no figures.
func (r *result) measured(client, server string, settings ...string) *line {
	for _, l := range r.Lines {
		if l.Client == client && l.Server == server && strings.Join(l.Settings, " ") == strings.Join(settings, " ") && l.Failed == "" && len(l.Values) > 0 {
			return l
		}
	}
	return nil
}

// ours returns the lines of filegate that have figures.
func (r *result) ours() []*line {
	var all []*line
	for _, l := range r.Lines {
		if l.Server == filegate.name && l.Failed == "" && len(l.Values) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// advantage returns how many times better one line is than another.
func (r *result) advantage(one, other *line) float64 {
	if r.Less {
		return other.Spread.Median / one.Spread.Median
	}
	return one.Spread.Median / other.Spread.Median
}

func (r *result) verdict(holds bool, format string, args ...any) verdict {
	return verdict{r.Row, fmt.Sprintf(format, args...), holds}
}

// rcloneFor returns the settings of rclone that correspond to those of filegate.
func rcloneFor(settings []string) []string {
	if len(settings) == 1 && settings[0] == withoutTime {
		return []string{"--use-server-modtime"}
	}
	return nil
}

func (r *result) aheadOfRclone() []verdict {
	var all []verdict
	for _, l := range r.ours() {
		peer := r.measured(l.Client, rclone.name, rcloneFor(l.Settings)...)
		if peer == nil {
			continue
		}
		times := r.advantage(l, peer)
		all = append(all, r.verdict(times > 1, "%s: %.2f times rclone", strings.TrimSpace(strings.Join(append([]string{l.Client}, l.Settings...), " ")), times))
	}
	return all
}

func (r *result) besideOpenSSH() []verdict {
	own, peer := r.measured(sftpClient.name, filegate.name), r.measured(sftpClient.name, openSSH.name)
	if own == nil || peer == nil {
		return nil
	}
	times := r.advantage(own, peer)
	cpu, theirs := spreadOf(own.CPU).Median, spreadOf(peer.CPU).Median
	return []verdict{
		r.verdict(times > 1, "sftp: %.2f times OpenSSH on its disk", times),
		r.verdict(cpu <= theirs, "sftp: CPU %.2f s/GiB, OpenSSH %.2f", cpu, theirs),
	}
}

func (r *result) leanOverFTP() []verdict {
	var all []verdict
	for _, client := range []string{curlClient.name, lftpClient.name} {
		own, peer := r.measured(client, filegate.name), r.measured(client, rclone.name)
		if own == nil || peer == nil {
			continue
		}
		cpu, theirs := spreadOf(own.CPU).Median, spreadOf(peer.CPU).Median
		all = append(all, r.verdict(cpu <= theirs/2, "%s: CPU %.2f s/GiB, half of rclone's is %.2f", client, cpu, theirs/2))
	}
	return all
}

func (r *result) nearTheLimit(part float64) []verdict {
	own, limit := r.measured(curlClient.name, filegate.name), r.measured(curlToSwift.name, swiftItself.name)
	if own == nil || limit == nil {
		return nil
	}
	got := r.advantage(own, limit)
	return []verdict{r.verdict(got >= part, "curl over FTP: %.2f of curl to Swift, %.2f is wanted", got, part)}
}

func (r *result) smallInMemory() []verdict {
	const most = 64
	var all []verdict
	for _, l := range r.ours() {
		peak := float64(l.Peak) / (1 << 20)
		all = append(all, r.verdict(peak <= most, "%s: one transfer at a time peaks at %.0f MiB, %d are allowed", l.Client, peak, most))
	}
	return all
}

func (r *result) fasterThanOneStream(want float64) []verdict {
	limit := r.measured(curlToSwift.name, swiftItself.name)
	if limit == nil {
		return nil
	}
	var all []verdict
	for _, l := range r.ours() {
		times := r.advantage(l, limit)
		all = append(all, r.verdict(times >= want, "%s: %.2f times one request by curl, %.0f is wanted", l.Client, times, want))
	}
	return all
}

func (r *result) withinBudget() []verdict {
	var all []verdict
	for _, l := range r.ours() {
		over := float64(l.Peak-budget) / (1 << 20) / float64(r.Sessions)
		all = append(all, r.verdict(over <= perSession, "%s: beside the budget %.1f MiB for each session, %d are allowed", l.Client, max(0, over), perSession))
	}
	return all
}
