-- shadow/drop_sequence.sql
-- Drop a sequence of the shadow's that nothing uses any more.
--
-- lock: ACCESS EXCLUSIVE on the sequence
-- runs: inside setup
DROP SEQUENCE {{.Sequence}}
