package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/repave-pg/repave/sqltmpl"
)

// A Family is the foreign keys that hold for the rows of partitions because the
// tables above them have them, or are referred to by them.
type Family struct {
	// Above are the partitioned tables that the partitions belong to, on all levels.
	Above []uint32 `json:"above"`
	// Keys are their foreign keys, and those to them, with the members that these have on partitions;
	// and whatever foreign keys any of their partitions have besides.
	Keys []ForeignKey `json:"keys"`
}

// LoadFamily reads the family of partitions, and that of partitioned tables if
// these are still there, in one round trip and without a lock. The session's
// search path must be empty.
func LoadFamily(ctx context.Context, db sqltmpl.DB, oids, above []uint32) (Family, error) {
	params := sqltmpl.LoadFamily{OIDs: append([]uint32{}, oids...), Above: append([]uint32{}, above...)}
	text, err := sqltmpl.Scalar[string](ctx, db, params.Statement())
	if err != nil {
		return Family{}, fmt.Errorf("reading the catalogs: %w", err)
	}
	var family Family
	if err := json.Unmarshal([]byte(text), &family); err != nil {
		return Family{}, fmt.Errorf("reading the catalogs: %w", err)
	}
	return family, nil
}

// Roots are the foreign keys of the tables above, and those to them, without
// their members: dropped and made again, they bring these along.
func (f Family) Roots() []ForeignKey {
	return slices.DeleteFunc(slices.Clone(f.Keys), func(k ForeignKey) bool {
		return k.Inherited || !slices.Contains(f.Above, k.FromOID) && !slices.Contains(f.Above, k.ToOID)
	})
}

// Tied are the roots with all of their members, each after what it belongs to.
func (f Family) Tied() []ForeignKey {
	var out []ForeignKey
	var add func(ForeignKey)
	add = func(key ForeignKey) {
		out = append(out, key)
		for _, member := range f.Keys {
			if member.Inherited && member.ParentOID == key.OID {
				add(member)
			}
		}
	}
	for _, root := range f.Roots() {
		add(root)
	}
	return out
}

// Diff describes what differs between the roots of two families; members come
// and go with partitions.
func (f Family) Diff(now Family) []string {
	return Diff(Relation{ForeignKeys: f.Roots()}, Relation{ForeignKeys: now.Roots()})
}

// Above is a table that another one is a partition or a child of.
type Above struct {
	OID   uint32        `json:"oid"`
	Table sqltmpl.Table `json:"table"`
}
