package logical_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/repave-pg/repave/tests/pgtest"
)

const streamTypes = `
	CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
	CREATE SCHEMA "Odd ""schema""";
	CREATE TYPE "Odd ""schema"""."mo'od" AS ENUM ('sad', 'ok', 'it''s, "fine"', E'back\\slash', 'größe');
	CREATE DOMAIN posint AS int NOT NULL CHECK (VALUE > 0);
	CREATE DOMAIN short AS varchar(20);
	CREATE DOMAIN shorter AS short CHECK (length(VALUE) < 15);
	CREATE DOMAIN padded AS char(8);
	CREATE DOMAIN moods AS "Odd ""schema"""."mo'od"[];
	CREATE TYPE pair AS (a int, b text, c numeric(10,2));
	CREATE TYPE nested AS (p pair, q pair[], r "Odd ""schema"""."mo'od");
	CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
`

// torture has a column for each type, with values to begin with and to change to.
var torture = []struct{ typ, first, second string }{
	{`smallint`, `-32768`, `32767`},
	{`integer`, `-2147483648`, `0`},
	{`bigint`, `9223372036854775807`, `-1`},
	{`numeric`, `'NaN'`, `'-Infinity'`},
	{`numeric(20,5)`, `1.50000`, `-99999.1`},
	{`numeric`, `1.500`, `1e-300`},
	{`real`, `'-Infinity'`, `1.1`},
	{`double precision`, `'NaN'`, `0.1::float8 + 0.2::float8`},
	{`money`, `'-12.34'`, `'92233720368547758.07'`},
	{`"char"`, `E'\\'`, `'x'`},
	{`char(5)`, `'a'`, `E'\\N'`},
	{`char`, `'y'`, `' '`},
	{`varchar(10)`, `E'tab\there'`, `'größe 😀'`},
	{`text`, `E'\\N'`, `E'line\nline\r\n\\.\n\b\f\v'`},
	{`text`, `''`, `NULL`},
	{`text`, `E'\\.'`, `repeat(E'\\\t', 5000)`},
	{`name`, `'n"ame'`, `'x'`},
	{`bytea`, `'\x00ff5c0a09'`, `decode(repeat('00', 9000), 'hex')`},
	{`boolean`, `true`, `false`},
	{`date`, `'infinity'`, `'4713-01-01 BC'`},
	{`date`, `'2020-02-03'`, `'5874897-12-31'`},
	{`time`, `'24:00'`, `'00:00:00.000001'`},
	{`timetz`, `'12:34:56.789+05:30'`, `'00:00-15:59:59'`},
	{`timestamp(3)`, `'-infinity'`, `'294276-12-31 23:59:59.999'`},
	{`timestamptz`, `'infinity'`, `'0044-03-15 12:00:00+00 BC'`},
	{`interval`, `'-1 year +2 days -03:04:05.6'`, `'-1 days'`},
	{`interval day to second(2)`, `'1 day 2:03:04.56'`, `'-00:00:00.01'`},
	{`uuid`, `'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'`, `NULL`},
	{`json`, `'{"a" : "\\u00e9\\n", "a":1.0}'`, `'null'`},
	{`jsonb`, `'{"k": ["\\\\", "\"", null, 1e2]}'`, `'"\\t"'`},
	{`jsonpath`, `'$.a[*] ? (@ > 1)'`, `'lax $'`},
	{`xml`, `'<a b="c">&lt;é</a>'`, `'a fragment <b/>'`},
	{`bit(5)`, `B'10101'`, `B'00000'`},
	{`bit varying(9)`, `B''`, `B'101010101'`},
	{`inet`, `'192.168.1.5/24'`, `'::1'`},
	{`cidr`, `'10/8'`, `'2001:db8::/32'`},
	{`macaddr`, `'08:00:2b:01:02:03'`, `NULL`},
	{`macaddr8`, `'08:00:2b:01:02:03:04:05'`, `NULL`},
	{`point`, `'(1.1,-2e300)'`, `'(NaN,Infinity)'`},
	{`line`, `'{1,2,3}'`, `NULL`},
	{`lseg`, `'[(0,0),(1,1)]'`, `NULL`},
	{`box`, `'(1,1),(0,0)'`, `NULL`},
	{`path`, `'[(0,0),(1,1)]'`, `'((0,0),(1,1))'`},
	{`polygon`, `'((0,0),(1,1),(1,0))'`, `NULL`},
	{`circle`, `'<(0,0),1>'`, `NULL`},
	{`tsvector`, `$$'a\\b':1A 'it''s':2 'sp ace':3$$`, `''`},
	{`tsquery`, `$$'a' & !'b c' <-> 'd':*A$$`, `NULL`},
	{`pg_lsn`, `'16/B374D848'`, `'FFFFFFFF/FFFFFFFF'`},
	{`xid8`, `'18446744073709551615'`, `'0'`},
	{`txid_snapshot`, `'10:20:10,14,15'`, `NULL`},
	{`pg_snapshot`, `'10:20:10,14,15'`, `NULL`},
	{`oid`, `4294967295`, `0`},
	{`regclass`, `'pg_catalog.pg_class'`, `'0'`},
	{`regtype`, `'"Odd ""schema"""."mo''od"'`, `'int4[]'`},
	{`int4range`, `'[1,5)'`, `'empty'`},
	{`int8range`, `'(,)'`, `NULL`},
	{`numrange`, `'[1.5,2.50]'`, `'(,7)'`},
	{`tsrange`, `'[2020-01-01 00:00, infinity)'`, `NULL`},
	{`tstzrange`, `'[2020-01-01 00:00+02,2021-01-01 00:00+02)'`, `NULL`},
	{`daterange`, `'[2020-01-01,)'`, `NULL`},
	{`textrange`, `textrange('A,"b"', E'\\z')`, `textrange('', NULL)`},
	{`int4multirange`, `'{[1,3),[5,9)}'`, `'{}'`},
	{`nummultirange`, `'{[1.0,3),[5,9]}'`, `'{}'`},
	{`tstzmultirange`, `'{[2020-01-01 00:00+02,2021-01-01 00:00+02)}'`, `NULL`},
	{`integer[]`, `'{1,NULL,3}'`, `'[0:1][-1:0]={{1,2},{3,4}}'`},
	{`text[]`, `ARRAY['a,b', '"', E'\\', NULL, 'NULL', '', E'\t\n', '{']`, `'{}'`},
	{`timestamptz[]`, `ARRAY['infinity', '2020-01-01 00:00+00']::timestamptz[]`, `NULL`},
	{`bytea[]`, `ARRAY['\x5c00', '\x']::bytea[]`, `NULL`},
	{`numeric[]`, `ARRAY['NaN', 1.10]::numeric[]`, `NULL`},
	{`jsonb[]`, `ARRAY['{"a": "\\"}']::jsonb[]`, `NULL`},
	{`interval[]`, `ARRAY['-1 year +2 days -03:04:05.6', '1 day']::interval[]`, `NULL`},
	{`int4range[]`, `ARRAY['[1,5)', 'empty']::int4range[]`, `NULL`},
	{`int4multirange[]`, `ARRAY['{[1,5)}']::int4multirange[]`, `NULL`},
	{`"Odd ""schema"""."mo'od"`, `'it''s, "fine"'`, `E'back\\slash'`},
	{`"Odd ""schema"""."mo'od"[]`, `ARRAY['it''s, "fine"', E'back\\slash', NULL]::"Odd ""schema"""."mo'od"[]`, `'{größe}'`},
	{`posint`, `1`, `2147483647`},
	{`posint[]`, `'{1,2}'`, `NULL`},
	{`short`, `'20 characters long !'`, `E'\\'`},
	{`shorter`, `'14 characters!'`, `''`},
	{`padded`, `'pad'`, `'eight ch'`},
	{`moods`, `'{sad,ok}'`, `NULL`},
	{`pair`, `ROW(1, E'a,"b"\\', 1.50)`, `ROW(NULL, NULL, NULL)`},
	{`pair[]`, `ARRAY[ROW(1, '("', 0), NULL]::pair[]`, `'{}'`},
	{`nested`, `ROW(ROW(1, E'\\', 2), ARRAY[ROW(3, '"', 4)]::pair[], E'back\\slash')`, `NULL`},
	{`hstore`, `'"a\"b"=>"c\\d", n=>NULL'`, `''`},
	{`citext`, `'MiXeD'`, `'mixed'`},
	{`ltree`, `'Top.Science'`, `''`},
	{`lquery`, `'Top.*{1,2}'`, `NULL`},
}

// TestLaw2Field23EveryTypeArrivesAsItLeft has each value inserted, changed to another and back, left alone in an
// update of the rest, and deleted, under settings that are not the usual ones.
func TestLaw2Field23EveryTypeArrivesAsItLeft(t *testing.T) {
	t.Parallel()
	var columns, first, second []string
	for i, c := range torture {
		columns = append(columns, fmt.Sprintf("c%d %s", i, c.typ))
		first, second = append(first, c.first), append(second, c.second)
	}
	schema := streamTypes + `CREATE TABLE t ("Key" text PRIMARY KEY, note text, ` + strings.Join(columns, ", ") + `)`
	e := between(t, schema, "t")
	e.settings = map[string]string{
		"DateStyle": "SQL, DMY", "IntervalStyle": "sql_standard", "bytea_output": "escape", "TimeZone": "Asia/Kathmandu",
	}
	e.begin()
	insert := func(key string, values []string) string {
		return fmt.Sprintf(`INSERT INTO t VALUES (%s, 'n', %s)`, key, strings.Join(values, ", "))
	}
	set := func(values []string) string {
		var list []string
		for i, v := range values {
			list = append(list, fmt.Sprintf("c%d = %s", i, v))
		}
		return `UPDATE t SET ` + strings.Join(list, ", ")
	}
	for _, batched := range []bool{false, true} {
		for _, statement := range []string{
			insert(`E'k\\1'`, first), insert(`'k2'`, second),
			`UPDATE t SET note = 'alone'`,
			set(second) + ` WHERE "Key" = E'k\\1'`, set(first) + ` WHERE "Key" = 'k2'`,
			`UPDATE t SET note = 'alone again'`,
			`UPDATE t SET "Key" = "Key" || E'\t\\'`,
			set(second), set(first),
			`DELETE FROM t WHERE "Key" LIKE 'k2%'`,
		} {
			e.run(statement)
			if !batched {
				e.drain()
				e.equal()
			}
		}
		e.drain()
		e.equal()
		e.run(`DELETE FROM t`)
	}
	e.drain()
	require.Zero(t, pgtest.Count(t, e.target, "SELECT count(*) FROM t"))
}
