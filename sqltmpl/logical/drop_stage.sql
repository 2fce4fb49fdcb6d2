-- logical/drop_stage.sql
-- Drop a stage; may run twice.
--
-- lock: none on users' tables
-- runs: anywhere
DROP TABLE IF EXISTS {{.Stage}}
