-- cutover/clock.sql
-- The server's time, spelled alike under any DateStyle and TimeZone.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
