package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

// quiet is the share of a core that may be busy with nothing of ours to do.
const quiet = 0.2

// machine is how many seconds all cores together have been busy since the
// machine started, whoever kept them busy; 0 where there is no /proc.
func machine() float64 {
	const perSecond = 100 // what /proc/stat counts in, on every Linux
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(stat), "\n")
	var busy int64
	for i, field := range strings.Fields(first) {
		// cpu user nice system idle iowait irq softirq
		if i == 0 || i == 4 || i == 5 || i > 7 {
			continue
		}
		ticks, _ := strconv.ParseInt(field, 10, 64)
		busy += ticks
	}
	return float64(busy) / perSecond
}

// listen says so if somebody else keeps the machine busy: numbers then are of
// little use.
func (b *bench) listen(ctx context.Context) {
	const span = 2 * time.Second
	before := machine()
	wait(ctx, span)
	if cores := (machine() - before) / span.Seconds(); cores > quiet {
		b.note("the machine was not quiet: %.1f cores were busy with other work before the first measurement", cores)
	}
}
