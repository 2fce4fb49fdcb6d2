package define

import (
	"context"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// columns sets what CREATE TABLE has no clause for.
func (c *creator) columns(ctx context.Context) error {
	oid, err := oidOf(ctx, c.tx, c.r.Table)
	if err != nil {
		return err
	}
	now, err := catalog.Load(ctx, c.tx, oid, "")
	if err != nil {
		return err
	}
	var steps []sqltmpl.Statement
	for i, column := range c.r.Columns {
		steps = append(steps, shadow.ColumnAttributes(c.r.Table, column)...)
		if column.Storage != now.Columns[i].Storage && column.Generated != "v" {
			steps = append(steps, shadow.ColumnStorage(c.r.Table, column))
		}
		if column.Comment != "" {
			steps = append(steps, sqltmpl.CommentColumn{
				Table: c.r.Table, Column: column.Name, Comment: sqltmpl.Literal(column.Comment),
			}.Statement())
		}
		if column.Compression == now.Columns[i].Compression {
			continue
		}
		// A server may have been built without lz4.
		err := sqltmpl.Keep(ctx, c.tx, func() error { return c.do(ctx, shadow.ColumnCompression(c.r.Table, column)) })
		switch {
		case sqltmpl.IsUnsupported(err):
			c.notes.add("column %s of %s is compressed by default: the target can't do it as the source does",
				column.Name, c.r.Table.Plain())
		case err != nil:
			return err
		}
	}
	return c.do(ctx, steps...)
}
