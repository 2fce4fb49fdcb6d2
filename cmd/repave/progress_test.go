package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
)

func TestLiveLineFitsAnyWidth(t *testing.T) {
	began := time.Now()
	var p progress
	p.take(stages.Event{Table: "public.orders", Stage: stages.Backfill, Phase: stages.Began}, began)
	for i := range int64(5) {
		p.take(stages.Event{
			Table: "public.orders", Stage: stages.Backfill, Phase: stages.Going, Done: i * 1000, Total: 10_000, Unit: "pages",
			Rows: i * 100_000, Backlog: 17,
		}, began.Add(time.Duration(i)*time.Second))
	}
	at := began.Add(4 * time.Second)
	line := p.line(at, 200)
	require.Equal(t, "backfill      4.0s  [========            ]   40%  4,000/10,000 pages  400,000 rows  100k rows/s  "+
		"backlog 17  ETA 6.0s", line)
	for width := range 200 {
		line := p.line(at, width)
		require.LessOrEqual(t, utf8.RuneCountInString(line), width)
		const first = "backfill      4.0s"
		require.Equal(t, first[:min(len(line), len(first))], line[:min(len(line), len(first))])
	}
	require.Contains(t, p.line(at, 50), "ETA", "what matters stays")
}

func TestUnknownNumbersAreNotShown(t *testing.T) {
	var p progress
	now := time.Now()
	require.Empty(t, p.line(now, 80))
	p.take(stages.Event{Stage: stages.Replay, Phase: stages.Began}, now)
	require.Equal(t, "replay        0.0s", p.line(now, 80))
	p.take(stages.Event{Stage: stages.Replay, Phase: stages.Going, Rows: 5}, now)
	require.Equal(t, "replay        0.0s  5 rows", p.line(now, 80))
}

func TestWaitsAreShownUntilTakenBack(t *testing.T) {
	var p progress
	now := time.Now()
	going := stages.Event{Stage: stages.Swap, Phase: stages.Going}
	p.take(stages.Event{Stage: stages.Swap, Phase: stages.Began}, now)
	waiting := going
	waiting.Waiting = "lock held by pid 7"
	p.take(waiting, now)
	require.Contains(t, p.line(now, 80), "waiting: lock held by pid 7")
	numbers := going
	numbers.Rows = 1
	p.take(numbers, now)
	require.Contains(t, p.line(now, 80), "waiting", "others' numbers do not take it back")
	p.take(going, now)
	require.NotContains(t, p.line(now, 80), "waiting")
	p.take(waiting, now)
	p.take(numbers, now.Add(waitingStays+time.Second))
	require.NotContains(t, p.line(now, 80), "waiting", "it is over without a word")
}

// TestWaitsBelongToTheStageAtWork: of revert-swap as well, whose stages are none that the job stands before.
func TestWaitsBelongToTheStageAtWork(t *testing.T) {
	var out bytes.Buffer
	c := newConsole(&out)
	d := newDisplay(c, slog.New(slog.NewTextHandler(c, nil)), false)
	verify := stages.Event{Stage: stages.Verify, Phase: stages.Began, Backward: true}
	d.event(verify)
	d.event(stages.Event{Stage: stages.Cleanup, Phase: stages.Going, Waiting: "a lock"})
	require.Contains(t, out.String(), `msg=waiting table="" job_id=0 stage="verify (back)" waiting="a lock"`)
	d.event(stages.Event{Stage: stages.Cleanup, Phase: stages.Going})
	require.Empty(t, d.now.waiting)
	require.Equal(t, "verify (back)", d.now.stage)
	verify.Phase = stages.Finished
	d.event(verify)
	d.event(stages.Event{Stage: stages.Cleanup, Phase: stages.Going, Waiting: "the operator"})
	require.Contains(t, out.String(), `stage=cleanup waiting="the operator"`)
	d.close()
}

func TestLogLinesDoNotGarbleTheLiveLine(t *testing.T) {
	var out bytes.Buffer
	c := newConsole(&out)
	_, _ = c.Write([]byte("plain\n"))
	require.Equal(t, "plain\n", out.String())
	out.Reset()
	c.draw("live")
	require.Equal(t, "\rlive\x1b[K", out.String())
	out.Reset()
	_, _ = c.Write([]byte("log\n"))
	require.Equal(t, "\r\x1b[Klog\nlive", out.String())
	out.Reset()
	c.draw("live")
	require.Empty(t, out.String(), "nothing has changed")
	c.draw("")
	require.Equal(t, "\r\x1b[K", out.String())
}

func TestEventsBecomeLogLinesWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	c := newConsole(&out)
	require.False(t, c.live())
	d := newDisplay(c, slog.New(slog.NewTextHandler(c, nil)), false)
	event := stages.Event{Job: 3, Table: "public.orders", Stage: stages.Verify}
	d.event(event)
	event.Phase = stages.Going
	for i := range int64(100) {
		event.Done, event.Total = i, 100
		d.event(event)
	}
	event.Phase, event.Rows, event.Elapsed = stages.Finished, 7, time.Second
	d.event(event)
	d.close()
	require.Equal(t, 2, strings.Count(out.String(), "\n"), out.String())
	require.Contains(t, out.String(), `msg="stage began" table=public.orders job_id=3 stage=verify`)
	require.Contains(t, out.String(), `msg="stage finished" table=public.orders job_id=3 stage=verify rows=7 elapsed=1s`)
}

func TestFinishedStagesLeaveALine(t *testing.T) {
	e := stages.Event{Stage: stages.Backfill, Rows: 5_000_000, Elapsed: 12300 * time.Millisecond}
	require.Equal(t, "backfill         12.3s     5,000,000 rows    407k rows/s", finished(e))
	e = stages.Event{Stage: stages.Swap, Elapsed: 20 * time.Millisecond, Backward: true}
	require.Equal(t, "swap (back)       0.0s", finished(e))
}

func TestNumbersReadWell(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 123456: "123,456"} {
		require.Equal(t, want, number(n))
	}
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1 << 20: "1.0 MB", 205 << 20: "205 MB", 3 << 40: "3.0 TB"} {
		require.Equal(t, want, bytesOf(n))
	}
	for d, want := range map[time.Duration]string{
		1500 * time.Millisecond: "1.5s", 90 * time.Second: "1m30s", 2*time.Hour + 30*time.Minute: "2h30m",
	} {
		require.Equal(t, want, seconds(d))
	}
}

func TestExitCodesAndHints(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
		hint string
	}{
		{&usageError{problem: "x", advice: "y"}, exitUsage, "y"},
		{errors.New("x"), exitFailed, ""},
		{&stages.StageError{Stage: stages.Verify, Err: &stages.DifferentError{Table: "t"}}, exitDifferent, "nothing was swapped"},
		{&stages.StageError{Stage: stages.Swap, Err: &stages.GaveUpError{For: "x"}}, exitGaveUp, "nothing was lost"},
		{&stages.RefusedError{Table: "t"}, exitRefused, "nothing was changed"},
		{&planRefusedError{1}, exitRefused, "cure"},
		{&interruptedError{&stages.GaveUpError{For: "x"}}, exitInterrupted, "run the same command again"},
		{&lostError{&stages.StageError{Stage: stages.Swap, Err: stages.ErrOutcomeUnknown}}, exitFailed, "nothing is lost"},
		{&stages.StageError{Stage: stages.Swap, Err: stages.ErrOutcomeUnknown}, exitFailed, "it looks first"},
	} {
		require.Equal(t, test.code, exitCode(test.err), "%v", test.err)
		require.Contains(t, hintOf(test.err), test.hint, "%v", test.err)
	}
}
