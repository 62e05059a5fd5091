package redis

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/redis/go-redis/v9"
)

// advice is what to do about an error of a server, by the first word of the error.
var advice = map[string]string{
	"WRONGPASS":  "user or password is wrong",
	"NOAUTH":     "it wants a password: set password",
	"NOPERM":     "the user has too few rights: it needs +mget +set +del +eval +getrange ~filegate:*",
	"OOM":        `its memory is full: set its maxmemory-policy to "allkeys-lru"`,
	"READONLY":   "it is a replica: name the master",
	"MOVED":      "it is part of a Redis Cluster: name servers that are not",
	"LOADING":    "it is starting",
	"BUSY":       "it is busy with a script of another program",
	"MASTERDOWN": "it is a replica without its master: name the master",
	"MISCONF":    "it cannot save its data: see its log",
}

var errorCode = regexp.MustCompile(`\b[A-Z]{3,20}\b`)

// problem returns an error for the log. It quotes no text of a server, because that can quote the
// request with the password.
func problem(err error) error {
	var answer redis.Error
	if err == nil || !errors.As(err, &answer) {
		return err
	}
	// A script that fails has the error of its command after a word of its own.
	for _, code := range errorCode.FindAllString(answer.Error(), 4) {
		if what, ok := advice[code]; ok {
			return fmt.Errorf("the server refuses with %s: %s", code, what)
		}
	}
	code, _, _ := strings.Cut(answer.Error(), " ")
	if !errorCode.MatchString(code) || len(code) > 20 {
		code = "an error"
	}
	return fmt.Errorf("the server refuses with %s", code)
}
