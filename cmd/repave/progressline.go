package main

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/repave-pg/repave/stages"
)

// rateWindow is the stretch of time that rates are taken over.
const rateWindow = 10 * time.Second

// A sample is how far a stage was at some time.
type sample struct {
	at         time.Time
	done, rows int64
}

// A progress is what is known of the stage that is under way.
type progress struct {
	stage     string // "" if there is none
	began     time.Time
	event     stages.Event // the last with numbers
	samples   []sample     // of the last rateWindow
	waiting   string
	waitingAt time.Time
}

// take adds an event.
func (p *progress) take(e stages.Event, at time.Time) {
	if name := stageName(e); e.Phase == stages.Began || p.stage != name {
		*p = progress{stage: name, began: at}
	}
	switch {
	case e.Waiting != "":
		p.waiting, p.waitingAt = e.Waiting, at
	case bare(e) || at.Sub(p.waitingAt) > waitingStays:
		p.waiting = "" // it was taken back, or is no longer true
	}
	if bare(e) {
		return
	}
	if e.Table != p.event.Table || e.Done < p.event.Done {
		p.samples = nil // another table's numbers, or it has started over
	}
	p.event = e
	p.samples = append(p.samples, sample{at, e.Done, e.Rows})
	for len(p.samples) > 2 && at.Sub(p.samples[0].at) > rateWindow {
		p.samples = p.samples[1:]
	}
}

// bare reports whether an event has no numbers: it says what is waited for, or that nothing is.
func bare(e stages.Event) bool { return e.Done == 0 && e.Total == 0 && e.Rows == 0 && e.Backlog == 0 }

// rates returns units and rows for each second; 0 while that can't be told.
func (p *progress) rates() (units, rows float64) {
	if len(p.samples) < 2 {
		return 0, 0
	}
	first, last := p.samples[0], p.samples[len(p.samples)-1]
	took := last.at.Sub(first.at)
	return per(last.done-first.done, took), per(last.rows-first.rows, took)
}

// eta is how long the stage will go on; 0 while that can't be told.
func (p *progress) eta(at time.Time) time.Duration {
	units, _ := p.rates()
	left := p.event.Total - p.event.Done
	if units <= 0 || left <= 0 {
		return 0
	}
	total := time.Duration(float64(left) / units * float64(time.Second))
	return max(total-at.Sub(p.samples[len(p.samples)-1].at), 0)
}

// attrs are the numbers for a log record.
func (p *progress) attrs(at time.Time) []slog.Attr {
	_, rows := p.rates()
	return []slog.Attr{
		slog.Int64("done", p.event.Done), slog.Int64("total", p.event.Total), slog.String("unit", p.event.Unit),
		slog.Int64("rows", p.event.Rows), slog.Int64("rows_per_second", int64(rows)),
		slog.Int64("backlog", p.event.Backlog), slog.Duration("eta", p.eta(at).Round(time.Second)),
		slog.Duration("elapsed", at.Sub(p.began).Round(time.Second)),
	}
}

// line is the live line, at most width characters long. What matters least is
// left out first.
func (p *progress) line(at time.Time, width int) string {
	if p.stage == "" {
		return ""
	}
	e := p.event
	_, rate := p.rates()
	var parts []part
	add := func(importance int, format string, args ...any) {
		parts = append(parts, part{importance, fmt.Sprintf(format, args...)})
	}
	add(9, "%-11s %6s", p.stage, seconds(at.Sub(p.began)))
	if e.Total > 0 {
		add(2, "%s", bar(e.Done, e.Total))
		add(8, "%3d%%", min(100*e.Done/e.Total, 100))
		add(1, "%s/%s %s", number(e.Done), number(e.Total), e.Unit)
	} else if e.Done > 0 {
		add(3, "%s %s", number(e.Done), e.Unit)
	}
	if e.Rows > 0 {
		add(4, "%s rows", number(e.Rows))
	}
	if rate > 0 {
		add(5, "%s rows/s", short(rate))
	}
	if e.Backlog > 0 {
		add(6, "backlog %s", number(e.Backlog))
	}
	if eta := p.eta(at); eta > 0 {
		add(6, "ETA %s", seconds(eta))
	}
	if p.waiting != "" {
		add(7, "waiting: %s", p.waiting)
	}
	return fit(parts, width)
}

// A part of a line is left out if there is no room and others matter more.
type part struct {
	importance int
	text       string
}

// fit joins as many parts as there is room for; what still is too long is cut.
func fit(parts []part, width int) string {
	for {
		var texts []string
		least := 0
		for i, p := range parts {
			texts = append(texts, p.text)
			if p.importance < parts[least].importance {
				least = i
			}
		}
		line := strings.Join(texts, "  ")
		if utf8.RuneCountInString(line) <= width {
			return line
		}
		if len(parts) <= 1 || parts[least].importance >= 7 {
			return string([]rune(line)[:max(width, 0)])
		}
		parts = append(parts[:least:least], parts[least+1:]...)
	}
}

func bar(done, total int64) string {
	const size = 20
	full := int(min(max(done*size/total, 0), size))
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", size-full) + "]"
}
