package shadow_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/tests/pgtest"
)

const partitionBase = `CREATE TABLE t (id int, "At" date, other date, v int, PRIMARY KEY (id, "At"))`

// trigger makes a function and a trigger of it.
func trigger(when, body string) []string {
	return []string{
		partitionBase,
		`CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE x record; BEGIN ` + body + `; RETURN NEW; END $$`,
		`CREATE TRIGGER g ` + when + ` EXECUTE FUNCTION f()`,
	}
}

// TestWhatCannotBePartitioned: each problem is named, and gone once its remedy was applied.
func TestWhatCannotBePartitioned(t *testing.T) {
	t.Parallel()
	const mayMove = "trigger g may set At before a row is written"
	for _, c := range []struct {
		name    string
		setup   []string
		problem string // "" if there is none
	}{
		{name: "key", setup: []string{`CREATE TABLE t (id int PRIMARY KEY, "At" date NOT NULL)`}, problem: "primary key t_pkey does not contain At"},
		{name: "expression", setup: []string{partitionBase, `CREATE UNIQUE INDEX u ON t ("At", abs(v))`}, problem: "unique index u is on an expression"},
		{name: "unlogged", setup: []string{partitionBase, `ALTER TABLE t SET UNLOGGED`}, problem: "it is UNLOGGED"},
		{name: "itself", setup: []string{partitionBase, `ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (v, "At") REFERENCES t`}},
		{name: "NO INHERIT", setup: []string{partitionBase, `ALTER TABLE t ADD CONSTRAINT c CHECK (v > 0) NO INHERIT`}, problem: "check constraint c is NO INHERIT"},
		{name: "a stamp", setup: trigger("BEFORE INSERT OR UPDATE ON t FOR EACH ROW", "NEW.other := now(); x := NEW")},
		{name: "a longer name", setup: trigger("BEFORE INSERT ON t FOR EACH ROW", "NEW.v := length('updated_at')")},
		{name: "after", setup: trigger("AFTER INSERT OR UPDATE ON t FOR EACH ROW", `NEW."At" := now()`)},
		{name: "a statement's transition table", setup: trigger("AFTER INSERT ON t REFERENCING NEW TABLE AS n FOR EACH STATEMENT", "NULL")},
		{name: "a row's transition table", setup: trigger("AFTER INSERT ON t REFERENCING NEW TABLE AS n FOR EACH ROW", "NULL"), problem: "trigger g is FOR EACH ROW with a transition table"},
		{name: "the key", setup: trigger("BEFORE INSERT ON t FOR EACH ROW", `NEW."At" := now()`), problem: mayMove},
		{name: "the key spelled otherwise", setup: trigger("BEFORE UPDATE ON t FOR EACH ROW", `NEW."At" = now(); NEW."At" = lower('x')`), problem: mayMove},
		{name: "the row", setup: trigger("BEFORE INSERT ON t FOR EACH ROW", `new = jsonb_populate_record(NEW, '{}')`), problem: mayMove},
		{name: "into the row", setup: trigger("BEFORE INSERT ON t FOR EACH ROW", `SELECT * INTO NEW FROM public.t`), problem: mayMove},
		{name: "before a delete", setup: trigger("BEFORE DELETE ON t FOR EACH ROW", `OLD."At" := now()`)},
		{
			name: "text search", setup: []string{
				partitionBase, `ALTER TABLE t ADD a text, ADD v2 tsvector`,
				`CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(v2, 'pg_catalog.english', a)`,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn := session(t, c.setup...)
			change := shadow.Change{PartitionBy: `RANGE ("At") INTERVAL 1 month`}
			_, err := try(t, conn, "public.t", change)
			if c.problem == "" {
				require.NoError(t, err)
				return
			}
			refused, ok := errors.AsType[*shadow.UnpartitionableError](err)
			require.True(t, ok, "%v", err)
			require.Contains(t, strings.ReplaceAll(err.Error(), `"`, ""), c.problem)
			if _, name, given := strings.Cut(refused.Hint(), "--drop-constraint "); given {
				change.DropConstraints = append(change.DropConstraints, name)
			} else {
				pgtest.Exec(t, conn, refused.Hint())
			}
			_, err = try(t, conn, "public.t", change)
			require.NoError(t, err)
		})
	}
}
