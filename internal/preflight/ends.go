package preflight

import (
	"context"
	"fmt"

	"github.com/repave-pg/repave/sqltmpl"
)

// neededSlots are one for the stream and a temporary one for verify.
const neededSlots = 2

// checkEnds looks at what both clusters have for logical decoding, and whether
// they fit together. The target needs the same as the source: before it is opened, the slot
// of the way back is made there.
func checkEnds(ctx context.Context, in AcrossInput) ([]Finding, error) {
	source, err := sqltmpl.One[sqltmpl.End](ctx, in.Source, sqltmpl.ReadEnd{}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading what %s has: %w", atSource, err)
	}
	target, err := sqltmpl.One[sqltmpl.End](ctx, in.Target, sqltmpl.ReadEnd{}.Statement())
	if err != nil {
		return nil, fmt.Errorf("reading what %s has: %w", atTarget, err)
	}
	findings := checkDecoding(atSource, source)
	if max(source.Version, target.Version) >= firstStrictIdentities {
		for _, r := range in.Relations {
			findings = append(findings, Input{Relation: r}.unsentIdentity(r)...)
		}
	}
	for _, f := range checkDecoding(atTarget, target) {
		if !f.Warning {
			f.Problem += "; the cutover makes the slot of the way back there"
		}
		findings = append(findings, f)
	}
	if source.Identity == target.Identity {
		findings = append(findings, at(atTarget, "same_database",
			"name another database with --target; in place: repave run without --strategy=logical",
			"source and target are the same database"))
	}
	if source.Encoding != target.Encoding {
		findings = append(findings, at(atTarget, "encoding",
			fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 ENCODING '%s'; -- under another name, and name it with --target",
				target.Database, source.Encoding),
			"the encoding is %s, on the source %s", target.Encoding, source.Encoding))
	}
	return findings, nil
}

// checkDecoding finds what keeps one cluster from sending changes.
func checkDecoding(end string, e sqltmpl.End) []Finding {
	var findings []Finding
	if e.WALLevel != "logical" {
		findings = append(findings, at(end, "wal_level",
			"ALTER SYSTEM SET wal_level = 'logical'; -- then restart the server; on a managed service: rds.logical_replication or its like",
			"wal_level is %s, not logical", e.WALLevel))
	}
	if free := e.Slots - e.UsedSlots; free < neededSlots {
		cure := fmt.Sprintf("ALTER SYSTEM SET max_replication_slots = %d; -- then restart the server", e.UsedSlots+neededSlots)
		if e.IdleSlots != "" {
			cure += "; or drop one that nobody needs with pg_drop_replication_slot, idle are: " + e.IdleSlots
		}
		findings = append(findings, at(end, "slots", cure, "%d of %d replication slots are free, %d are needed", free, e.Slots, neededSlots))
	}
	if free := e.Senders - e.UsedSenders; free < neededSlots {
		findings = append(findings, at(end, "senders",
			fmt.Sprintf("ALTER SYSTEM SET max_wal_senders = %d; -- then restart the server", e.UsedSenders+neededSlots),
			"%d of %d WAL senders are free, %d are needed", free, e.Senders, neededSlots))
	}
	if !e.Replication {
		findings = append(findings, at(end, "replication",
			fmt.Sprintf("ALTER ROLE %s REPLICATION; -- on Amazon RDS: GRANT rds_replication TO %s", e.Role, e.Role),
			"role %s may not replicate", e.Role))
	}
	if e.KeepSize != "-1" {
		f := at(end, "slot_wal", "ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf(); -- if there is room for the WAL of the whole move",
			"max_slot_wal_keep_size is %s: if the move falls further behind than that, its slot is lost and it has to start over", e.KeepSize)
		f.Warning = true
		findings = append(findings, f)
	}
	return findings
}
