package main

import (
	"fmt"
	"time"

	"github.com/repave-pg/repave/stages"
)

// printStream shows where the changes of a job across clusters are.
func printStream(say func(label, format string, args ...any), s *stages.StreamStatus) {
	span := func(x float64) string { return seconds(time.Duration(x * float64(time.Second))) }
	line := s.Direction
	if s.End != "" || s.Followed {
		line += fmt.Sprintf(", %s behind", bytesOf(s.LagBytes))
		if s.Lag != nil {
			line += fmt.Sprintf(" (%s)", span(*s.Lag))
		}
	}
	if s.End != "" {
		line += fmt.Sprintf(", the slot keeps %s of WAL", bytesOf(s.Retained))
		if s.SafeBytes != nil {
			line += fmt.Sprintf(" and may keep %s more", bytesOf(max(*s.SafeBytes, 0)))
		}
	}
	if s.AppliedAt != nil {
		line += ", last change applied " + s.AppliedAt.Local().Format(time.TimeOnly)
	}
	say("stream", "%s", line)
	unknown := func(text string) string {
		if text == "" {
			return "?"
		}
		return text
	}
	say("", "received %s, applied %s, confirmed %s", unknown(s.Received), unknown(s.Applied), unknown(s.Confirmed))
	if s.Followed {
		line := fmt.Sprintf("%s/s of WAL in, %s/s out, %s changes/s", bytesOf(int64(s.BytesIn)), bytesOf(int64(s.BytesOut)), short(s.Changes))
		if s.ETA > 0 {
			line += ", ETA " + span(s.ETA)
		}
		say("", "%s", line)
	} else if s.Problem == "" {
		say("", "nobody applies it now")
	}
	for _, text := range s.Warnings {
		say("warning", "%s", text)
	}
	if s.Problem != "" {
		say("problem", "%s", s.Problem)
	}
}
