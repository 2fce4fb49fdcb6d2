package registry

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/tern/v2/migrate"

	"github.com/repave-pg/repave/sqltmpl"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate creates the registry or brings it up to date. It locks nothing of
// the users', may run twice, and two at once: tern takes an advisory lock.
func (r *Registry) Migrate(ctx context.Context, conn *pgx.Conn) error {
	exists, err := r.Exists(ctx, conn)
	if err != nil {
		return err
	}
	if !exists {
		if err := exec(ctx, conn, sqltmpl.CreateSchema{Schema: r.schema}.Statement()); err != nil {
			return fmt.Errorf("creating registry: %w", err)
		}
		if err := exec(ctx, conn, sqltmpl.RevokeSchema{Schema: r.schema}.Statement()); err != nil {
			return fmt.Errorf("creating registry: %w", err)
		}
	}
	m, err := migrate.NewMigrator(ctx, conn, r.object("schema_version").String())
	if err != nil {
		return fmt.Errorf("preparing registry: %w", err)
	}
	m.Data = map[string]any{"schema": r.schema.String()}
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := m.LoadMigrations(sub); err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	version, err := m.GetCurrentVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading registry version: %w", err)
	}
	switch latest := int32(len(m.Migrations)); {
	case version == latest:
		return nil
	case version > latest:
		return &NewerError{Have: version, Know: latest}
	}
	if err := m.Migrate(ctx); err != nil {
		return fmt.Errorf("upgrading registry: %w", err)
	}
	if version > 0 {
		return nil // what operators granted since stays
	}
	err = sqltmpl.ForeignGrants{
		Schema: string(r.schema), WithSchema: true, Functions: []string{},
		Tables: []string{"job", "job_table", "stage_run", "batch", "artifact", "schema_version", "jobs", "stream", "pulse"},
	}.Revoke(ctx, conn)
	if err != nil {
		return fmt.Errorf("closing the registry to others: %w", err)
	}
	return nil
}

// Exists reports whether the registry has been made.
func (r *Registry) Exists(ctx context.Context, db sqltmpl.DB) (bool, error) {
	found, err := sqltmpl.Scalar[bool](ctx, db, sqltmpl.RegistryExists{
		Registry: r.object("job").String(),
	}.Statement())
	if err != nil {
		return false, fmt.Errorf("looking for the registry: %w", err)
	}
	return found, nil
}

func (r *Registry) object(name sqltmpl.Ident) sqltmpl.Table {
	return sqltmpl.Table{Schema: r.schema, Name: name}
}

// A NewerError says that a newer program has upgraded the registry.
type NewerError struct{ Have, Know int32 }

func (e *NewerError) Error() string {
	return fmt.Sprintf("the registry has version %d, this program knows %d", e.Have, e.Know)
}

// Hint says what to do about it.
func (e *NewerError) Hint() string { return "use the newer repave that upgraded the registry" }
