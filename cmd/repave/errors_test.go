package main

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/stages"
)

// TestARoleThatIsNotLetInAnyMoreHasAHint: renamed, or with another password, while a job is under way.
func TestARoleThatIsNotLetInAnyMoreHasAHint(t *testing.T) {
	_, err := pgconn.Connect(t.Context(), "host=/nowhere user=nobody")
	require.Error(t, err)
	err = &stages.StageError{Stage: stages.Replay, Table: "public.t", Err: fmt.Errorf("looking at a slot: %w", err)}
	require.Contains(t, hintOf(err), "lets this role in, then run the same command again")
}
