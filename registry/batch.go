package registry

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Batch is a range of the source's pages; what is before Next is copied.
type Batch struct {
	Number int   `db:"batch_number"`
	First  int64 `db:"first_page"`
	Next   int64 `db:"next_page"`
	End    int64 `db:"end_page"` // exclusive
	Rows   int64
}

// Progress sums up the backfill of a job.
type Progress struct {
	DonePages  int64 `db:"done_pages"`
	TotalPages int64 `db:"total_pages"`
	Rows       int64
}

// Files are the pages of a table: those of file n are numbered from n << FileBits.
// A plain table is in one file, the first; a partitioned one in a file for
// each partition.
type Files []int64

// FileBits are the bits of a page's number within its file.
const FileBits = 32

// Total is how many pages there are.
func (f Files) Total() (n int64) {
	for _, pages := range f {
		n += pages
	}
	return n
}

// PlanBatches forgets a table's batches and cuts its pages anew, size pages
// each. filenode tells later whether the pages still are those.
func (r *Registry) PlanBatches(
	ctx context.Context, tx pgx.Tx, t Table, filenode uint32, rows int64, files Files, size int64,
) error {
	err := exec(ctx, tx, sqltmpl.DeleteBatches{Schema: r.schema, JobID: t.JobID, Number: t.Number}.Statement())
	if err != nil {
		return err
	}
	first := make([]int64, len(files))
	for i := range files {
		first[i] = int64(i) << FileBits
	}
	err = exec(ctx, tx, sqltmpl.PlanBatches{
		Schema: r.schema, JobID: t.JobID, Number: t.Number, Size: size, First: first, Pages: files,
	}.Statement())
	if err != nil {
		return err
	}
	return exec(ctx, tx, sqltmpl.SetFilenode{
		Schema: r.schema, JobID: t.JobID, Number: t.Number, Filenode: filenode, Rows: rows,
	}.Statement())
}

// ClaimBatch takes the next range that no other transaction has. The error
// wraps pgx.ErrNoRows if there is none left to take.
func (r *Registry) ClaimBatch(ctx context.Context, tx pgx.Tx, t Table) (Batch, error) {
	return sqltmpl.One[Batch](ctx, tx, sqltmpl.ClaimBatch{
		Schema: r.schema, JobID: t.JobID, Number: t.Number,
	}.Statement())
}

// AdvanceBatch ticks off the pages before next.
func (r *Registry) AdvanceBatch(ctx context.Context, tx pgx.Tx, t Table, batch int, next, rows int64) error {
	return exec(ctx, tx, sqltmpl.AdvanceBatch{
		Schema: r.schema, JobID: t.JobID, Number: t.Number, Batch: batch, NextPage: next, Rows: rows,
	}.Statement())
}

// Progress returns how far the backfill of a job is.
func (r *Registry) Progress(ctx context.Context, db sqltmpl.DB, job int64) (Progress, error) {
	return sqltmpl.One[Progress](ctx, db, sqltmpl.BatchProgress{Schema: r.schema, JobID: job}.Statement())
}

// OpenBatches counts the batches of a table that are not done. It only reads.
func (r *Registry) OpenBatches(ctx context.Context, db sqltmpl.DB, t Table) (int64, error) {
	return sqltmpl.Scalar[int64](ctx, db, sqltmpl.OpenBatches{
		Schema: r.schema, JobID: t.JobID, Number: t.Number,
	}.Statement())
}
