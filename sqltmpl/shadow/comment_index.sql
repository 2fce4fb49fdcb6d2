-- shadow/comment_index.sql
-- Comment on an index.
--
-- lock: SHARE UPDATE EXCLUSIVE on the index
-- runs: inside a transaction
COMMENT ON INDEX {{.Index}} IS {{.Comment}}
