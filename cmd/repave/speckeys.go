package main

import (
	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v4"

	"github.com/repave-pg/repave/internal/shadow"
	"github.com/repave-pg/repave/sqltmpl"
)

// A specKey is one key of a table in a spec file: what it means, a line that is
// right, and how its value is read into a change.
type specKey struct {
	name    string
	help    string
	example string
	read    func(r *specReader, n *yaml.Node, out *shadow.Change)
}

// tableKeys are the keys of a table but those about partitions, of which two
// are read together.
func tableKeys() []specKey {
	return []specKey{
		{
			"alter", "actions of an ALTER TABLE, run on the empty new table", "alter: ALTER COLUMN total TYPE bigint",
			func(r *specReader, n *yaml.Node, out *shadow.Change) {
				r.texts(n, "alter", func(n *yaml.Node, text string) { r.value(n, addAlter(out, text)) })
			},
		},
		{
			"using", "column: its value from a row of the old table", "using: {total: price * amount}",
			func(r *specReader, n *yaml.Node, out *shadow.Change) {
				for _, p := range r.mapping(n, "using", exampleOf("using")) {
					if text, ok := r.sql(p.value, "using", true); ok {
						r.value(aliased(p.value), addUsing(out, p.name, text))
					}
				}
			},
		},
		{
			"pk_bigint", "the integer columns of the primary key become bigint", "pk_bigint: true",
			func(r *specReader, n *yaml.Node, out *shadow.Change) { out.PKBigint = r.truth(n, "pk_bigint") },
		},
		{
			"optimize_columns", "the columns come into the order that wastes least", "optimize_columns: true",
			func(r *specReader, n *yaml.Node, out *shadow.Change) {
				out.OptimizeColumns = r.truth(n, "optimize_columns")
			},
		},
		{
			"order_by", "the rows come to lie in this order", `order_by: customer_id, "Created at"`,
			func(r *specReader, n *yaml.Node, out *shadow.Change) {
				if text, ok := r.sql(n, "order_by", false); ok {
					r.value(aliased(n), addOrder(out, text))
				}
			},
		},
		{
			"set", "storage parameters, those of the TOAST table as toast.NAME", "set: {fillfactor: 90}",
			func(r *specReader, n *yaml.Node, out *shadow.Change) {
				for _, p := range r.mapping(n, "set", exampleOf("set")) {
					if text, ok := r.text(p.value, "set", true); ok {
						r.value(aliased(p.value), addSet(out, p.name, text))
					}
				}
			},
		},
		{
			"tablespace", "where the new table goes", "tablespace: fast",
			func(r *specReader, n *yaml.Node, out *shadow.Change) {
				text, _ := r.sql(n, "tablespace", false)
				out.Tablespace = sqltmpl.Ident(text)
			},
		},
		{"partition_by", "the new table is a partitioned one", "partition_by: RANGE (created_at) INTERVAL 1 month", nil},
		{"partitions_ahead", "of a RANGE: partitions beyond now and the last value", "partitions_ahead: 3", nil},
		{
			"drop_constraints", "constraints and unique indexes to give up", "drop_constraints: [orders_code_key]",
			func(r *specReader, n *yaml.Node, out *shadow.Change) {
				r.texts(n, "drop_constraints", func(_ *yaml.Node, text string) {
					out.DropConstraints = append(out.DropConstraints, text)
				})
			},
		},
	}
}

// A paceKey is one key of pace, which is the flag of the same name.
type paceKey struct {
	specKey
	flag cli.Flag
}

// paceKeys are the keys of pace.
func paceKeys() []paceKey {
	examples := map[string]string{
		"workers": "4", "batch_time": "500ms", "max_rate": "10000", "max_lag": "10s", "max_active": "auto", "max_slot_wal": "20GB",
		"lock_timeout": "500ms", "lock_attempts": "60", "snapshot_wait": "1h", "maintenance_work_mem": "1GB",
	}
	var out []paceKey
	for _, flag := range effortFlagSet() {
		name := keyOf(flag.Names()[0])
		documented, ok := flag.(cli.DocGenerationFlag)
		if example := examples[name]; ok && example != "" {
			out = append(out, paceKey{specKey{name: name, help: documented.GetUsage(), example: name + ": " + example}, flag})
		}
	}
	return out
}

// exampleOf is a line with a key that is right.
func exampleOf(key string) string {
	for _, k := range tableKeys() {
		if k.name == key {
			return k.example
		}
	}
	for _, k := range paceKeys() {
		if k.name == key {
			return k.example
		}
	}
	return key + ": true" // with_referencing
}
