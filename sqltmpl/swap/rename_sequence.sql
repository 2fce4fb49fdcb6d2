-- swap/rename_sequence.sql
-- Rename a sequence; the lock keeps nextval out until the end of the transaction.
--
-- lock: ACCESS EXCLUSIVE on the sequence
-- runs: inside the swap
ALTER SEQUENCE {{.Sequence}} RENAME TO {{.To}}
