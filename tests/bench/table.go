package main

import (
	"context"
	"fmt"
)

// table is what is rewritten.
const table = "orders"

// fill makes the table: 580 MB of heap and 1 GB with its four indexes at five
// million rows.
func (b *bench) fill(ctx context.Context, name string, rows int64) error {
	b.say("filling %s with %d rows", name, rows)
	err := execAll(
		ctx, b.conn,
		fmt.Sprintf(`CREATE TABLE %s (
			id integer NOT NULL,
			customer_id integer NOT NULL,
			created_at timestamptz NOT NULL DEFAULT now(),
			updated_at timestamptz NOT NULL DEFAULT now(),
			total numeric(12,2) NOT NULL,
			reference text NOT NULL,
			status text NOT NULL,
			note text)`, name),
		// A fixed seed in place of random(): the same table in every run.
		fmt.Sprintf(`INSERT INTO %s
			SELECT i, hash %% %d, timestamptz '2024-01-01' + i * interval '7 seconds', timestamptz '2024-01-01' + hash %% 31536000 * interval '1 second',
				(hash %% 1000000) / 100.0, 'R' || lpad(to_hex(hash), 8, '0') || to_hex(i), (ARRAY['new','paid','sent','done'])[1 + hash %% 4],
				md5(i::text) || left(md5(hash::text), 6 + hash %% 9)
			FROM (SELECT i, (hashint4(i) & 2147483647) AS hash FROM generate_series(1, %d) AS i) AS s`,
			name, max(rows/20, 1), rows),
		fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s_pkey PRIMARY KEY (id)", name, name),
		fmt.Sprintf("CREATE INDEX %s_customer ON %s (customer_id)", name, name),
		fmt.Sprintf("CREATE UNIQUE INDEX %s_reference ON %s (reference)", name, name),
		fmt.Sprintf("CREATE INDEX %s_created ON %s (created_at)", name, name),
	)
	if err != nil {
		return err
	}
	if err := b.settle(ctx, name); err != nil {
		return err
	}
	sizes, err := text(ctx, b.conn, fmt.Sprintf(
		"SELECT format('%%s MB of heap, %%s MB in all', pg_relation_size('%[1]s') / 1048576, pg_total_relation_size('%[1]s') / 1048576)", name))
	b.say("%s: %s", name, sizes)
	return err
}

// settle makes a table what it was for the contestant before: no dead rows,
// all frozen and known to be visible, its statistics fresh, its pages cached
// and nothing left to be written.
func (b *bench) settle(ctx context.Context, name string) error {
	return execAll(ctx, b.conn, fmt.Sprintf("VACUUM (FREEZE, ANALYZE) %s", name), "CHECKPOINT")
}
