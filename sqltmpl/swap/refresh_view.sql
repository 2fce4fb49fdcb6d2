-- swap/refresh_view.sql
-- Fill a materialized view that nobody reads yet.
--
-- lock: ACCESS EXCLUSIVE on it, ACCESS SHARE on what it reads
-- runs: inside a transaction
REFRESH MATERIALIZED VIEW {{.View}}
