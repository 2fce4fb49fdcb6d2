package shadow

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Change is what the operator wants different.
type Change struct {
	Alter    []string          `json:"alter,omitempty"` // action lists of ALTER TABLE, in order
	Using    map[string]string `json:"using,omitempty"` // shadow column -> expression over a source row
	PKBigint bool              `json:"pk_bigint,omitempty"`
	// OptimizeColumns puts the columns into the order of least padding.
	OptimizeColumns bool `json:"optimize_columns,omitempty"`
	// OrderBy are the source's columns whose order the backfill walks along.
	OrderBy []string `json:"order_by,omitempty"`
	// Set are storage parameters, name=value, those of the TOAST table as toast.name=value.
	Set []string `json:"set,omitempty"`
	// Tablespace is where the table and its indexes go; "" is where they are.
	Tablespace sqltmpl.Ident `json:"tablespace,omitempty"`
	// PartitionBy makes the shadow a partitioned table: 'RANGE (created_at) INTERVAL 1 month'.
	PartitionBy     string   `json:"partition_by,omitempty"`
	PartitionsAhead int      `json:"partitions_ahead,omitempty"` // of a RANGE, beyond now and the last value
	DropConstraints []string `json:"drop_constraints,omitempty"` // constraints and unique indexes to give up
}

// Differences names what other asks for differently from c, as flags.
func (c Change) Differences(other Change) []string {
	var out []string
	say := func(flag string, mine, theirs any) {
		if !reflect.DeepEqual(mine, theirs) {
			out = append(out, fmt.Sprintf("%s: the job has %v, now asked for %v", flag, mine, theirs))
		}
	}
	list := func(flag string, mine, theirs []string) {
		say(flag, slices.Concat(mine, []string{}), slices.Concat(theirs, []string{}))
	}
	list("--alter", c.Alter, other.Alter)
	if len(c.Using)+len(other.Using) > 0 {
		say("--using", c.Using, other.Using)
	}
	say("--pk-bigint", c.PKBigint, other.PKBigint)
	say("--optimize-columns", c.OptimizeColumns, other.OptimizeColumns)
	list("--order-by", c.OrderBy, other.OrderBy)
	list("--set", c.Set, other.Set)
	say("--tablespace", string(c.Tablespace), string(other.Tablespace))
	say("--partition-by", c.PartitionBy, other.PartitionBy)
	say("--partitions-ahead", c.PartitionsAhead, other.PartitionsAhead)
	list("--drop-constraint", c.DropConstraints, other.DropConstraints)
	return out
}
