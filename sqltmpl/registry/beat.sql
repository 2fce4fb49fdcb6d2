-- registry/beat.sql
-- Say where a stream is, for others to see; nothing if it has ended.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
INSERT INTO {{.Schema}}.pulse (job_id, direction, beat_at, received, applied, lag_bytes, lag_seconds, bytes_in, bytes_out,
    changes_out, idle_seconds, warning)
SELECT s.job_id, s.direction, clock_timestamp(), @received::text::pg_lsn, @applied::text::pg_lsn, @lag_bytes, @lag_seconds, @bytes_in, @bytes_out,
    @changes_out, @idle_seconds, @warning
FROM {{.Schema}}.stream s
WHERE s.job_id = @job_id
    AND s.direction = @direction
ON CONFLICT (job_id, direction) DO UPDATE
SET beat_at = clock_timestamp(),
    received = excluded.received,
    applied = excluded.applied,
    lag_bytes = excluded.lag_bytes,
    lag_seconds = excluded.lag_seconds,
    bytes_in = excluded.bytes_in,
    bytes_out = excluded.bytes_out,
    changes_out = excluded.changes_out,
    idle_seconds = excluded.idle_seconds,
    warning = excluded.warning
