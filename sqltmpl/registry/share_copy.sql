-- registry/share_copy.sql
-- Keep a copy what it is until this transaction ends. Who replaces it takes the same lock alone, and has its turn: a
-- lock of the row would be shared by ever more batches, and it might wait for ever.
--
-- lock: an advisory lock, shared
-- runs: first in the batch transaction; what the copy is must be read by another statement
SELECT pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended(@copy_name::text COLLATE "C", 0))
