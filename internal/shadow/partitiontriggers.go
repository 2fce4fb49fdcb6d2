package shadow

import (
	"context"

	"github.com/repave-pg/repave/sqltmpl"
)

type partitionTrigger struct {
	Name       sqltmpl.Ident
	Transition bool
}

// unfitTriggers finds the triggers that would fail on a partitioned table, or
// make its users' statements fail. key is the attnums of the partition key.
func (b *builder) unfitTriggers(ctx context.Context, key []int16, names sqltmpl.Columns, add func(remedy, what string, args ...any)) error {
	var columns []string
	for _, name := range names {
		columns = append(columns, string(name))
	}
	for _, num := range key {
		if c, ok := b.origin(num); ok {
			columns = append(columns, string(c.Name))
		}
	}
	found, err := sqltmpl.All[partitionTrigger](ctx, b.tx, sqltmpl.PartitionTriggers{OID: b.src.OID, Columns: columns}.Statement())
	if err != nil {
		return err
	}
	for _, trigger := range found {
		remedy := "DROP TRIGGER " + trigger.Name.String() + " ON " + b.src.Table.String()
		if trigger.Transition {
			add(remedy, "trigger %s is FOR EACH ROW with a transition table, which partitioned tables can't have", trigger.Name)
			continue
		}
		add(remedy, "trigger %s may set %s before a row is written, as far as its function tells: PostgreSQL refuses to move the row "+
			"to another partition then", trigger.Name, names)
	}
	return nil
}
