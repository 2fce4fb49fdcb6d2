package laws_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// as is a DSN for another role, whose password is its name.
func as(t *testing.T, dsn, role string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.User = url.UserPassword(role, role)
	return u.String()
}

// cure does what the findings of a plan ask for, until there are none, and returns what they said.
func (c *clusters) cure(admins map[string]func(sql string), args ...string) (problems []string) {
	c.t.Helper()
	for range 5 {
		cmd := c.command(c.t.Context(), append([]string{"plan", "--json"}, args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		var tables []struct {
			Findings []struct{ Check, Table, Problem, Cure string }
		}
		require.NoError(c.t, json.Unmarshal(out, &tables), "%s %s %v", out, &stderr, err)
		found := 0
		for _, table := range tables {
			for _, f := range table.Findings {
				found++
				problems = append(problems, f.Table+": "+f.Problem)
				sql, _, _ := strings.Cut(f.Cure, "; --")
				where := "the source"
				if f.Table == "the target" {
					where = f.Table
				}
				admins[where](sql)
			}
		}
		if found == 0 {
			return problems
		}
	}
	c.t.Fatalf("there is always something new: %v", problems)
	return nil
}

// TestLaw1AcrossWithoutSuperusers: what plan says is missing is all that roles of no special rights need, on either side, to
// move tables with triggers and foreign keys there, back and there again.
func TestLaw1AcrossWithoutSuperusers(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	c := twoClusters(t)
	source := pgtest.Connect(t, c.from, `CREATE ROLE app`, `CREATE ROLE reader`, `CREATE ROLE mover LOGIN PASSWORD 'mover'`,
		`CREATE SCHEMA shop AUTHORIZATION app`, `SET ROLE app`,
		`CREATE TABLE shop.customers (id serial PRIMARY KEY, name text NOT NULL, changes int DEFAULT 0)`,
		`CREATE TABLE shop.orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES shop.customers ON DELETE CASCADE)`,
		`CREATE FUNCTION shop.count() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END'`,
		`CREATE TRIGGER count BEFORE UPDATE ON shop.customers FOR EACH ROW EXECUTE FUNCTION shop.count()`,
		`GRANT SELECT ON shop.customers TO reader`, `INSERT INTO shop.customers (name) VALUES ('one'), ('two')`, `INSERT INTO shop.orders VALUES (1, 1), (2, 2)`)
	target := pgtest.Connect(t, c.to, `CREATE ROLE app`, `CREATE ROLE reader`, `CREATE ROLE carrier LOGIN PASSWORD 'carrier'`,
		`CREATE SCHEMA shop AUTHORIZATION app`,
		`CREATE FUNCTION shop.count() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END'`)
	admin := pgtest.Connect(t, c.from)
	admins := *c
	c.from, c.to = as(t, c.from, "mover"), as(t, c.to, "carrier")
	do := map[string]func(string){
		"the source": func(sql string) { pgtest.Exec(t, admin, sql) }, "the target": func(sql string) { pgtest.Exec(t, target, sql) },
	}
	tables := []string{"shop.customers", "shop.orders"}
	problems := c.cure(do, append([]string{"--strategy=logical"}, tables...)...)
	require.Contains(t, problems, "the target: missing: membership in app, which is to own tables there")
	stderr, code := c.run(append([]string{"plan", "--strategy=logical"}, tables...)...)
	require.Zero(t, code)
	require.Contains(t, stderr, "revert-swap would not be possible", "said before anything is moved")
	c.must(append([]string{"run", "--strategy=logical"}, tables...)...)
	pgtest.Exec(t, target, `UPDATE shop.customers SET name = 'ONE' WHERE id = 1`)
	pgtest.Exec(t, target, `DELETE FROM shop.customers WHERE id = 2`)
	back := append([]string{"revert-swap", "--yes"}, tables...)
	stderr, code = c.run(back...)
	require.Equal(t, 1, code, "the way back takes a right that moving did not")
	require.Contains(t, stderr, `role "mover" may not set session_replication_role`)
	grant := `ALTER ROLE mover SUPERUSER`
	if pgtest.Count(t, source, `SELECT current_setting('server_version_num')::int`) >= 150000 {
		grant = `GRANT SET ON PARAMETER session_replication_role TO mover`
	}
	require.Contains(t, stderr, "hint: GRANT SET ON PARAMETER session_replication_role TO")
	pgtest.Exec(t, admin, grant)
	c.must(back...)
	require.Equal(t, []string{"1|ONE|1"}, pgtest.Rows(t, source, `SELECT * FROM shop.customers`))
	require.Equal(t, []string{"1|1"}, pgtest.Rows(t, source, `SELECT * FROM shop.orders`))
	pgtest.Exec(t, source, `UPDATE shop.customers SET name = 'One' WHERE id = 1`)
	c.must(append([]string{"swap"}, tables...)...)
	require.Equal(t, []string{"1|One|2"}, pgtest.Rows(t, target, `SELECT * FROM shop.customers`))
	c.must(append([]string{"cleanup", "--yes"}, tables...)...)
	admins.requireNoTraces()
	require.Equal(t, []string{"app", "app"}, pgtest.Rows(t, target, `SELECT relowner::regrole::text FROM pg_class WHERE relname IN ('customers', 'orders')`))
}
