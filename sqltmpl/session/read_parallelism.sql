-- session/read_parallelism.sql
-- What tells how many sessions the server can serve at once: whether it is on this machine, and how many parallel workers
-- its operator allows.
--
-- lock: none
-- runs: anywhere
SELECT coalesce(a.address = '::1' OR a.address <<= '127.0.0.0/8', true) AS local,
    pg_catalog.current_setting('max_parallel_workers')::int AS workers
FROM (SELECT pg_catalog.inet_server_addr() AS address) AS a
