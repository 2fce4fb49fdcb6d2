package preflight

import "context"

// checkReplicaIdentity refuses any replica identity but the default.
func checkReplicaIdentity(_ context.Context, in Input) ([]Finding, error) {
	names := map[string]string{"n": "NOTHING", "f": "FULL", "i": "an index"}
	name, special := names[in.Relation.ReplIdent]
	if !special {
		return nil, nil
	}
	return []Finding{in.finding("replica_identity", in.alter("REPLICA IDENTITY DEFAULT"),
		"the replica identity is %s, which this release does not carry", name)}, nil
}
