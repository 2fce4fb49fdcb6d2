package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// The major versions that this release knows, as server_version_num has them.
const (
	oldestVersion = 140000
	newestVersion = 190000 // excluded
	majorVersion  = 10000
)

// checkServer refuses servers that are too old, unknown or can't be written to.
func checkServer(ctx context.Context, in Input) ([]Finding, error) {
	server, err := sqltmpl.One[sqltmpl.Server](ctx, in.DB, sqltmpl.ReadServer{}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading the server's version: %w", err)
	}
	var findings []Finding
	switch {
	case server.Version < oldestVersion:
		findings = append(findings, in.finding("server", "upgrade the server to PostgreSQL 14 or later",
			"the server is PostgreSQL %d, older than 14", server.Version/majorVersion))
	case server.Version >= newestVersion:
		findings = append(findings, in.finding("server", "use a release of repave that knows this version",
			"the server is PostgreSQL %d, and this release knows 14 to 18", server.Version/majorVersion))
	}
	if server.InRecovery {
		findings = append(findings, in.finding("server",
			"connect to the primary; with several hosts in --dsn: target_session_attrs=read-write",
			"the server is a standby"))
	}
	if server.ReadOnly {
		findings = append(findings, in.finding("server",
			fmt.Sprintf("ALTER ROLE %s IN DATABASE %s SET default_transaction_read_only = off", server.Role, server.Database),
			"transactions are read-only by default"))
	}
	return findings, nil
}
