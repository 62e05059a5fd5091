package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// atOnce is the number of concurrent logins.
const atOnce = 8

// logins returns the row of sequential logins.
func logins(s sizes) row {
	r := loginRow("logins", "login of a user of Keystone's, one after the other")
	r.unit, r.less = "ms", true
	r.measure = func(ctx context.Context, b *bench, t *turn) (figure, error) {
		return repeat(s.times, func() (float64, error) {
			begin := time.Now()
			leave, err := t.client.login(ctx, b, t.place)
			if err != nil {
				return 0, err
			}
			defer leave()
			return 1000 * time.Since(begin).Seconds(), nil
		})
	}
	return r
}

// loginsAtOnce returns the row of concurrent logins.
func loginsAtOnce(s sizes) row {
	r := loginRow("logins8", fmt.Sprintf("logins of a user of Keystone's, %d at a time", atOnce))
	r.unit = "logins/s"
	r.measure = func(ctx context.Context, b *bench, t *turn) (figure, error) {
		begin := time.Now()
		group, ctx := errgroup.WithContext(ctx)
		for range atOnce {
			group.Go(func() error {
				for range s.times {
					leave, err := t.client.login(ctx, b, t.place)
					if err != nil {
						return err
					}
					leave()
				}
				return nil
			})
		}
		err := group.Wait()
		return perSecond(float64(atOnce*s.times), 0, time.Since(begin)), err
	}
	return r
}

func loginRow(name, title string) row {
	return row{
		name: name, title: title, contestants: comers(),
		prepare: func(_ context.Context, b *bench) error {
			if b.keystone.url == "" {
				return errors.New(`which Keystone? Set -keystone and its login, or start the lab: eval "$(.ci/lab/up)"`)
			}
			return nil
		},
		warm: func(ctx context.Context, b *bench, t *turn) error {
			leave, err := t.client.login(ctx, b, t.place)
			if err == nil {
				leave()
			}
			return err
		},
	}
}
