-- logical/hold_copy.sql
-- Show for as long as this session lives that a copy is being made from here. Without arguments, which a replication session
-- does not take. The name is new: nobody else asks for it.
--
-- lock: an advisory lock of the session's
-- runs: before the slot is made, in the session that exports its snapshot
SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended({{.Name}} COLLATE "C", 0))
