package main

import (
	"fmt"
	"strconv"
	"time"
)

// number prints n with commas: 5,000,000.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// short prints x in four characters or so: 406k, 1.2M.
func short(x float64) string {
	switch {
	case x >= 1e6:
		return fmt.Sprintf("%.1fM", x/1e6)
	case x >= 1e4:
		return fmt.Sprintf("%.0fk", x/1e3)
	case x >= 1e3:
		return fmt.Sprintf("%.1fk", x/1e3)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}

// bytesOf prints a size as people do: 1.2 GB.
func bytesOf(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d bytes", n)
	}
	x, names := float64(n)/unit, []string{"kB", "MB", "GB", "TB"}
	for x >= unit && len(names) > 1 {
		x, names = x/unit, names[1:]
	}
	if x >= 100 {
		return fmt.Sprintf("%.0f %s", x, names[0])
	}
	return fmt.Sprintf("%.1f %s", x, names[0])
}

// seconds prints a duration as precisely as anybody wants to know it.
func seconds(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return d.Round(time.Minute).String()[:len(d.Round(time.Minute).String())-len("0s")]
	case d >= time.Minute:
		return d.Round(time.Second).String()
	default:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
}

// milliseconds prints a short duration.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// per returns n for each second of d.
func per(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
