package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A report is what repave run --json says, as far as we need it.
type report struct {
	Swapped bool `json:"swapped"`
	Stages  []struct {
		Stage   string  `json:"stage"`
		Seconds float64 `json:"seconds"`
	} `json:"stages"`
	LongestLockWait float64 `json:"longest_lock_wait_ms"`
	LongestLockHold float64 `json:"longest_lock_hold_ms"`
	LockMisses      int     `json:"lock_misses"`
	Verify          struct {
		Verdict string `json:"verdict"`
	} `json:"verify"`
}

// A job is one run of repave that has ended.
type job struct {
	report  report
	log     []logLine
	began   time.Time
	seconds float64
	peak    int64 // resident set in bytes
}

// A logLine is one line of repave's log.
type logLine struct {
	Time    time.Time `json:"time"`
	Message string    `json:"msg"`
	Stage   string    `json:"stage"`
}

// command runs the binary for things that are not measured.
func (b *bench) command(ctx context.Context, args ...string) (string, error) {
	out, err := b.repaveCommand(ctx, args...).CombinedOutput()
	return string(out), err
}

func (b *bench) repaveCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.repave, args...)
	cmd.Env = append(os.Environ(), "REPAVE_DSN="+b.server.DSN("postgres"))
	return cmd
}

// repaveRun returns a plain repack, timed by stages as well.
func (b *bench) repaveRun(name string, args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		j, err := b.runJob(ctx, table, args...)
		if err != nil {
			return err
		}
		b.peak[b.rows] = max(b.peak[b.rows], j.peak)
		for _, s := range j.report.Stages {
			b.samples[name+" "+s.Stage] = append(b.samples[name+" "+s.Stage], sample{seconds: s.Seconds})
		}
		b.say("  %s", j.stages())
		return nil
	}
}

// stages says how long each stage took.
func (j job) stages() string {
	var out []string
	for _, s := range j.report.Stages {
		out = append(out, fmt.Sprintf("%s %.2f", s.Stage, s.Seconds))
	}
	return strings.Join(out, ", ")
}

func (b *bench) cleanup(ctx context.Context, name string) error {
	if out, err := b.command(ctx, "cleanup", "--yes", name); err != nil {
		return fmt.Errorf("repave cleanup: %w: %s", err, out)
	}
	return nil
}

// runJob runs repave on a table up to the swap.
func (b *bench) runJob(ctx context.Context, name string, args ...string) (job, error) {
	j, err := b.runUntil(ctx, name, "swap", args...)
	if err == nil && !j.report.Swapped {
		err = errors.New("repave run has not swapped")
	}
	return j, err
}

func (b *bench) runUntil(ctx context.Context, name, until string, args ...string) (job, error) {
	args = append([]string{
		"--no-progress", "--log-format", "json", "run", name, "--until", until, "--json", "--yes",
		"--workers", strconv.Itoa(b.workers),
	}, args...)
	cmd := b.repaveCommand(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	j := job{began: time.Now()}
	if err := cmd.Start(); err != nil {
		return j, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	err := j.watch(done, cmd.Process.Pid)
	j.seconds = time.Since(j.began).Seconds()
	if err != nil {
		return j, fmt.Errorf("repave run: %w: %s", err, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), &j.report); err != nil {
		return j, fmt.Errorf("reading repave's report: %w", err)
	}
	for line := range bytes.Lines(stderr.Bytes()) {
		var entry logLine
		if json.Unmarshal(line, &entry) == nil {
			j.log = append(j.log, entry)
		}
	}
	return j, nil
}

// watch waits for a process and keeps the largest resident set it had.
func (j *job) watch(done <-chan error, pid int) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		j.peak = max(j.peak, highWater(pid))
		select {
		case err := <-done:
			return err
		case <-ticker.C:
		}
	}
}

// highWater reads a process's peak resident set; 0 where there is no /proc.
func highWater(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}

func (b *bench) cleanupTable(ctx context.Context) error { return b.cleanup(ctx, table) }
