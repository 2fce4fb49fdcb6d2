-- swap/comment_sequence.sql
-- Comment on a sequence.
--
-- lock: SHARE UPDATE EXCLUSIVE on the sequence
-- runs: inside the swap
COMMENT ON SEQUENCE {{.Sequence}} IS {{.Comment}}
