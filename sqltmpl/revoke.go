package sqltmpl

import "context"

// Revoke takes from others whatever they have on the objects that p names, as
// ALTER DEFAULT PRIVILEGES may have given it.
func (p ForeignGrants) Revoke(ctx context.Context, db DB) error {
	texts, err := Scalars[string](ctx, db, p.Statement())
	if err != nil {
		return err
	}
	for _, text := range texts {
		if _, err := (Statement{Name: "session/foreign_grants.sql", SQL: text}).Exec(ctx, db); err != nil {
			return err
		}
	}
	return nil
}
