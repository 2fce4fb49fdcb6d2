-- session/standby_lag.sql
-- The longest replay lag of any standby, in milliseconds; 0 if there is none, NULL if this role may not see it.
--
-- lock: none
-- runs: anywhere
SELECT CASE WHEN count(*) FILTER (WHERE state IS NULL) > 0 THEN NULL
    ELSE coalesce(max(pg_catalog.date_part('epoch', replay_lag) * 1000) FILTER (WHERE state = 'streaming'), 0)
    END::float8
FROM pg_catalog.pg_stat_replication
