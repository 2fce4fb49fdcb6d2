package laws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/tests/pgtest"
)

// A tortured database is richTable with all that boundObjects binds to it, in a schema and under a name that are hard to
// quote, and once more everything that has a name of its own under each of some names.
type tortured struct {
	schema, table sqltmpl.Ident
	names         []string
	tables, bound []string // to run in this order; a change of type by ALTER TABLE has to come in between
}

// tortureNames become something else when they are pasted into SQL, cut or searched for.
var tortureNames = []string{
	`a"b $1 'c' ON USING`, `$$ $f$ %I %s`, ` ON `, `USING`, `select`, `日本 Größe \n {{.Source}}`, strings.Repeat("x", 63), strings.Repeat("ü", 31), `user`, `a.b; --`,
}

// Names of a schema and a table that take all of the 63 bytes there are.
const (
	tortureSchema = `Sch"ema $$ ON USING {{.}} %s -- /* ab` + "üüüüüüüüüüüüü"
	tortureTable  = `Tab"le $1 FROM USING ON select; -- ` + "日本日本日本日本日"
)

// boundToNames binds one of each kind of object to the table. $n stands for a name, $c for a column that is called so,
// $t for the table and $s for its schema.
const boundToNames = `
CREATE TRIGGER $n AFTER UPDATE OF $c, name ON $t FOR EACH ROW WHEN (OLD.$c IS DISTINCT FROM NEW.$c) EXECUTE FUNCTION other."a trigger"($l, 'ON $t');
COMMENT ON TRIGGER $n ON $t IS $l;
CREATE POLICY $n ON $t FOR UPDATE TO pg_monitor USING ($c <> -1) WITH CHECK ($t.$c <> 0);
COMMENT ON POLICY $n ON $t IS $l;
CREATE RULE $n AS ON DELETE TO $t WHERE OLD.$c = -1 DO ALSO INSERT INTO other.audit (what, nr) VALUES ($l, OLD.$c);
CREATE INDEX $i ON $t ($c DESC, name COLLATE "C") INCLUDE (amount) WHERE $c <> 7 AND name <> $l;
COMMENT ON INDEX $s.$i IS $l;
ALTER TABLE $t ADD CONSTRAINT $k CHECK ($c > -5 OR name = $l);
COMMENT ON CONSTRAINT $k ON $t IS $l;
COMMENT ON COLUMN $t.$c IS $l;
GRANT UPDATE ($c) ON $t TO pg_monitor;
CREATE STATISTICS $s.$n ON $c, nr FROM $t;
CREATE PUBLICATION $n FOR TABLE $t;
CREATE VIEW other.$n AS SELECT "Id", $c, nr AS $i, amount FROM $t WHERE $c > 0;
COMMENT ON VIEW other.$n IS $l;
CREATE VIEW other.$v WITH (security_barrier) AS SELECT $n.$c AS x, $n.$i, amount FROM other.$n;
CREATE FUNCTION other.$v() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(amount) FROM other.$v; END;
CREATE MATERIALIZED VIEW other.$m AS SELECT $c, count(*) AS $i FROM $t GROUP BY 1 WITH NO DATA;
CREATE INDEX $mi ON other.$m ($c);
CREATE FUNCTION other.$n(i int) RETURNS int LANGUAGE sql STABLE BEGIN ATOMIC SELECT $c FROM $t WHERE "Id" = i AND name <> $l; END;
CREATE FUNCTION other.$n(r $t) RETURNS text LANGUAGE sql AS 'SELECT r.name';
CREATE TABLE other.$r (id int PRIMARY KEY, $c int CONSTRAINT $n REFERENCES $t ON DELETE CASCADE DEFERRABLE);
INSERT INTO other.$r VALUES (1, 5);
COMMENT ON CONSTRAINT $n ON other.$r IS $l
`

// torture15 and torture18 are what these versions brought.
const torture15 = `
CREATE PUBLICATION "some ON columns" FOR TABLE $t ("Id", name, nr) WHERE (nr > 0 AND name <> ' WHERE ') WITH (publish = 'insert');
CREATE UNIQUE INDEX "nulls are one" ON $t (name, big) NULLS NOT DISTINCT;
CREATE VIEW other."as who asks" WITH (security_invoker = true, security_barrier = false) AS SELECT "Id" FROM $t;
ALTER TABLE $t ALTER "by hand" SET STATISTICS 0
`

const torture18 = `
ALTER TABLE $t ADD "not here" int GENERATED ALWAYS AS (nr * 3) VIRTUAL, ADD CONSTRAINT "amount is ON" NOT NULL amount, ADD CONSTRAINT "late NOT NULL" NOT NULL "by hand" NOT VALID;
COMMENT ON CONSTRAINT "amount is ON" ON $t IS 'named';
ALTER TABLE $t ADD CONSTRAINT "no sense" CHECK (nr < 0) NOT ENFORCED, ADD CONSTRAINT "not kept" FOREIGN KEY (nr) REFERENCES other.parent NOT ENFORCED;
CREATE UNIQUE INDEX "identity ON" ON $t (nr, "Id")
`

// bound18 is bound to it. An identity of all columns would keep a table with a virtual one from being updated.
const bound18 = `
CREATE VIEW other."reads what is not here" AS SELECT "not here" FROM $t;
ALTER TABLE $t REPLICA IDENTITY USING INDEX "identity ON"
`

// tortureOf makes up the database for a server.
func tortureOf(t *testing.T, conn *pgx.Conn, names []string) tortured {
	t.Helper()
	c := tortured{schema: tortureSchema, table: tortureTable, names: names}
	require.Len(t, tortureSchema, 63)
	require.Len(t, tortureTable, 62)
	hostile := strings.NewReplacer(`"Odd schema"`, c.schema.String(), `"Rich ""table"`, c.table.String(), `"Rich ""table_pkey"`, `"a key $$"`,
		`"Rich ""table_nr_seq"`, serialName("nr"), `"Rich ""table_big_seq"`, serialName("big"), `"Rich ""table_Id_seq"`, serialName("Id"))
	table := sqltmpl.Table{Schema: c.schema, Name: c.table}.String()
	c.tables = []string{hostile.Replace(richSQL(t, conn, ""))}
	for n, name := range names {
		column := c.column(n)
		c.tables = append(c.tables, fmt.Sprintf("ALTER TABLE %s ADD %s int DEFAULT %d", table, column, n))
		c.bound = append(c.bound, splitStatements(strings.NewReplacer("$n", sqltmpl.Ident(name).String(), "$c", column.String(), "$t", table, "$s", c.schema.String(),
			"$l", "'"+strings.ReplaceAll(name, "'", "''")+"'", "$i", c.numbered("i", n), "$k", c.numbered("k", n), "$v", c.numbered("v", n), "$mi", c.numbered("mi", n),
			"$m", c.numbered("m", n), "$r", c.numbered("r", n)).Replace(boundToNames))...)
	}
	version := pgtest.ServerVersion(t, conn)
	newer := strings.NewReplacer("$t", table)
	if version >= 15 {
		c.bound = append(c.bound, splitStatements(newer.Replace(torture15))...)
	}
	if version >= 18 {
		c.tables = append(c.tables, splitStatements(newer.Replace(torture18))...)
		c.bound = append(c.bound, splitStatements(newer.Replace(bound18))...)
	}
	c.bound = append([]string{hostile.Replace(boundObjects)}, c.bound...)
	return c
}

// column is what the nth name is called as a column: no two alike, and none like another column.
func (c tortured) column(n int) sqltmpl.Ident {
	return sqltmpl.Ident(cut(c.names[n], 55) + fmt.Sprintf(" c%d", n))
}

// numbered is a name for another object of the nth name.
func (c tortured) numbered(kind string, n int) string {
	return sqltmpl.Ident(cut(c.names[n], 50) + fmt.Sprintf(" %s %d", kind, n)).String()
}

// cut shortens a name as PostgreSQL would, to whole characters.
func cut(name string, bytes int) string {
	for len(name) > bytes {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	return name
}

// serialName is how PostgreSQL calls a column's sequence: the table's name is cut to make room.
func serialName(column string) string {
	return sqltmpl.Ident(cut(tortureTable, 63-len("__seq")-len(column)) + "_" + column + "_seq").String()
}

// splitStatements splits at lines that end with a semicolon.
func splitStatements(sql string) []string {
	return strings.Split(strings.TrimSpace(sql), ";\n")
}

func (c tortured) name() sqltmpl.Table { return sqltmpl.Table{Schema: c.schema, Name: c.table} }
