package laws_test

import (
	"testing"

	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

func TestTmp(t *testing.T) {
	dsn := pgtest.Database(t)
	conn := pgtest.Connect(t, dsn, faultShop...)
	env := newEnv(t, dsn)
	runTo(t, env, request(t, conn, "orders", nil), stages.Cleanup)
	requireNoTraces(t, conn)
}
