package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/repave-pg/repave/stages"
)

const (
	drawEvery    = 100 * time.Millisecond
	logEvery     = 10 * time.Second
	waitingStays = 2 * time.Second // how long a wait is shown that nobody confirms
)

// A display turns events into a live line and lines that stay, or into log
// records. Events may come from several goroutines.
type display struct {
	console *console
	logger  *slog.Logger
	live    bool
	stop    chan struct{}
	done    chan struct{}

	mu     sync.Mutex
	at     stages.Event // with which the stage at work began; zero between stages
	now    progress
	logged time.Time
}

func newDisplay(c *console, logger *slog.Logger, live bool) *display {
	d := &display{console: c, logger: logger, live: live, stop: make(chan struct{}), done: make(chan struct{})}
	go d.redraw()
	return d
}

// close removes the live line.
func (d *display) close() {
	close(d.stop)
	<-d.done
}

// redraw keeps the live line up to date until stop.
func (d *display) redraw() {
	defer close(d.done)
	if !d.live {
		<-d.stop
		return
	}
	ticker := time.NewTicker(drawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-d.stop:
			d.console.draw("")
			return
		case at := <-ticker.C:
			d.mu.Lock()
			line := d.now.line(at, d.console.width()-1)
			d.mu.Unlock()
			d.console.draw(line)
		}
	}
}

// event takes what a stage reports.
func (d *display) event(e stages.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := time.Now()
	waited := d.now.waiting
	if e.Phase == stages.Going && bare(e) && d.at.Stage != "" {
		e.Stage, e.Backward = d.at.Stage, d.at.Backward // whoever waits goes by what the job stands before
	}
	d.now.take(e, at)
	switch e.Phase {
	case stages.Began:
		d.at, d.logged = e, at
		d.log("stage began", e)
	case stages.Finished:
		d.log("stage finished", e, slog.Int64("rows", e.Rows), slog.Duration("elapsed", e.Elapsed.Round(time.Millisecond)))
		if d.live {
			d.console.draw("")
			fmt.Fprintln(d.console, finished(e))
		}
		d.at, d.now = stages.Event{}, progress{}
	case stages.Going:
		switch {
		case e.Waiting != "" && e.Waiting != waited:
			d.log("waiting", e, slog.String("waiting", e.Waiting))
		case at.Sub(d.logged) >= logEvery:
			d.logged = at
			d.log("progress", e, d.now.attrs(at)...)
		}
	}
}

// log writes a record, unless the live line says the same.
func (d *display) log(message string, e stages.Event, attrs ...slog.Attr) {
	if d.live {
		return
	}
	attrs = append([]slog.Attr{
		slog.String("table", e.Table), slog.Int64("job_id", e.Job), slog.String("stage", stageName(e)),
	}, attrs...)
	d.logger.LogAttrs(context.Background(), slog.LevelInfo, message, attrs...) //nolint:sloglint // one of four, see event
}

func stageName(e stages.Event) string {
	if e.Backward {
		return string(e.Stage) + " (back)"
	}
	return string(e.Stage)
}

// finished is the line that stays of a stage.
func finished(e stages.Event) string {
	line := fmt.Sprintf("%-14s %7s", stageName(e), seconds(e.Elapsed))
	if e.Rows > 0 && e.Stage != stages.SyncSchema { // which counts indexes
		line += fmt.Sprintf("  %12s rows  %6s rows/s", number(e.Rows), short(per(e.Rows, e.Elapsed)))
	}
	return line
}
