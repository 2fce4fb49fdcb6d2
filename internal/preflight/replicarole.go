package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// replicaRole is the parameter that keeps triggers, rules and foreign keys still.
const replicaRole = "session_replication_role"

// ReplicaRole looks whether changes of the way back have to be applied to these tables of the source
// with their triggers, rules and foreign keys kept still, since they have acted on the target already,
// and finds whether the session may do that. It tries, since who may is different on managed
// services; it changes nothing. The finding is a Warning: nothing before revert-swap needs it.
func ReplicaRole(ctx context.Context, source sqltmpl.DB, tables []uint32) (needed bool, findings []Finding, err error) {
	needed, err = sqltmpl.Scalar[bool](ctx, source, sqltmpl.React{OIDs: tables}.Statement())
	if err != nil || !needed {
		return needed, nil, err
	}
	_, err = sqltmpl.SetLocal{Name: replicaRole, Value: "replica"}.Statement().Exec(ctx, source)
	if !sqltmpl.IsPrivilege(err) {
		return needed, nil, err
	}
	end, err := sqltmpl.One[sqltmpl.End](ctx, source, sqltmpl.ReadEnd{}.Statement())
	if err != nil {
		return needed, nil, fmt.Errorf("reading what %s has: %w", atSource, err)
	}
	f := at(atSource, "replica_role",
		fmt.Sprintf("GRANT SET ON PARAMETER %s TO %s; -- from PostgreSQL 15 on; on 14 only a superuser may", replicaRole, end.Role),
		"role %s may not set %s, and tables have triggers, rules or foreign keys: revert-swap would not be possible", end.Role, replicaRole)
	f.Warning = true
	return needed, []Finding{f}, nil
}

func checkReplicaRole(ctx context.Context, in AcrossInput) ([]Finding, error) {
	var oids []uint32
	for _, r := range in.Relations {
		oids = append(oids, r.OID)
	}
	_, findings, err := ReplicaRole(ctx, in.Source, oids)
	return findings, err
}
