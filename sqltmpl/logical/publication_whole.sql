-- logical/publication_whole.sql
-- Whether a publication is as it was made: nobody has altered it, made it anew, or taken one of the tables out, not even for a
-- while. A table that was dropped is not missed. ALTER PUBLICATION writes its row, or that of a table, anew: xmin tells.
--
-- lock: none
-- runs: anywhere
SELECT coalesce(pg_catalog.obj_description(p.oid, 'pg_publication'), '') = @mark::text || p.xmin::text
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_class AS c
        WHERE c.oid = ANY (@oids::oid[])
            AND NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_publication_rel AS r
                WHERE r.prpubid = p.oid AND r.prrelid = c.oid AND r.xmin = p.xmin))
FROM pg_catalog.pg_publication AS p
WHERE p.pubname = @name
