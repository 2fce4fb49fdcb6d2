-- define/set_index_options.sql
-- Set storage parameters of an index, as the definition of its constraint has no place for them.
--
-- lock: SHARE UPDATE EXCLUSIVE on the index
-- runs: inside a transaction
ALTER INDEX {{.Index}} SET ({{.Options}})
