package define

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/repave-pg/repave/sqltmpl"
)

// policies makes the policies that are not there yet. A role that the target
// lacks is left out of them; nobody gains or loses by that.
func (f *finisher) policies(ctx context.Context) error {
	now, err := sqltmpl.All[sqltmpl.LoadedPolicy](ctx, f.tx, sqltmpl.LoadPolicies{Relation: f.oid}.Statement())
	if err != nil {
		return err
	}
	had := map[sqltmpl.Ident]bool{}
	for _, p := range now {
		had[p.Name] = true
	}
	for _, p := range f.bound.Policies {
		if had[p.Name] {
			continue
		}
		if err := f.policy(ctx, p); err != nil {
			return fmt.Errorf("making policy %s: %w", p.Name, err)
		}
	}
	return nil
}

func (f *finisher) policy(ctx context.Context, p sqltmpl.LoadedPolicy) error {
	create := sqltmpl.CreatePolicy{
		Name: p.Name, Table: f.r.Table, Permissive: p.Permissive, Command: p.Command, Using: p.Using, WithCheck: p.WithCheck,
	}
	var names []sqltmpl.Ident
	for _, role := range p.Roles {
		names = append(names, sqltmpl.Ident(role))
	}
	there, err := look(ctx, f.tx, names...)
	if err != nil {
		return err
	}
	for _, role := range names {
		if role != "" && !there.role(role) {
			f.notes.add("policy %s of %s is without role %s, which the target lacks", p.Name, f.r.Table.Plain(), role)
			continue
		}
		create.Roles = append(create.Roles, sqltmpl.Grantee(role))
	}
	if len(create.Roles) == 0 {
		f.notes.add("policy %s of %s is left out: it is for no role that the target has", p.Name, f.r.Table.Plain())
		return nil
	}
	steps := []sqltmpl.Statement{create.Statement()}
	if p.Comment != "" {
		steps = append(steps, sqltmpl.CommentPolicy{
			Name: p.Name, Table: f.r.Table, Comment: sqltmpl.Literal(p.Comment),
		}.Statement())
	}
	return f.do(ctx, steps...)
}

// server is what the server said, without the rest of an error.
func server(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Message
	}
	return err.Error()
}
