package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A mark is how many transactions there had been at a time.
type mark struct {
	at    time.Time
	count int64
}

// trace keeps marks until the function that it returns is called, which
// returns them.
func (l *load) trace(ctx context.Context) (stop func() []mark) {
	ctx, cancel := context.WithCancel(ctx)
	var marks []mark
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			marks = append(marks, mark{time.Now(), l.count.Load()})
			if ctx.Err() != nil {
				return
			}
			wait(ctx, 50*time.Millisecond)
		}
	}()
	return func() []mark {
		cancel()
		<-done
		return marks
	}
}

// byStage says how long each stage of a job took and how many transactions
// per second there were meanwhile.
func byStage(j job, marks []mark) string {
	var out []string
	add := func(stage string, from, to time.Time) {
		seconds := to.Sub(from).Seconds()
		out = append(out, fmt.Sprintf("%s %.1f s at %.0f tx/s", stage, seconds, float64(at(marks, to)-at(marks, from))/max(seconds, 1e-3)))
	}
	var began, ended time.Time
	for _, line := range j.log {
		switch line.Message {
		case "stage began":
			began = line.Time
		case "stage finished":
			ended = line.Time
			if ended.Sub(began) > time.Second/2 {
				add(line.Stage, began, ended)
			}
		}
	}
	if last := marks[len(marks)-1].at; !ended.IsZero() && last.Sub(ended) > time.Second/2 {
		add("cleanup", ended, last)
	}
	return strings.Join(out, ", ")
}

// at is the count at a time, interpolated.
func at(marks []mark, when time.Time) int64 {
	for i := 1; i < len(marks); i++ {
		if before, after := marks[i-1], marks[i]; when.Before(after.at) {
			share := when.Sub(before.at).Seconds() / after.at.Sub(before.at).Seconds()
			return before.count + int64(share*float64(after.count-before.count))
		}
	}
	return marks[len(marks)-1].count
}
