package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/repave-pg/repave/internal/partitioning"
	"github.com/repave-pg/repave/internal/shadow"
)

// partitionsAhead is how many partitions of a RANGE are made beyond now and the
// last value.
const partitionsAhead = 3

// partitionBy reads how to partition the table, and what to give up.
func partitionBy(c *cli.Context, out *shadow.Change) error {
	out.DropConstraints = c.StringSlice("drop-constraint")
	if !c.IsSet("partition-by") {
		if c.IsSet("partitions-ahead") {
			return &usageError{problem: "--partitions-ahead says nothing without --partition-by", advice: "leave it out"}
		}
		return nil
	}
	out.PartitionBy = c.String("partition-by")
	clause, err := partitioning.Parse(out.PartitionBy)
	if syntax, ok := errors.AsType[*partitioning.SyntaxError](err); ok {
		return &usageError{problem: fmt.Sprintf("--partition-by '%s': %v", out.PartitionBy, syntax), advice: syntax.Hint()}
	}
	if clause.Method != partitioning.Range {
		if c.IsSet("partitions-ahead") {
			return &usageError{problem: "--partitions-ahead is for RANGE", advice: "leave it out"}
		}
		return nil
	}
	out.PartitionsAhead = c.Int("partitions-ahead")
	if out.PartitionsAhead < 0 || out.PartitionsAhead > partitioning.Most {
		return &usageError{
			problem: fmt.Sprintf("--partitions-ahead %d is out of range", out.PartitionsAhead),
			advice:  fmt.Sprintf("from 0 to %d; the default is %d", partitioning.Most, partitionsAhead),
		}
	}
	return nil
}
