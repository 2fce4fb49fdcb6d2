-- registry/read_pulse.sql
-- Where a stream was when it was last heard of, and how many seconds ago that was; no row if nobody has followed it.
--
-- lock: none
-- runs: anywhere
SELECT (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - beat_at))::float8 AS age,
    received::text AS received, applied::text AS applied, lag_bytes, lag_seconds, bytes_in, bytes_out, changes_out,
    idle_seconds, warning, slot_warning
FROM {{.Schema}}.pulse
WHERE job_id = @job_id
    AND direction = @direction
