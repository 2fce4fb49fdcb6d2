-- session/standby_lag.sql
-- The longest replay lag of any standby, in milliseconds; 0 if there is none. NULL where one does not tell.
--
-- lock: none
-- runs: anywhere
SELECT coalesce(max(pg_catalog.date_part('epoch', replay_lag) * 1000), 0)::float8
FROM pg_catalog.pg_stat_replication
WHERE state = 'streaming'
