-- cutover/read_position.sql
-- What has been applied.
--
-- lock: none
-- runs: anywhere
SELECT applied::text FROM {{.Position}}
