package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// A statusView shows jobs, again and again in the same place on a terminal.
type statusView struct {
	out     io.Writer
	console *console
	json    bool
	one     bool // a TABLE was named
	lines   int  // of what is shown already
}

func (v *statusView) show(jobs []jobStatus) error {
	if v.json {
		return v.showJSON(jobs)
	}
	var out strings.Builder
	for i, job := range jobs {
		if i > 0 {
			out.WriteByte('\n')
		}
		job.print(&out)
	}
	if len(jobs) == 0 {
		out.WriteString("no jobs\n")
	}
	text := out.String()
	if width := v.console.width(); width > 0 {
		shown := text
		if v.lines > 0 {
			shown = fmt.Sprintf("\x1b[%dA\x1b[J%s", v.lines, text) // up, and clear what is below
		}
		v.lines = height(text, width)
		text = shown
	}
	_, err := io.WriteString(v.out, text)
	return err
}

// showJSON prints an array, or an object for one table: one line each, so that
// with --watch a program can read them as they come.
func (v *statusView) showJSON(jobs []jobStatus) error {
	var shown any = jobs
	if v.one && len(jobs) == 1 {
		shown = jobs[0]
	}
	encoder := json.NewEncoder(v.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(shown)
}

// height is how many lines of a terminal text takes.
func height(text string, width int) int {
	lines := 0
	for line := range strings.Lines(text) {
		length := len([]rune(strings.TrimRight(line, "\n")))
		lines += max((length+width-1)/width, 1)
	}
	return lines
}

// print shows one job.
func (s jobStatus) print(out *strings.Builder) {
	say := func(label, format string, args ...any) {
		fmt.Fprintf(out, "  %-9s %s\n", label, strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " "))
	}
	span := func(x float64) string { return seconds(time.Duration(x * float64(time.Second))) }
	fmt.Fprintf(out, "%s (job %d)\n", strings.Join(s.Tables, ", "), s.Job)
	stage := s.Stage
	if s.Backward {
		stage += " (on the way back)"
	}
	say("stage", "%s, for %s", stage, span(s.StageSeconds))
	if !s.Swapped {
		line := fmt.Sprintf("%.1f%%, %s rows", s.CopiedPercent, number(s.CopiedRows))
		if s.RowsPerSecond > 0 {
			line += fmt.Sprintf(", %s rows/s", short(s.RowsPerSecond))
		}
		if s.ETA > 0 {
			line += ", ETA " + span(s.ETA)
		}
		say("copied", "%s", line)
	}
	if n := len(s.Partitions); n > 0 {
		say("parts", "%d partitions, %s to %s", n, s.Partitions[0], s.Partitions[n-1])
	}
	if s.Stream != nil {
		printStream(say, s.Stream)
	}
	for _, line := range s.lacks() {
		say("lacks", "%s", line)
	}
	if n := len(s.LeftBehind); n > 0 {
		say("stays", "%s", named(n, func(i int) string { return s.LeftBehind[i].Name })+", on the source")
	}
	more := ""
	if s.Backlog >= mostBacklog {
		more = " or more"
	}
	say("backlog", "%s changes%s", number(s.Backlog), more)
	if s.PausedAt != nil {
		say("paused", "since %s", s.PausedAt.Local().Format(time.DateTime))
	}
	if s.Waiting != "" && s.PausedAt == nil {
		say("waiting", "%s", s.Waiting)
	}
	if s.LastError != "" {
		say("error", "%s", s.LastError)
	}
	switch {
	case s.Worker != nil && s.Worker.Follows:
		say("worker", "none, but the stream is followed by pid %d (%s, client %s)", s.Worker.PID, s.Worker.Application, s.Worker.Client)
	case s.Worker != nil:
		say("worker", "pid %d (%s, client %s)", s.Worker.PID, s.Worker.Application, s.Worker.Client)
	default:
		say("worker", "none")
	}
	say("next", "%s", s.Next)
	if s.Undo != "" {
		say("or back", "%s", s.Undo)
	}
}
