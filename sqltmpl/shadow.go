package sqltmpl

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ExecSingle runs s as one statement of the extended protocol, so that text
// from an operator can't be two. It takes no arguments.
func (s Statement) ExecSingle(ctx context.Context, tx pgx.Tx) error {
	if err := tx.Conn().PgConn().ExecParams(ctx, s.SQL, nil, nil, nil, nil).Read().Err; err != nil {
		return &StatementError{Statement: s.Name, Err: err}
	}
	return nil
}

// Check has the server analyse s without running it. Whatever it says, the
// transaction goes on.
func (s Statement) Check(ctx context.Context, tx pgx.Tx) error {
	return Try(ctx, tx, func() error {
		if _, err := tx.Prepare(ctx, "", s.SQL); err != nil {
			return &StatementError{Statement: s.Name, Err: err}
		}
		return nil
	})
}

// Try runs fn in a savepoint of tx and undoes all that it did, locks included.
// It returns fn's error.
func Try(ctx context.Context, tx pgx.Tx, fn func() error) error {
	if _, err := (savepoint{}).Statement().Exec(ctx, tx); err != nil {
		return err
	}
	failed := fn()
	for _, s := range []Statement{rollbackTo{}.Statement(), release{}.Statement()} {
		if _, err := s.Exec(ctx, tx); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

type (
	savepoint  struct{}
	rollbackTo struct{}
	release    struct{}
)

// Statement renders shadow/savepoint.sql.
func (p savepoint) Statement() Statement { return render("shadow/savepoint.sql", p, nil) }

// Statement renders shadow/rollback_to.sql.
func (p rollbackTo) Statement() Statement { return render("shadow/rollback_to.sql", p, nil) }

// Statement renders shadow/release.sql.
func (p release) Statement() Statement { return render("shadow/release.sql", p, nil) }

// SQLSTATEs that an operator's SQL may meet.
const (
	codeDuplicateTable    = "42P07"
	codeUnsupported       = "0A000"
	codeSyntax            = "42601"
	codeUndefinedFunction = "42883"
	codeUndefinedObject   = "42704"
	codeDatatypeMismatch  = "42804"
	codeCannotCoerce      = "42846"
)

// IsDuplicate reports whether err says that a relation of a name exists.
func IsDuplicate(err error) bool { return code(err) == codeDuplicateTable }

// IsUnsupported reports whether err says that the server does not do such a thing.
func IsUnsupported(err error) bool { return code(err) == codeUnsupported }

// IsSyntax reports whether err says that a statement can't be read, or, before
// PostgreSQL 15, that a generated column is computed from a column.
func IsSyntax(err error) bool { return code(err) == codeSyntax }

// IsUndefined reports whether err says that a function, operator, type, relation
// or schema was not found, as it may be for want of a search_path.
func IsUndefined(err error) bool {
	switch code(err) {
	case codeUndefinedFunction, codeUndefinedObject, codeUndefinedTable, codeInvalidSchema:
		return true
	default:
		return false
	}
}

// IsUnconvertible reports whether err says that there is no cast between types.
func IsUnconvertible(err error) bool {
	c := code(err)
	return c == codeDatatypeMismatch || c == codeCannotCoerce
}

// Options are storage parameters as the catalogs have them: name=value, those
// of the TOAST table as toast.name=value.
type Options []string

// String returns o for the inside of WITH (...), quoted.
func (o Options) String() string {
	parts := make([]string, len(o))
	for i, option := range o {
		name, value, _ := strings.Cut(option, "=")
		prefix := ""
		if toast, ok := strings.CutPrefix(name, "toast."); ok {
			prefix, name = "toast.", toast
		}
		parts[i] = prefix + Ident(name).String() + " = " + Literal(value).String()
	}
	return strings.Join(parts, ", ")
}

// A Grantee is a role, or PUBLIC if it is "".
type Grantee Ident

// String returns g quoted for SQL.
func (g Grantee) String() string {
	if g == "" {
		return "PUBLIC"
	}
	return Ident(g).String()
}

// CreateTable makes the shadow.
type CreateTable struct {
	Table        Table
	Source       Table
	Unlogged     bool
	AccessMethod Ident
	Options      Options
	Tablespace   Ident
	NoIdentity   bool // leave identity out
}

// Statement renders shadow/create_table.sql.
func (p CreateTable) Statement() Statement { return render("shadow/create_table.sql", p, nil) }

// CreateProbe makes a table that things are tried on.
type CreateProbe struct {
	Table Table
	Like  Table
}

// Statement renders shadow/create_probe.sql.
func (p CreateProbe) Statement() Statement { return render("shadow/create_probe.sql", p, nil) }

// AlterShadow runs an operator's action list.
type AlterShadow struct {
	Table   Table
	Actions Fragment
}

// Statement renders shadow/alter_table.sql.
func (p AlterShadow) Statement() Statement { return render("shadow/alter_table.sql", p, nil) }

// SetType retypes columns.
type SetType struct {
	Table   Table
	Columns Columns
	Type    Fragment
}

// Statement renders shadow/set_type.sql.
func (p SetType) Statement() Statement { return render("shadow/set_type.sql", p, nil) }

// SetColumnStatistics sets a column's statistics target.
type SetColumnStatistics struct {
	Table  Table
	Column Ident
	Target int
}

// Statement renders shadow/set_column_statistics.sql.
func (p SetColumnStatistics) Statement() Statement {
	return render("shadow/set_column_statistics.sql", p, nil)
}

// SetColumnOptions sets options of a column.
type SetColumnOptions struct {
	Table   Table
	Column  Ident
	Options Options
}

// Statement renders shadow/set_column_options.sql.
func (p SetColumnOptions) Statement() Statement {
	return render("shadow/set_column_options.sql", p, nil)
}

// AddPlaceholder adds what stands in for a foreign key.
type AddPlaceholder struct {
	Table    Table
	Name     Ident
	Columns  Columns
	NotValid bool
}

// Statement renders shadow/add_placeholder.sql.
func (p AddPlaceholder) Statement() Statement { return render("shadow/add_placeholder.sql", p, nil) }

// CreateHelper makes an index on a key.
type CreateHelper struct {
	Unique  bool
	Table   Table
	Index   Ident
	Columns Columns
}

// Statement renders shadow/create_helper.sql.
func (p CreateHelper) Statement() Statement { return render("shadow/create_helper.sql", p, nil) }

// TryUsing has an operator's expression checked.
type TryUsing struct {
	Shadow Table
	Column Ident
	Using  Fragment
	Source Table
}

// Statement renders shadow/try_using.sql.
func (p TryUsing) Statement() Statement { return render("shadow/try_using.sql", p, nil) }

// ExplainUsing plans a query that shows if an expression is volatile.
type ExplainUsing struct {
	Using  Fragment
	Source Table
}

// Statement renders shadow/explain_using.sql.
func (p ExplainUsing) Statement() Statement { return render("shadow/explain_using.sql", p, nil) }

// TryAssign has the conversion of one column to another checked.
type TryAssign struct {
	Into   Table
	Column Ident
	Value  Fragment
	From   Table
}

// Statement renders shadow/try_assign.sql.
func (p TryAssign) Statement() Statement { return render("shadow/try_assign.sql", p, nil) }
