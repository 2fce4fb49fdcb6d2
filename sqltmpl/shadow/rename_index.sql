-- shadow/rename_index.sql
-- Rename an index, and the constraint it belongs to.
--
-- lock: SHARE UPDATE EXCLUSIVE on the index
-- runs: inside a transaction
ALTER INDEX {{.Index}} RENAME TO {{.To}}
