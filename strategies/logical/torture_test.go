package logical_test

// Tables with a column of every type, odd values in them.

var tortureBinary = []string{
	`CREATE DOMAIN public.positive AS int CHECK (VALUE > 0)`,
	`CREATE DOMAIN public.name AS varchar(20)`,
	`CREATE TABLE public.t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		b bool, by bytea, ch "char", na pg_catalog.name, i2 int2, i4 int4, i8 int8, tx text, o oid, f4 float4, f8 float8, bp char(5), vc varchar(9),
		nu numeric, nu2 numeric(10, 2), da date, ti time, ts timestamp, tz timestamptz, tt timetz, j json, jb jsonb, uu uuid, bi bit(5), vb varbit,
		po point, ls lseg, pa path, bo box, pg polygon, li line, ci circle, ip inet, cd cidr, ma macaddr, m8 macaddr8,
		r4 int4range, nr numrange, tr tstzrange, mr datemultirange, ia int[], ta text[], na2 numeric[][], za timestamptz[], ja jsonb[],
		d public.positive, d2 public.name, g int GENERATED ALWAYS AS (i4 + 1) STORED)`,
}

var fillBinary = []string{
	`INSERT INTO public.t (b, by, ch, na, i2, i4, i8, tx, o, f4, f8, bp, vc, nu, nu2, da, ti, ts, tz, tt, j, jb, uu, bi, vb,
	po, ls, pa, bo, pg, li, ci, ip, cd, ma, m8, r4, nr, tr, mr, ia, ta, na2, za, ja, d, d2)
	VALUES (true, '\x00ff5c', 'x', 'Name', -1, 2147483646, -9223372036854775808, E'tab\t back\\ nl\n \\N é 漢 😀', 4294967295,
		'-0', '1e-307', 'ab', 'é', '1.00', 1.1, 'infinity', '24:00', '-infinity', '1901-01-01 12:00:00.123456+05', '12:00+03',
		'{"a":  1, "a": 2}', '{"a": 1.00}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10101', '', '(1,2)', '[(0,0),(1,1)]', '[(0,0),(1,1)]',
		'((0,0),(1,1))', '((0,0),(1,1),(2,0))', '{1,2,3}', '<(0,0),1>', '::1/64', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
		'[1,5)', '(,1.50]', '[2020-01-01, infinity)', '{[2020-01-01,2020-01-03),[2021-01-01,)}', '[0:2]={1,NULL,3}', '{"NULL",NULL,"a\"b",""}',
		'{{1.0,2},{3,NaN}}', '{now,infinity}', '{"{\"x\": null}"}', 1, 'dom')`,
	`INSERT INTO public.t (f4, f8, vc, nu, da, jb, nr, r4, ia, ta, na2, mr) VALUES ('NaN', '-Infinity', '', 'NaN', '4714-11-24 BC', 'null',
		'empty', 'empty', '{}', '{}', '{}', '{}')`,
	`INSERT INTO public.t (by, ch, na, tx, f4, f8, bp, nu) VALUES ('', E'\\\\', '', '\.', '1.17549435e-38', 0.1, '', '-Infinity')`,
	`INSERT INTO public.t DEFAULT VALUES`,
}

var tortureTypes = []string{
	// So that types have other OIDs on the two clusters.
	`DO $$ BEGIN FOR i IN 1 .. (random() * 50)::int LOOP EXECUTE 'CREATE TYPE public.filler' || i || ' AS (i int)'; END LOOP; END $$`,
	`CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'it''s, "odd"\')`,
	`CREATE DOMAIN public.moody AS public.mood`,
	`CREATE TYPE public.pair AS (a int, "b c" text, m public.mood)`,
	`CREATE TYPE public.textrange AS RANGE (subtype = text)`,
	`CREATE TABLE public.other (id int)`,
	`CREATE FUNCTION public.fn(int) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
}

const tortureText = `CREATE TABLE public.t (id public.mood, k int, PRIMARY KEY (id, k), ma public.mood[], mo public.moody, pr public.pair, pa public.pair[], tr public.textrange,
	rc regclass, rt regtype, rp regprocedure, mn money, iv interval, x xml, tv tsvector, tq tsquery, jp jsonpath, pl pg_lsn, xi xid, ti tid, t8 xid8, bp char(4)[])`

var fillText = []string{
	`INSERT INTO public.t VALUES
	('it''s, "odd"\', 1, '{sad,NULL,"it''s, \"odd\"\\"}', 'ok', ROW(1, E'x\t"\\', 'ok'), ARRAY[ROW(NULL, '', 'sad')::public.pair], '[a,"z ")',
		'public.other', 'public.mood[]', 'public.fn(int)', '-12.34', '-1 year 2 days 00:00:00.000001', '<a b="c">é</a>', 'a:1A fat:2', 'a & !b:*', '$.a[*] ? (@ > 1)',
		'1/FF', '123', '(4294967295,1)', '99', '{a,NULL}')`,
	`INSERT INTO public.t (id, k) VALUES ('sad', 2)`,
}
