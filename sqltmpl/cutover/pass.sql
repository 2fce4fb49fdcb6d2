-- cutover/pass.sql
-- Hold the pass that a job's fences let through, until the transaction ends.
--
-- lock: none
-- runs: inside a transaction
SELECT pg_catalog.set_config('repave.pass', @pass, true)
