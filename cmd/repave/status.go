package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
)

const (
	watchEvery = time.Second
	// mostBacklog is how far the backlog is counted.
	mostBacklog = 1_000_000
)

func (p *program) statusCommand() *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "show jobs: stage, progress, backlog, waits, and the exact next command",
		ArgsUsage: "[TABLE...]",
		Flags: []cli.Flag{
			jsonFlag("print an array, or one object with TABLE, to stdout"),
			&cli.BoolFlag{Name: "watch", Usage: "redraw every second until the job is gone"},
		},
		Action: p.status,
	}
}

func (p *program) status(c *cli.Context) error {
	d, err := p.connect(c)
	if err != nil {
		return err
	}
	defer d.close()
	if err := p.orphans(c.Context, d); err != nil {
		return err
	}
	view := &statusView{out: p.stdout, console: newConsole(p.stdout), json: c.Bool("json"), one: c.Args().Present()}
	for shown := false; ; shown = true {
		jobs, err := d.statusOf(c.Context, c.Args().Slice())
		switch {
		case shown && (c.Err() != nil || errors.As(err, new(*failure))):
			return nil // the job is gone, or whoever watched it
		case err != nil:
			return err
		}
		if err := view.show(jobs); err != nil {
			return err
		}
		if !c.Bool("watch") || len(jobs) == 0 {
			return nil
		}
		select {
		case <-c.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

// orphans tells of what dead jobs have left on either cluster.
func (p *program) orphans(ctx context.Context, d *database) error {
	if d.source == nil {
		return nil
	}
	found, err := stages.Orphans(ctx, d.source.look, d.look, d.registry)
	if err != nil {
		return err
	}
	for _, o := range found {
		where := "the target"
		if o.Source {
			where = "the source"
		}
		if o.Of != "" {
			fmt.Fprintf(p.stderr, "warning: %s %s on %s is left over from a cutover of %s that did not come to its end; this removes it: %s\n",
				o.Kind, o.Name, where, o.Of, o.Settle)
			continue
		}
		fmt.Fprintf(p.stderr, "warning: %s %s on %s belongs to no job of this registry; if it is of none at all: %s\n", o.Kind, o.Name, where, o.Undo)
	}
	return nil
}

// statusOf returns the state of the job that names belong to, or of all jobs.
func (d *database) statusOf(ctx context.Context, names []string) ([]jobStatus, error) {
	var jobs []registry.Job
	if len(names) > 0 {
		job, err := d.findJob(ctx, names)
		if err != nil {
			return nil, err
		}
		jobs = []registry.Job{job}
	} else {
		all, err := d.registry.List(ctx, d.look)
		if err != nil {
			return nil, d.denied(err)
		}
		jobs = all
	}
	out := []jobStatus{}
	for _, job := range jobs {
		status, err := d.statusOfJob(ctx, job)
		if err != nil {
			return nil, err
		}
		out = append(out, status)
	}
	return out, nil
}

// statusOfJob puts together what is known of a job.
func (d *database) statusOfJob(ctx context.Context, job registry.Job) (jobStatus, error) {
	runs, err := d.registry.Stages(ctx, d.look, job.ID)
	if err != nil {
		return jobStatus{}, err
	}
	progress, err := d.registry.Progress(ctx, d.look, job.ID)
	if err != nil {
		return jobStatus{}, err
	}
	holder, err := registry.HolderOf(ctx, d.look, job.Tables[0].SourceOID)
	if err != nil {
		return jobStatus{}, err
	}
	s := newJobStatus(job, runs, progress, time.Now())
	if holder != nil {
		s.Worker = &workerStatus{PID: holder.PID, Application: holder.Application, Client: holder.Client, Follows: holder.Shared}
	} else {
		// Whoever waited is gone.
		s.Waiting, s.RowsPerSecond, s.ETA = "", 0, 0
	}
	var source sqltmpl.DB
	if d.source != nil {
		source = d.source.look
	}
	if s.Stream, err = stages.StreamOf(ctx, source, d.look, d.registry, job); err != nil {
		return s, fmt.Errorf("looking at the stream: %w", err)
	}
	if s.Stream != nil && s.Stream.Problem != "" { // no command goes on with it
		s.Next, s.Undo = nextWithoutStream(job), ""
	}
	if err := d.readiness(ctx, job, &s); err != nil {
		return s, fmt.Errorf("comparing the target with the source: %w", err)
	}
	s.Backlog, err = stages.CountBacklog(ctx, d.look, d.registry, job, mostBacklog)
	if err != nil {
		return s, fmt.Errorf("counting the backlog: %w", err)
	}
	return s, nil
}

// readiness says how far the target of a move is from what the source has. What
// somebody has locked just now is not waited for.
func (d *database) readiness(ctx context.Context, job registry.Job, s *jobStatus) (err error) {
	if job.Strategy != stages.Logical || stages.Name(job.Stage) == stages.Done {
		return nil
	}
	s.Lacks, err = stages.Readiness(ctx, d.look, d.registry, job, 1)
	if sqltmpl.IsLockContention(err) {
		s.Lacks, err = nil, nil
	}
	if err != nil || d.source == nil {
		return err
	}
	s.Differs, err = stages.Surroundings(ctx, d.source.look, d.look, stages.Ends{
		SourceSettings: d.source.operator.Conversions(), TargetSettings: d.operator.Conversions(),
	})
	return err
}
