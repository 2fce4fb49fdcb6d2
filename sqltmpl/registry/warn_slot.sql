-- registry/warn_slot.sql
-- Say what is wrong with a stream's slot, '' for nothing, for others to see; nothing happens if the stream has ended.
--
-- lock: ROW EXCLUSIVE on the registry
-- runs: anywhere
INSERT INTO {{.Schema}}.pulse (job_id, direction, slot_warning)
SELECT s.job_id, s.direction, @warning
FROM {{.Schema}}.stream s
WHERE s.job_id = @job_id
    AND s.direction = @direction
ON CONFLICT (job_id, direction) DO UPDATE
SET slot_warning = excluded.slot_warning
