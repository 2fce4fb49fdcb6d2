// Package registry remembers jobs in the database that receives the shadow, so
// that any process on any host can go on where another stopped.
//
// Methods take the connection or transaction to run in, so that an effect and
// its record commit together.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/define"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// ErrNotFound says that there is no job for a table, or no registry at all.
var ErrNotFound = errors.New("no job")

// A Registry reads and writes the jobs recorded in one schema.
type Registry struct {
	schema sqltmpl.Ident
}

// New returns the registry in schema. It does not look whether it exists.
func New(schema sqltmpl.Ident) *Registry { return &Registry{schema: schema} }

type jobRow struct {
	JobID     int64 `db:"job_id"`
	Strategy  string
	Spec      []byte
	SpecHash  string `db:"spec_hash"`
	Flags     string
	Settings  []byte
	Stage     string
	Swapped   bool
	Proven    bool
	CreatedAt time.Time `db:"created_at"`
	Version   string
	Waiting   string
	LastError string `db:"last_error"`
	Backlog   int64
	Carried   []byte
	PausedAt  *time.Time `db:"paused_at"`
}

type tableRow struct {
	JobID         int64  `db:"job_id"`
	Number        int    `db:"table_number"`
	SchemaName    string `db:"schema_name"`
	TableName     string `db:"table_name"`
	SourceOID     uint32 `db:"source_oid"`
	ShadowOID     uint32 `db:"shadow_oid"`
	Blueprint     []byte
	Bound         []byte
	Capture       string
	Filenode      uint32
	ProvenLive    uint32 `db:"proven_live"`
	ProvenStandby uint32 `db:"proven_standby"`
	LastWrite     string `db:"last_write"`
	Rows          int64
}

// Create begins a job with its tables and returns its number. oids are those
// of spec.Tables. A second job on one of the tables is refused by the
// registry's unique key. Run it in a transaction.
func (r *Registry) Create(
	ctx context.Context, tx pgx.Tx, spec Spec, oids []uint32, flags string, settings Settings, version string,
) (int64, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return 0, fmt.Errorf("encoding spec: %w", err)
	}
	hash, err := spec.Hash()
	if err != nil {
		return 0, err
	}
	set, err := json.Marshal(settings)
	if err != nil {
		return 0, fmt.Errorf("encoding settings: %w", err)
	}
	id, err := sqltmpl.Scalar[int64](ctx, tx, sqltmpl.CreateJob{
		Schema: r.schema, Strategy: spec.Strategy, Spec: text, SpecHash: hash, Flags: flags,
		Args: spec.Args(), Settings: set, Version: version,
	}.Statement())
	if err != nil {
		return 0, fmt.Errorf("recording job: %w", err)
	}
	for i, table := range spec.Tables {
		_, err := sqltmpl.CreateJobTable{
			Schema: r.schema, JobID: id, Number: i + 1, SchemaName: string(table.Name.Schema),
			TableName: string(table.Name.Name), SourceOID: oids[i],
		}.Statement().Exec(ctx, tx)
		if err != nil {
			return 0, fmt.Errorf("recording table %s: %w", table.Name.Plain(), err)
		}
	}
	return id, nil
}

// Find returns the job of a table, or an error wrapping ErrNotFound.
func (r *Registry) Find(ctx context.Context, db sqltmpl.DB, table sqltmpl.Table) (Job, error) {
	id, err := sqltmpl.Scalar[int64](ctx, db, sqltmpl.FindJob{
		Schema: r.schema, SchemaName: string(table.Schema), TableName: string(table.Name),
	}.Statement())
	if errors.Is(err, pgx.ErrNoRows) || sqltmpl.IsMissing(err) {
		return Job{}, fmt.Errorf("table %s: %w", table.Plain(), ErrNotFound)
	}
	if err != nil {
		return Job{}, fmt.Errorf("reading registry: %w", err)
	}
	return r.Get(ctx, db, id)
}

// Get returns a job by its number, or an error wrapping ErrNotFound.
func (r *Registry) Get(ctx context.Context, db sqltmpl.DB, id int64) (Job, error) {
	return r.read(ctx, db, id, sqltmpl.ReadJob{Schema: r.schema, JobID: id}.Statement())
}

// Lock is Get, and keeps every other process from moving the job on until tx
// ends.
func (r *Registry) Lock(ctx context.Context, tx pgx.Tx, id int64) (Job, error) {
	return r.read(ctx, tx, id, sqltmpl.LockJob{Schema: r.schema, JobID: id}.Statement())
}

// List returns all jobs, oldest first; none if there is no registry.
func (r *Registry) List(ctx context.Context, db sqltmpl.DB) ([]Job, error) {
	rows, err := sqltmpl.All[jobRow](ctx, db, sqltmpl.ListJobs{Schema: r.schema}.Statement())
	if sqltmpl.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading registry: %w", err)
	}
	jobs := make([]Job, len(rows))
	for i, row := range rows {
		if jobs[i], err = r.complete(ctx, db, row); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

func (r *Registry) read(ctx context.Context, db sqltmpl.DB, id int64, s sqltmpl.Statement) (Job, error) {
	row, err := sqltmpl.One[jobRow](ctx, db, s)
	if errors.Is(err, pgx.ErrNoRows) {
		return Job{}, fmt.Errorf("job %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return Job{}, fmt.Errorf("reading registry: %w", err)
	}
	return r.complete(ctx, db, row)
}

// complete decodes a job's row and adds its tables.
func (r *Registry) complete(ctx context.Context, db sqltmpl.DB, row jobRow) (Job, error) {
	job := Job{
		ID: row.JobID, Strategy: row.Strategy, SpecHash: row.SpecHash, Flags: row.Flags, Stage: row.Stage,
		Swapped: row.Swapped, Proven: row.Proven, CreatedAt: row.CreatedAt, Version: row.Version,
		Waiting: row.Waiting, LastError: row.LastError, Backlog: row.Backlog, PausedAt: row.PausedAt,
	}
	if err := json.Unmarshal(row.Spec, &job.Spec); err != nil {
		return Job{}, fmt.Errorf("job %d: decoding spec: %w", job.ID, err)
	}
	if err := json.Unmarshal(row.Settings, &job.Settings); err != nil {
		return Job{}, fmt.Errorf("job %d: decoding settings: %w", job.ID, err)
	}
	if row.Carried != nil {
		job.Carried = new(carry.Load)
		if err := json.Unmarshal(row.Carried, job.Carried); err != nil {
			return Job{}, fmt.Errorf("job %d: decoding what is carried: %w", job.ID, err)
		}
	}
	tables, err := sqltmpl.All[tableRow](ctx, db, sqltmpl.ReadJobTables{Schema: r.schema, JobID: job.ID}.Statement())
	if err != nil {
		return Job{}, fmt.Errorf("reading registry: %w", err)
	}
	for _, t := range tables {
		table := Table{
			JobID: t.JobID, Number: t.Number, SourceOID: t.SourceOID, ShadowOID: t.ShadowOID, Capture: t.Capture,
			Name:       sqltmpl.Table{Schema: sqltmpl.Ident(t.SchemaName), Name: sqltmpl.Ident(t.TableName)},
			ProvenLive: t.ProvenLive, ProvenStandby: t.ProvenStandby, Filenode: t.Filenode, LastWrite: t.LastWrite, Rows: t.Rows,
		}
		if t.Bound != nil {
			table.Bound = new(define.Bound)
			if err := json.Unmarshal(t.Bound, table.Bound); err != nil {
				return Job{}, fmt.Errorf("job %d: decoding what is bound: %w", job.ID, err)
			}
		}
		if t.Blueprint != nil {
			table.Blueprint = new(shadow.Blueprint)
			if err := json.Unmarshal(t.Blueprint, table.Blueprint); err != nil {
				return Job{}, fmt.Errorf("job %d: decoding blueprint: %w", job.ID, err)
			}
		}
		job.Tables = append(job.Tables, table)
	}
	return job, nil
}
