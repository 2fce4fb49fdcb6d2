package stages

import (
	"slices"

	"github.com/repave-pg/repave/internal/catalog"
	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/registry"
	"github.com/repave-pg/repave/sqltmpl"
)

// withoutPartitionKeys is r without the foreign keys that partitions of the
// job's own tables have to it: those of the partitioned tables stand for them.
func withoutPartitionKeys(job registry.Job, r catalog.Relation) catalog.Relation {
	return withoutKeysFrom(r, func(from sqltmpl.Table) bool {
		return slices.ContainsFunc(job.Tables, func(t registry.Table) bool {
			return t.Blueprint != nil && slices.ContainsFunc(t.Blueprint.Below(),
				func(p shadow.Partition) bool { return t.Blueprint.PartitionTable(p) == from })
		})
	})
}

// beforeValidate is r, which a rewritten table of the job has to be like, as it
// is between swap and validate: until then partitions have the foreign keys of
// their tables, out of r and from others to it.
func beforeValidate(job registry.Job, r catalog.Relation) catalog.Relation {
	if len(r.Partitions) > 0 {
		r.ForeignKeys = nil
	}
	if job.Swapped { // the way back is to plain tables, or to ones whose keys are uncrowned
		return r
	}
	return withoutKeysFrom(r, func(from sqltmpl.Table) bool {
		return from != r.Table && slices.ContainsFunc(job.Tables, func(t registry.Table) bool {
			return from == t.Name && t.Blueprint != nil && t.Blueprint.Partitioned()
		})
	})
}

func withoutKeysFrom(r catalog.Relation, from func(sqltmpl.Table) bool) catalog.Relation {
	r.ReferencedBy = slices.DeleteFunc(slices.Clone(r.ReferencedBy), func(fk catalog.ForeignKey) bool { return from(fk.From) })
	return r
}
