package define

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/repave-pg/repave/internal/carry"
	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// LoadViews reads from either cluster what is bound to tables without being on
// one of them, each after what it uses: views of every kind with their rules
// and triggers, functions with bound bodies, and what other tables have that
// mentions these. It locks nothing.
func LoadViews(ctx context.Context, tx pgx.Tx, oids []uint32, registry sqltmpl.Ident) ([]catalog.Dependent, error) {
	all, err := catalog.LoadDependents(ctx, tx, oids, registry)
	return slices.DeleteFunc(all, func(d catalog.Dependent) bool { return d.OnTable }), err
}

// A viewer makes views over tables on the target.
type viewer struct {
	tx    pgx.Tx
	made  []catalog.Dependent
	left  []carry.Left
	notes Notes
}

// MakeViews makes views, as LoadViews read them on the source, over the tables
// on the target, materialized ones empty: with owner, grants for roles that the
// target has (others are noted), comments, rules and triggers. A view is made
// while columns have the names that they have on the source, so the target's
// own server says how it reads once they have theirs. It returns what was made
// and what can't be, with the reason and all that uses it.
//
// It locks tables whose columns are renamed ACCESS EXCLUSIVE, and can't run twice.
func MakeViews(ctx context.Context, tx pgx.Tx, tables []Tree, views []catalog.Dependent) (
	made []catalog.Dependent, left []carry.Left, notes Notes, err error,
) {
	if len(views) == 0 {
		return nil, nil, nil, nil
	}
	v := &viewer{tx: tx}
	// Bodies that are text were checked when they were made, with a search path of their own.
	err = v.do(ctx, sqltmpl.SetLocal{Name: "check_function_bodies", Value: "off"}.Statement())
	if err != nil {
		return nil, nil, nil, err
	}
	var there, back []sqltmpl.Statement
	for _, t := range tables {
		to, from := t.Bound.renames(t.Relation.Table)
		there, back = append(there, to...), append(back, from...)
	}
	if err := v.do(ctx, there...); err != nil {
		return nil, nil, nil, err
	}
	for _, d := range views {
		if err := v.make(ctx, d); err != nil {
			return nil, nil, nil, fmt.Errorf("making %s: %w", d.Name, err)
		}
	}
	return v.made, v.left, v.notes, v.do(ctx, back...)
}

func (v *viewer) do(ctx context.Context, statements ...sqltmpl.Statement) error {
	return sqltmpl.ExecAll(ctx, v.tx, statements...)
}

// note is said once, however many grants a role would have had.
func (v *viewer) note(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(v.notes, line) {
		v.notes = append(v.notes, line)
	}
}

func (v *viewer) leave(d catalog.Dependent, format string, args ...any) {
	v.left = append(v.left, carry.Left{Name: d.Name, Reason: fmt.Sprintf(format, args...)})
}

// make makes one view or the like, or leaves it.
func (v *viewer) make(ctx context.Context, d catalog.Dependent) error {
	for _, l := range v.left {
		if slices.Contains(d.Uses, l.Name) {
			v.leave(d, "it uses %s", l.Name)
			v.left[len(v.left)-1].Part = carry.IsPart(d)
			return nil
		}
	}
	if reason := Unmovable(d); reason != "" {
		v.leave(d, "%s", reason)
		return nil
	}
	if there, err := Standing(ctx, v.tx, []catalog.Dependent{d}); err != nil {
		return err
	} else if len(there) > 0 {
		return fmt.Errorf("the target has %s already", there[0])
	}
	noted := len(v.notes)
	err := sqltmpl.Keep(ctx, v.tx, func() error { return v.create(ctx, d) })
	switch {
	case err == nil:
		v.made = append(v.made, d)
	case sqltmpl.IsUnfit(err):
		v.notes = v.notes[:noted]
		v.leave(d, "on the target, %s", server(err))
	default:
		return err
	}
	return nil
}

// Unmovable says why something bound to tables can't be made elsewhere, whatever is there; "" if it may be.
func Unmovable(d catalog.Dependent) string {
	switch {
	case len(d.Create) == 0:
		return "it can't be made anew"
	case d.Relation != 0 && !d.OnView && d.Kind != carry.MaterializedView:
		return "it belongs to " + sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}.Plain() + ", which is not moved"
	default:
		return ""
	}
}

// create runs the statements that make d: the second says who owns it, if
// anybody does. A view of somebody else's would show what its owner may not see.
func (v *viewer) create(ctx context.Context, d catalog.Dependent) error {
	owned := d.Kind != "trigger" && d.Kind != "rule"
	for n, sql := range d.Create {
		err := sqltmpl.Keep(ctx, v.tx, func() error { return v.do(ctx, sqltmpl.Bind{SQL: sql}.Statement()) })
		switch {
		case err == nil:
		case n > 0 && (n > 1 || !owned) && (sqltmpl.IsUndefined(err) || sqltmpl.IsSyntax(err)):
			// For want of a role, or of a privilege that came with a later version.
			v.note("%s lacks something: %v", d.Name, server(err))
		default:
			return err
		}
		if n == 1 && owned && d.Relation != 0 {
			// Whatever ALTER DEFAULT PRIVILEGES gave; the source's grants come after it.
			err := sqltmpl.ForeignGrants{
				Schema: string(d.RelationSchema), Tables: []string{string(d.RelationName)},
			}.Revoke(ctx, v.tx)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Standing names what a database has where views would be made. It locks nothing.
func Standing(ctx context.Context, db sqltmpl.DB, views []catalog.Dependent) ([]string, error) {
	relations := map[sqltmpl.Ident][]string{}
	var routines, out []string
	for _, d := range views {
		switch {
		case d.Kind == "view" || d.Kind == carry.MaterializedView:
			relations[d.RelationSchema] = append(relations[d.RelationSchema], string(d.RelationName))
			for _, index := range d.Indexes {
				relations[d.RelationSchema] = append(relations[d.RelationSchema], string(index))
			}
		case d.Relation == 0:
			routines = append(routines, identity(d))
		}
	}
	for schema, names := range relations {
		taken, err := sqltmpl.Scalars[string](ctx, db, sqltmpl.TakenNames{Schema: schema, Names: names}.Statement())
		if err != nil {
			return nil, err
		}
		for _, name := range taken {
			out = append(out, sqltmpl.Table{Schema: schema, Name: sqltmpl.Ident(name)}.Plain())
		}
	}
	if len(routines) > 0 {
		taken, err := sqltmpl.Scalars[string](ctx, db, sqltmpl.PresentObjects{Names: routines}.Statement())
		if err != nil {
			return nil, err
		}
		out = append(out, taken...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// identity is a routine's name with the types of its arguments.
func identity(d catalog.Dependent) string { return strings.TrimPrefix(d.Name, d.Kind+" ") }

// DropView is the statement that drops what MakeViews made, if it is there;
// "" for what goes with its view.
func DropView(d catalog.Dependent) string {
	relation := sqltmpl.Table{Schema: d.RelationSchema, Name: d.RelationName}
	switch {
	case d.Kind == carry.MaterializedView:
		return sqltmpl.DropView{View: relation}.Statement().SQL
	case d.Kind == "view":
		return sqltmpl.DropPlainView{View: relation}.Statement().SQL
	case d.Relation == 0:
		return sqltmpl.DropRoutine{Routine: sqltmpl.Fragment(identity(d))}.Statement().SQL
	default:
		return ""
	}
}
