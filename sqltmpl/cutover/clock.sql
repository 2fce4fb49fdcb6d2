-- cutover/clock.sql
-- The server's time a while later, spelled so that it means the same under any DateStyle and TimeZone.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.to_char((pg_catalog.clock_timestamp() + @seconds::float8 * interval '1 second') AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
