-- swap/relation_oid.sql
-- Which relation has a name now; 0 if none.
--
-- lock: none
-- runs: anywhere
SELECT coalesce(pg_catalog.to_regclass(@name)::pg_catalog.oid, 0)
