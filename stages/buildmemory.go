package stages

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// prepareBuild gives a transaction the memory and the parallel workers with
// which it is to build an index. A btree is sorted fastest in runs that fit into
// the processor's caches; other methods take whatever the server gives.
func (e *Env) prepareBuild(ctx context.Context, tx pgx.Tx, table sqltmpl.Table, btree bool, helpers int) error {
	var err error
	if btree && e.Options.MaintenanceMem == "" {
		err = exec(ctx, tx, sqltmpl.SortMemory{Table: table.String()}.Statement())
	} else {
		err = setMaintenance(ctx, tx, e.Options.MaintenanceMem)
	}
	if err != nil {
		return err
	}
	return exec(ctx, tx, sqltmpl.SetLocal{
		Name: "max_parallel_maintenance_workers", Value: strconv.Itoa(helpers),
	}.Statement())
}

// setMaintenance sets maintenance_work_mem if the operator asked for it.
func setMaintenance(ctx context.Context, tx pgx.Tx, mem string) error {
	if mem == "" {
		return nil
	}
	return exec(ctx, tx, sqltmpl.SetLocal{Name: "maintenance_work_mem", Value: mem}.Statement())
}
