package random

import "strings"

// A kind is a type of columns, with what can be done with it.
type kind struct {
	sql    string
	value  string // an expression over a number below 32768, %[1]s
	unique bool   // other numbers give other values
	sorted bool   // it has a btree
	text   bool
	number bool
	gin    bool
	gist   bool
	spgist bool
	hash   bool
	retype []string // types that hold all its values, and go back
}

var kinds = []kind{
	{sql: "smallint", value: "(%[1]s)::smallint", unique: true, sorted: true, number: true, hash: true, retype: []string{"integer", "bigint", "numeric"}},
	{sql: "integer", value: "(%[1]s)::integer", unique: true, sorted: true, number: true, hash: true, retype: []string{"bigint", "numeric", "numeric(12,0)", "double precision"}},
	{sql: "integer", value: "((%[1]s) %% 17)::integer", sorted: true, number: true, hash: true, retype: []string{"bigint", "numeric", "smallint"}},
	{sql: "bigint", value: "(%[1]s)::bigint * 100000000", unique: true, sorted: true, number: true, hash: true, retype: []string{"numeric"}},
	{sql: "numeric(12,3)", value: "((%[1]s) / 8.0)::numeric(12,3)", unique: true, sorted: true, number: true, hash: true, retype: []string{"numeric(16,3)"}},
	{sql: "numeric", value: "CASE (%[1]s) %% 4 WHEN 0 THEN 'NaN' WHEN 1 THEN 1.50 WHEN 2 THEN 1.5 ELSE (%[1]s) / 7.0 END", sorted: true, number: true},
	{sql: "real", value: "CASE (%[1]s) %% 4 WHEN 0 THEN '-0'::real WHEN 1 THEN 'Infinity' ELSE (%[1]s) / 7.0 END", sorted: true, retype: []string{"double precision"}},
	{sql: "double precision", value: "CASE (%[1]s) %% 4 WHEN 0 THEN '-0'::float8 WHEN 1 THEN 'NaN' ELSE (%[1]s) / 7.0 END", sorted: true, hash: true},
	{sql: "text", value: "'Text ' || (%[1]s) || repeat(' ü''\\', ((%[1]s) %% 7)::int)", unique: true, sorted: true, text: true, spgist: true, hash: true, retype: []string{"varchar(200)", "varchar"}},
	{sql: "text", value: "repeat(md5((%[1]s)::text), ((%[1]s) %% 5 * 40)::int)", text: true},
	{sql: "varchar(40)", value: "'v' || (%[1]s)", unique: true, sorted: true, text: true, hash: true, retype: []string{"text", "varchar(60)"}},
	{sql: "char(12)", value: "'c' || (%[1]s)", unique: true, sorted: true, retype: []string{"char(14)"}},
	{sql: "boolean", value: "(%[1]s) %% 3 = 0", sorted: true},
	{sql: "date", value: "date '2000-01-01' + (%[1]s)::int", unique: true, sorted: true, hash: true, retype: []string{"timestamp"}},
	{sql: "timestamp", value: "timestamp '2000-01-01' + (%[1]s) * interval '1 hour 1 microsecond'", unique: true, sorted: true},
	{sql: "timestamptz", value: "timestamptz '2000-01-01 00:00+00' + (%[1]s) * interval '1 day'", unique: true, sorted: true},
	{sql: "time", value: "time '00:00' + (%[1]s) * interval '1 second'", sorted: true},
	{sql: "timetz", value: "timetz '00:00+02' + (%[1]s) * interval '1 second'", sorted: true},
	{sql: "interval", value: "(%[1]s) * interval '1 month 1 day 1 second'", sorted: true},
	{sql: "uuid", value: "md5((%[1]s)::text)::uuid", unique: true, sorted: true, hash: true, retype: []string{"text"}},
	{sql: "bytea", value: "decode(md5((%[1]s)::text), 'hex')", sorted: true},
	{sql: "json", value: `('{"b": ' || (%[1]s) || ', "a":  [1, 2.0], "b": null}')::json`},
	{sql: "jsonb", value: `('{"b": ' || (%[1]s) || ', "a":  [1, 2.0, "ü"]}')::jsonb`, sorted: true, gin: true},
	{sql: "integer[]", value: "ARRAY[(%[1]s)::int, NULL, 3]", sorted: true, gin: true},
	{sql: "text[]", value: `ARRAY['{', '"' || (%[1]s), NULL, '']`, sorted: true, gin: true},
	{sql: "inet", value: "'10.0.0.0'::inet + (%[1]s)", unique: true, sorted: true, spgist: true},
	{sql: "cidr", value: "set_masklen(('10.0.0.0'::inet + (%[1]s))::cidr, 32)", sorted: true},
	{sql: "macaddr", value: "'08:00:2b:01:02:03'::macaddr", sorted: true},
	{sql: "point", value: "point((%[1]s), 1.5)", gist: true, spgist: true},
	{sql: "box", value: "box(point((%[1]s), 0), point(0, 1))", gist: true},
	{sql: "polygon", value: "polygon(box(point((%[1]s), 0), point(0, 1)))", gist: true},
	{sql: "circle", value: "circle(point((%[1]s), 0), 2)", gist: true},
	{sql: "tstzrange", value: "tstzrange('2000-01-01', timestamptz '2000-01-01' + (%[1]s) * interval '1 day')", sorted: true, gist: true, spgist: true},
	{sql: "int4multirange", value: "int4multirange(int4range(0, 5), int4range(7, 8 + (%[1]s)::int))", sorted: true, gist: true},
	{sql: "tsvector", value: "to_tsvector('simple', 'word' || (%[1]s))", sorted: true, gin: true, gist: true},
	{sql: "bit(8)", value: "(%[1]s)::int::bit(8)", sorted: true},
	{sql: "bit varying", value: "(%[1]s)::int::bit(20)", sorted: true},
	{sql: "money", value: "(%[1]s)::int::money", sorted: true},
	{sql: "oid", value: "(%[1]s)::int::oid", sorted: true},
	{sql: `"char"`, value: `chr(65 + ((%[1]s) %% 26)::int)::"char"`, sorted: true},
	{sql: "name", value: "('n' || (%[1]s))::name", sorted: true},
	{sql: "pg_lsn", value: "'0/0'::pg_lsn + (%[1]s)", sorted: true},
	{sql: "regtype", value: "'integer'::regtype", sorted: true},
}

// A column is one of the table's.
type column struct {
	raw  string // its name
	kind kind
	// What else it has or is used for.
	key, unique, notNull, hasDefault, generated, always, serial bool
	foreign                                                     bool
	used                                                        bool // by something that ALTER TABLE would not take along
	feeds                                                       bool // a generated column
	changed, retyped                                            bool // by the change asked for
}

func (c *column) name() string { return quote(c.raw) }

// of is the column's value for a number.
func (c *column) of(number string) string {
	return strings.NewReplacer("%[1]s", number, "%%", "%").Replace(c.kind.value)
}

func names(columns []*column) string {
	var out []string
	for _, c := range columns {
		out = append(out, c.name())
	}
	return strings.Join(out, ", ")
}

func rawNames(columns []*column) (out []string) {
	for _, c := range columns {
		out = append(out, c.raw)
	}
	return out
}

// some returns the columns that a condition holds for.
func (m *maker) some(condition func(*column) bool) (out []*column) {
	for _, c := range m.columns {
		if condition(c) {
			out = append(out, c)
		}
	}
	return out
}

// any returns one such column, or nil.
func (m *maker) any(condition func(*column) bool) *column {
	if found := m.some(condition); len(found) > 0 {
		return pick(m, found...)
	}
	return nil
}
