package shadow

import (
	"context"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/sqltmpl"
)

// grants makes the privileges on the shadow and on the sequences of its
// identity columns those of the source, whatever ALTER DEFAULT PRIVILEGES gave.
func (b *builder) grants(ctx context.Context) error {
	shadow, err := b.load(ctx)
	if err != nil {
		return err
	}
	if err := b.setGrants(ctx, false, b.table, shadow.Grants, b.src.Grants); err != nil {
		return err
	}
	for _, column := range b.src.Columns {
		for _, grant := range column.Grants {
			if err := b.grant(ctx, false, b.table, column.Name, grant); err != nil {
				return err
			}
		}
	}
	for _, sequence := range shadow.Sequences {
		for _, source := range b.src.Sequences {
			if source.Column != sequence.Column || !source.Identity {
				continue
			}
			if err := b.identity(ctx, sequence, source); err != nil {
				return err
			}
		}
	}
	return nil
}

// identity makes the sequence of an identity column like the source's.
func (b *builder) identity(ctx context.Context, sequence, source catalog.Sequence) error {
	if sequence.Type != source.Type { // LIKE makes them all bigint
		err := b.quietly(ctx, sqltmpl.RetypeSequence{Sequence: sequence.Table, Type: source.Type}.Statement())
		if err != nil {
			return err
		}
	}
	if sequence.Persistence != source.Persistence { // LIKE makes it as the table is; PostgreSQL 15
		err := b.quietly(ctx, sqltmpl.LogSequence{
			Sequence: sequence.Table, Unlogged: sequence.Persistence == "p",
		}.Statement())
		if err != nil {
			return err
		}
	}
	if err := b.setGrants(ctx, true, sequence.Table, sequence.Grants, source.Grants); err != nil {
		return err
	}
	if source.Comment == "" {
		return nil
	}
	return b.do(ctx, sqltmpl.CommentSequence{
		Sequence: sequence.Table, Comment: sqltmpl.Literal(source.Comment),
	}.Statement())
}

// setGrants turns the privileges has into want. Nil means the default: all to
// the owner and nothing to others.
func (b *builder) setGrants(ctx context.Context, sequence bool, object sqltmpl.Table, has, want []catalog.Grant) error {
	if has == nil && want == nil {
		return nil
	}
	owner := sqltmpl.Grantee(b.src.Owner)
	revoked := map[sqltmpl.Grantee]bool{}
	for _, grant := range append([]catalog.Grant{{Grantee: b.src.Owner}}, has...) {
		grantee := sqltmpl.Grantee(grant.Grantee)
		if revoked[grantee] || want == nil && grantee == owner {
			continue
		}
		revoked[grantee] = true
		err := b.quietly(ctx, sqltmpl.RevokeAll{Sequence: sequence, Object: object, Grantee: grantee}.Statement())
		if err != nil {
			return err
		}
	}
	if want == nil {
		return b.quietly(ctx, sqltmpl.GrantAll{Sequence: sequence, Object: object, Grantee: owner}.Statement())
	}
	for _, grant := range want {
		if err := b.grant(ctx, sequence, object, "", grant); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) grant(
	ctx context.Context, sequence bool, object sqltmpl.Table, column sqltmpl.Ident, grant catalog.Grant,
) error {
	return b.do(ctx, sqltmpl.Grant{
		Privileges: sqltmpl.Privilege{Name: grant.Privilege, Column: column},
		Sequence:   sequence, Object: object, Grantee: sqltmpl.Grantee(grant.Grantee), Grantable: grant.Grantable,
	}.Statement())
}
