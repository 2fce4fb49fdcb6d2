-- cutover/is_before.sql
-- Whether the server's time is before another.
--
-- lock: none
-- runs: anywhere
SELECT pg_catalog.clock_timestamp() < @until::text::timestamptz
