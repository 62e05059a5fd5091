package api

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// FormatSeconds returns a time in the format of X-Object-Meta-Mtime: seconds since 1970, as a
// decimal number with nine decimals. Half a second before 1970 is "-0.500000000".
func FormatSeconds(t time.Time) string {
	sec, nsec := t.Unix(), int64(t.Nanosecond())
	if sec < 0 && nsec > 0 {
		sec, nsec = sec+1, int64(time.Second)-nsec
		return fmt.Sprintf("-%d.%09d", -sec, nsec)
	}
	return fmt.Sprintf("%d.%09d", sec, nsec)
}

// maxExponent is the largest power of ten in a number of seconds. No valid time needs more.
const maxExponent = 20

// ParseSeconds parses seconds since 1970: a decimal number with any number of decimals, and
// optionally a power of ten as Python writes it ("1.7e+09"). It cuts off everything below a
// nanosecond.
func ParseSeconds(s string) (time.Time, error) {
	digits, negative := strings.CutPrefix(s, "-")
	digits, power, hasPower := strings.Cut(strings.ToLower(digits), "e")
	exponent := 0
	if hasPower {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil || exponent < -maxExponent || exponent > maxExponent {
			return time.Time{}, notSeconds(s)
		}
	}
	whole, part, _ := strings.Cut(digits, ".")
	if whole == "" {
		return time.Time{}, notSeconds(s)
	}
	// Move the decimal point by the exponent.
	switch {
	case exponent > 0:
		part += strings.Repeat("0", max(exponent-len(part), 0))
		whole, part = whole+part[:exponent], part[exponent:]
	case exponent < 0:
		whole = strings.Repeat("0", max(1-exponent-len(whole), 0)) + whole
		point := len(whole) + exponent
		whole, part = whole[:point], whole[point:]+part
	}
	if strings.Trim(whole+part, "0123456789") != "" {
		return time.Time{}, notSeconds(s)
	}
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec > math.MaxInt64/int64(time.Second) {
		return time.Time{}, notSeconds(s)
	}
	nsec, err := strconv.ParseInt((part + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}, notSeconds(s)
	}
	if negative {
		sec, nsec = -sec, -nsec
	}
	return time.Unix(sec, nsec), nil
}

func notSeconds(s string) error { return fmt.Errorf("not a time in seconds: %q", s) }
