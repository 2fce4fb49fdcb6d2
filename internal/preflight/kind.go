package preflight

import (
	"context"
	"strings"
)

// firstNormalOID is the lowest OID that users' objects get.
const firstNormalOID = 16384

// checkKind refuses whatever is not a plain table of a user.
func checkKind(_ context.Context, in Input) ([]Finding, error) {
	r := in.Relation
	schema := string(r.Table.Schema)
	problem, cure := "", "name a plain table"
	switch {
	case schema == string(in.RegistrySchema):
		problem, cure = "is in repave's own schema", "name the table that the job is about; repave status lists the jobs"
	case r.OID < firstNormalOID, schema == "pg_catalog", schema == "information_schema", strings.HasPrefix(schema, "pg_toast"):
		problem = "belongs to PostgreSQL itself"
		if r.Kind == "t" {
			problem, cure = "is a TOAST table", "name the table that it belongs to"
		}
	case r.Kind != "r" && r.Kind != partitioned:
		problem, cure = otherKind(r.Kind)
	case r.Persistence == "t":
		problem, cure = "is temporary, so only its own session can use it", "VACUUM FULL or ALTER TABLE in that session"
	case r.Kind == "r" && r.AccessMethod != "heap":
		problem, cure = "has the access method "+string(r.AccessMethod)+", whose pages repave can't read by range",
			in.alter("SET ACCESS METHOD heap")
	}
	if problem == "" {
		return nil, nil
	}
	return []Finding{in.finding("kind", cure, "%s", problem)}, nil
}

// otherKind says what a relation is that is not a table, and what may help.
func otherKind(kind string) (problem, cure string) {
	switch kind {
	case "v":
		return "is a view", "name the tables that it reads"
	case "m":
		return "is a materialized view", "REFRESH MATERIALIZED VIEW CONCURRENTLY rewrites it"
	case "f":
		return "is a foreign table", "run repave on the server that has the table"
	case "S":
		return "is a sequence", "name the table that uses it"
	case "i", "I":
		return "is an index", "name its table, or REINDEX INDEX CONCURRENTLY"
	case "c":
		return "is a composite type", "name a plain table"
	default:
		return "is not a table (pg_class.relkind " + kind + ")", "name a plain table"
	}
}
