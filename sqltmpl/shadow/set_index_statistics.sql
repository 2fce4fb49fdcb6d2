-- shadow/set_index_statistics.sql
-- Set the statistics target of an expression's column in an index.
--
-- lock: SHARE UPDATE EXCLUSIVE on the index
-- runs: inside setup, and after the index is built
ALTER INDEX {{.Index}} ALTER COLUMN {{.Number}} SET STATISTICS {{.Target}}
