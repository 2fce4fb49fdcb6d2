-- member/find_problems.sql
-- List what keeps a partition from being replaced by another table without a scan under the swap's locks.
--
-- lock: ACCESS SHARE on the catalogs only
-- runs: anywhere with an empty search_path
WITH RECURSIVE up AS (
    SELECT 1 AS level, h.inhrelid AS child, h.inhparent AS parent, h.inhdetachpending AS pending
    FROM pg_catalog.pg_inherits h
    JOIN pg_catalog.pg_class p ON p.oid = h.inhparent AND p.relkind = 'p'
    WHERE h.inhrelid = @oid::oid
    UNION ALL
    SELECT up.level + 1, h.inhrelid, h.inhparent, h.inhdetachpending
    FROM up
    JOIN pg_catalog.pg_inherits h ON h.inhrelid = up.parent
    JOIN pg_catalog.pg_class p ON p.oid = h.inhparent AND p.relkind = 'p'
),
named AS (
    SELECT up.*, c.identity AS child_name, p.identity AS parent_name
    FROM up
    CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, up.child, 0) c
    CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, up.parent, 0) p
)
SELECT 'the detaching of ' || m.child_name || ' from ' || m.parent_name || ' was left half-way' AS what,
    'ALTER TABLE ' || m.parent_name || ' DETACH PARTITION ' || m.child_name || ' FINALIZE' AS cure
FROM named m WHERE m.pending
UNION ALL
-- These would be in the way of both the partition and its table.
SELECT 'foreign key ' || pg_catalog.quote_ident(k.conname) || ' from ' || f.identity || ' to ' || t.identity
        || ' ties the partition to a table that it belongs to',
    'ALTER TABLE ' || f.identity || ' DROP CONSTRAINT ' || pg_catalog.quote_ident(k.conname) || '; -- and make it again after the swap'
FROM pg_catalog.pg_constraint k
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, k.conrelid, 0) f
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, k.confrelid, 0) t
WHERE k.contype = 'f' AND k.conparentid = 0 AND (
    k.conrelid = @oid::oid AND EXISTS (SELECT FROM up WHERE up.parent = k.confrelid)
    OR k.confrelid = @oid::oid AND EXISTS (SELECT FROM up WHERE up.parent = k.conrelid))
UNION ALL
-- When made again, either could take in the members of the other.
SELECT 'foreign keys ' || pg_catalog.quote_ident(k.conname) || ' and ' || pg_catalog.quote_ident(o.conname) || ' of ' || f.identity
        || ' are alike',
    'ALTER TABLE ' || f.identity || ' DROP CONSTRAINT ' || pg_catalog.quote_ident(o.conname)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_constraint o ON o.conrelid = k.conrelid AND o.contype = 'f' AND o.confrelid = k.confrelid AND o.conkey = k.conkey
    AND o.confkey = k.confkey AND o.conparentid = 0 AND o.oid > k.oid
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, k.conrelid, 0) f
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid AND c.relkind = 'p'
WHERE k.contype = 'f' AND k.conparentid = 0 AND EXISTS (SELECT FROM up WHERE up.parent IN (k.conrelid, k.confrelid))
UNION ALL
SELECT 'the default partition of ' || m.parent_name || ', ' || d.identity || ', is no plain table',
    'ALTER TABLE ' || m.parent_name || ' DETACH PARTITION ' || d.identity || '; -- and attach it again after the swap'
FROM named m
JOIN pg_catalog.pg_partitioned_table t ON t.partrelid = m.parent
JOIN pg_catalog.pg_class c ON c.oid = t.partdefid AND c.oid <> m.child AND c.relkind <> 'r'
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, c.oid, 0) d
WHERE m.level = 1
UNION ALL
SELECT 'index ' || i.identity || ' has no partition on ' || m.child_name || ', and would be built under the swap''s locks',
    '-- make a like index with CREATE INDEX CONCURRENTLY on ' || m.child_name || ', then: ALTER INDEX ' || i.identity
        || ' ATTACH PARTITION that index'
FROM named m
JOIN pg_catalog.pg_index x ON x.indrelid = m.parent
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, x.indexrelid, 0) i
WHERE m.level = 1 AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_index y ON y.indexrelid = h.inhrelid
    WHERE h.inhparent = x.indexrelid AND y.indrelid = m.child)
UNION ALL
-- Before PostgreSQL 15 a sender that knows the new table as unpublished goes on to think so after ATTACH.
SELECT 'publication ' || pg_catalog.quote_ident(u.pubname) || ' of ' || m.parent_name
        || ': before PostgreSQL 15 a running subscription would miss what is written to the new partition',
    pg_catalog.format('ALTER PUBLICATION %I DROP TABLE %s; -- and make it again after the swap', u.pubname, m.parent_name)
FROM named m
JOIN pg_catalog.pg_publication_rel r ON r.prrelid = m.parent
JOIN pg_catalog.pg_publication u ON u.oid = r.prpubid
WHERE pg_catalog.current_setting('server_version_num')::int4 < 150000
ORDER BY what
