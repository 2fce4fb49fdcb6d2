-- across/read_surroundings.sql
-- Read what a database has around its tables: how it sorts and encodes text, and its extensions.
--
-- lock: none
-- runs: anywhere
SELECT s.kind, s.name, s.value
FROM pg_catalog.pg_database d
-- Versions have other columns for the same.
CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(d) AS row) j
CROSS JOIN LATERAL (VALUES
    ('setting', 'server_encoding', pg_catalog.pg_encoding_to_char(d.encoding)::text),
    ('setting', 'collation of the database', d.datcollate::text),
    ('setting', 'character type of the database', d.datctype::text),
    ('setting', 'locale provider of the database', CASE coalesce(j.row ->> 'datlocprovider', 'c') WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' ELSE 'builtin' END),
    ('setting', 'locale of the database', coalesce(j.row ->> 'datlocale', j.row ->> 'daticulocale', ''))
) AS s (kind, name, value)
WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT 'extension', e.extname, e.extversion FROM pg_catalog.pg_extension e
ORDER BY 1 DESC, 2
