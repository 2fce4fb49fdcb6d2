-- across/list_long_transactions.sql
-- List the transactions that making a slot would wait for: all that have an ID, in any database, and are older than some
-- seconds. Of sessions that this role may not look into, the age is unknown, and they are left out.
--
-- lock: none
-- runs: anywhere, on the cluster whose changes are to be decoded
SELECT 'pid ' || a.pid || ' (' || coalesce(nullif(a.application_name, ''), 'no application_name') || ', ' || coalesce(a.state, a.backend_type)
        || ', database ' || coalesce(a.datname, 'none') || '), whose transaction is '
        || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start) || ' old' AS what,
    'SELECT pg_terminate_backend(' || a.pid || '); -- or wait until it has ended' AS cure
FROM pg_catalog.pg_stat_activity a
WHERE a.backend_xid IS NOT NULL
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start) >= @seconds::float8
UNION ALL
SELECT 'prepared transaction ' || pg_catalog.quote_literal(p.gid) || ' (database ' || p.database || '), which is '
        || pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - p.prepared) || ' old',
    'ROLLBACK PREPARED ' || pg_catalog.quote_literal(p.gid) || '; -- or COMMIT PREPARED, in database ' || p.database || ': whoever prepared it knows which'
FROM pg_catalog.pg_prepared_xacts p
WHERE pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - p.prepared) >= @seconds::float8
ORDER BY 1
