-- logical/empty_stage.sql
-- Empty a stage between two chunks of one transaction.
--
-- lock: none on users' tables
-- runs: inside an apply transaction
TRUNCATE {{.Stage}}
