package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// An Estimate says how big a table is and how much room its rewrite takes.
type Estimate struct {
	TableBytes  int64 `json:"table_bytes"` // with TOAST
	IndexBytes  int64 `json:"index_bytes"`
	NeededBytes int64 `json:"needed_bytes"` // on disk, besides what is used now; without WAL
	Rows        int64 `json:"rows"`         // -1 if the table was never analyzed
}

// Space estimates what a rewrite of r takes: a second copy of everything, plus
// the biggest index once more, since building it sorts its entries on disk.
// What is bloat today counts, so the estimate is on the safe side. SQL can't
// say how much is free.
func Space(ctx context.Context, db sqltmpl.DB, r catalog.Relation) (Estimate, error) {
	size, err := sqltmpl.One[sqltmpl.Size](ctx, db, sqltmpl.EstimateSpace{OID: r.OID}.Statement())
	if err != nil {
		return Estimate{}, fmt.Errorf("estimating the space for %s: %w", r.Table.Plain(), err)
	}
	return Estimate{
		TableBytes:  size.Table,
		IndexBytes:  size.Indexes,
		NeededBytes: size.Table + size.Indexes + size.LargestIndex,
		Rows:        size.Rows,
	}, nil
}
