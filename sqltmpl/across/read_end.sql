-- across/read_end.sql
-- Read what one cluster has for logical decoding, and which database this is.
-- The moment at which the server started tells servers apart, also one that was cloned from the other.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.current_setting('wal_level') AS wal_level,
    pg_catalog.current_setting('max_replication_slots')::int AS slots,
    (SELECT count(*) FROM pg_catalog.pg_replication_slots)::int AS used_slots,
    coalesce((SELECT pg_catalog.string_agg(slot_name::text, ', ' ORDER BY slot_name)
        FROM pg_catalog.pg_replication_slots WHERE NOT active), '') AS idle_slots,
    pg_catalog.current_setting('max_wal_senders')::int AS senders,
    (SELECT count(*) FROM pg_catalog.pg_stat_get_wal_senders())::int AS used_senders,
    pg_catalog.current_setting('max_slot_wal_keep_size') AS keep_size,
    pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
    d.datname AS database,
    pg_catalog.pg_postmaster_start_time()::text || ' ' || d.oid::text AS identity,
    r.rolname AS role, pg_catalog.current_setting('server_version_num')::int / 10000 AS version,
    -- Managed services have roles of their own for this.
    (r.rolsuper OR r.rolreplication OR EXISTS (
        SELECT FROM pg_catalog.pg_roles m
        WHERE m.rolname IN ('rds_replication', 'rds_superuser') AND pg_catalog.pg_has_role(r.oid, m.oid, 'USAGE'))) AS replication
FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
WHERE d.datname = pg_catalog.current_database() AND r.rolname = current_user
