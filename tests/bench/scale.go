package main

import (
	"context"
	"fmt"
)

// scale measures what tables of a tenth and a fifth of the rows take, in time
// and in memory.
func (b *bench) scale(ctx context.Context) error {
	for _, part := range []int64{10, 5, 1} {
		rows := b.rows / part
		name := fmt.Sprintf("orders_%d", part)
		if part == 1 {
			name = table
		} else if err := b.fill(ctx, name, rows); err != nil {
			return err
		}
		for range b.repeat {
			if err := b.settle(ctx, name); err != nil {
				return err
			}
			j, err := b.runJob(ctx, name)
			if err != nil {
				return err
			}
			b.keep(scaled(rows), sample{seconds: j.seconds})
			b.peak[rows] = max(b.peak[rows], j.peak)
			if err := b.cleanup(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// scaled names the samples of a table of so many rows.
func scaled(rows int64) string { return fmt.Sprintf("repave, %d rows", rows) }
