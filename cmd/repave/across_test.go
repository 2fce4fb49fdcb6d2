package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
	"github.com/repave-pg/repave/stages"
)

// TestFlagsOfAMove: the command that goes on with a move asks for the same, views included; another is told apart.
func TestFlagsOfAMove(t *testing.T) {
	spec := registry.Spec{
		Strategy: stages.Logical, WithViews: true,
		Tables: registry.TablesOf(shadow.Change{PKBigint: true}, sqltmpl.Table{Schema: "public", Name: "t"}),
	}
	require.Equal(t, " --strategy=logical --with-views --pk-bigint", specFlags(spec))
	require.Equal(t, "repave run -f spec.yaml --strategy=logical --with-views", asked{file: &specFile{path: "spec.yaml"}}.command(stages.Request{Spec: spec}))
	other := spec
	other.WithViews = false
	require.Equal(t, []string{"--with-views: the job has true, now asked for false"}, spec.Differences(other))
}
