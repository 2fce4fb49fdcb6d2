-- logical/type_names.sql
-- What types are called, with modifiers, in the order asked for.
--
-- lock: none
-- runs: anywhere, with an empty search_path
SELECT pg_catalog.format_type(t.oid, t.modifier)
FROM ROWS FROM (pg_catalog.unnest(@oids::oid[]), pg_catalog.unnest(@modifiers::int[])) WITH ORDINALITY AS t (oid, modifier, place)
ORDER BY t.place
