package laws_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

// plainRole makes a role that is no superuser, a member of $r_owner, runs setup, in which $r stands for its name, and
// returns the name and a DSN that logs in as it. More roles are called $r_ and what is in others.
func plainRole(t *testing.T, dsn string, conn *pgx.Conn, setup string, others ...string) (role, own string) {
	t.Helper()
	role = "plain_" + strings.ToLower(rand.Text())
	roles := []string{role, role + "_owner"}
	for _, other := range others {
		roles = append(roles, role+"_"+other)
	}
	for _, name := range roles {
		pgtest.Exec(t, conn, `CREATE ROLE `+name)
		pgtest.Exec(t, conn, `GRANT CREATE, USAGE ON SCHEMA public TO `+name)
	}
	t.Cleanup(func() {
		admin, err := pgx.Connect(context.WithoutCancel(t.Context()), dsn)
		if err != nil {
			return
		}
		for _, sql := range []string{"DROP OWNED BY %s CASCADE", "DROP ROLE %s"} {
			_, _ = admin.Exec(context.WithoutCancel(t.Context()), fmt.Sprintf(sql, strings.Join(roles, ", ")))
		}
		_ = admin.Close(context.WithoutCancel(t.Context()))
	})
	_, err := conn.Exec(t.Context(), strings.ReplaceAll(`ALTER ROLE $r LOGIN PASSWORD 'x'; GRANT $r_owner TO $r; `+setup, "$r", role),
		pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	config, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	pgtest.Exec(t, conn, `GRANT CREATE, TEMPORARY ON DATABASE `+pgx.Identifier{config.Database}.Sanitize()+` TO `+role)
	return role, fmt.Sprintf("host=%s port=%d user=%s password=x dbname=%s", config.Host, config.Port, role, config.Database)
}
