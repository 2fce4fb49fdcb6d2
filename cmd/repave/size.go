package main

import (
	"math"
	"strconv"
	"strings"

	"github.com/repave-pg/repave/stages"
)

// parseBytes reads a size as PostgreSQL's settings have them: 0, 500MB, 1.5 GB.
func parseBytes(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	digits := strings.TrimRight(text, "kKMGTBbytes ")
	factor := 1.0
	switch strings.ToLower(strings.TrimSpace(text[len(digits):])) {
	case "", "b", "bytes":
	case "kb", "k":
		factor = 1 << 10
	case "mb", "m":
		factor = 1 << 20
	case "gb", "g":
		factor = 1 << 30
	case "tb", "t":
		factor = 1 << 40
	default:
		return 0, false
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(n >= 0) || n*factor > math.MaxInt64/2 {
		return 0, false
	}
	return int64(n * factor), true
}

// autoActive leaves --max-active to what the server can serve.
const autoActive = "auto"

// parseActive reads --max-active.
func parseActive(text string) (int, bool) {
	if text == autoActive {
		return stages.AutoActive, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0
}
