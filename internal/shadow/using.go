package shadow

import (
	"context"
	"strings"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/sqllex"
	"github.com/repave-pg/repave/sqltmpl"
)

// checkUsing makes sure that an operator's expression can be what a column of
// the shadow is computed from: by the server, with an empty search_path, as it
// will be run; the same each time; and not for a column that must not have one.
func (b *builder) checkUsing(ctx context.Context, column catalog.Column, text string) (sqltmpl.Fragment, error) {
	if column.Generated != "" {
		return "", refuse("leave it out: the server computes the column",
			"column %s is generated and can't have a USING expression", column.Name)
	}
	if b.isKey(column.Num) {
		// ALTER COLUMN id TYPE bigint USING id::bigint says no more than without USING.
		if source, ok := b.origin(column.Num); ok && onlyCasts(sqltmpl.Fragment(text), source.Name) &&
			strings.Count(text, "::") < 2 && b.checkConversion(ctx, source, column) == nil {
			return "", nil
		}
		return "", refuse("a key column can change its type only where PostgreSQL converts it by itself",
			"column %s is part of the key and can't have a USING expression", column.Name)
	}
	word, err := sqllex.Expression(text)
	if err != nil {
		return "", blame(err, "give one expression over the columns of a source row", "USING of column %s", column.Name)
	}
	if word != "" {
		return "", refuse("rows are computed more than once: use a constant, or a DEFAULT of the column",
			"USING of column %s has another value each time: it calls %s", column.Name, word)
	}
	using := sqltmpl.Fragment(strings.TrimSpace(text))
	if err := b.tryUsing(ctx, column, using); err != nil {
		return "", err
	}
	plan, err := sqltmpl.Scalar[string](ctx, b.tx, sqltmpl.ExplainUsing{Using: using, Source: b.src.Table}.Statement())
	if err != nil {
		return "", err
	}
	if strings.Contains(plan, `"Subquery Scan"`) {
		return "", refuse("rows are computed more than once: use functions that are STABLE at least",
			"USING of column %s is volatile: %s", column.Name, using)
	}
	return using, nil
}

// tryUsing has the server check an expression.
func (b *builder) tryUsing(ctx context.Context, column catalog.Column, using sqltmpl.Fragment) error {
	statement := sqltmpl.TryUsing{Shadow: b.table, Column: column.Name, Using: using, Source: b.src.Table}.Statement()
	err := statement.Check(ctx, b.tx)
	if err == nil {
		return nil
	}
	remedy := "it sees the columns of the source, under their names there"
	if sqltmpl.IsUndefined(err) {
		withPath := sqltmpl.Try(ctx, b.tx, func() error {
			if err := b.set(ctx, "search_path", b.searchPath); err != nil {
				return err
			}
			return statement.Check(ctx, b.tx)
		})
		if withPath == nil {
			remedy = "write schema-qualified names: the expression runs with an empty search_path"
		}
	}
	return blame(err, remedy, "USING of column %s", column.Name)
}

// isKey reports whether a column of the shadow is part of the key.
func (b *builder) isKey(num int16) bool {
	key, _ := catalog.KeyOf(b.src)
	for _, source := range key.Columns {
		if column, ok := b.counterpart(source); ok && column.Num == num {
			return true
		}
	}
	return false
}

// onlyCasts reports whether an expression is but a cast of its own column, which
// a cast back undoes.
func onlyCasts(using sqltmpl.Fragment, column sqltmpl.Ident) bool {
	name, ok := sqllex.Cast(string(using))
	return ok && name == string(column)
}
