package laws_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/stages"
	"github.com/repave-pg/repave/tests/pgtest"
)

// partitionShop partitions the table of the fault sweeps.
func partitionShop(s *registry.Spec) {
	s.Tables[0].Change.PartitionBy, s.Tables[0].Change.DropConstraints = "HASH (id) 3", []string{"orders_code_key", "orders_parent_fkey"}
}

// requirePartitionedShop requires that the partitioned table is complete.
func requirePartitionedShop(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	foreignKeys := []string{"order_lines_order_id_fkey|t", "orders_customer_id_fkey|t"}
	if pgtest.ServerVersion(t, conn) < 15 {
		foreignKeys = foreignKeys[1:]
	}
	require.Equal(t, foreignKeys, pgtest.Rows(t, conn, `SELECT conname, convalidated FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace ORDER BY 1`))
	require.Equal(t, []string{
		"orders|orders_pkey|t", "orders|orders_total|t", "orders_p_hash_00|orders_p_hash_00_pkey|t", "orders_p_hash_00|orders_p_hash_00_total|t",
		"orders_p_hash_01|orders_p_hash_01_pkey|t", "orders_p_hash_01|orders_p_hash_01_total|t", "orders_p_hash_02|orders_p_hash_02_pkey|t",
		"orders_p_hash_02|orders_p_hash_02_total|t",
	}, pgtest.Rows(t, conn, `SELECT indrelid::regclass, indexrelid::regclass, indisvalid AND indisready FROM pg_index
		WHERE indrelid::regclass::text ~ '^orders($|_p)' ORDER BY indrelid::regclass::text, indexrelid::regclass::text`))
}

func TestLaw4Field20LostConnectionInSetup(t *testing.T) {
	sweep(t, faultCase{do: run(stages.Setup), change: partitionShop})
}

func TestLaw4Field20LostConnectionInSyncSchema(t *testing.T) {
	sweep(t, faultCase{before: until(stages.Backfill), do: run(stages.SyncSchema), change: partitionShop})
}

func TestLaw4Field20LostConnectionInSwap(t *testing.T) {
	sweep(t, faultCase{before: until(stages.Verify), do: run(stages.Swap), change: partitionShop})
}

func TestLaw4Field20LostConnectionInCleanup(t *testing.T) {
	sweep(t, faultCase{before: until(stages.Swap), do: found(stages.Erase), gone: true, change: partitionShop})
}
