-- logical/emit_barrier.sql
-- Put a message into the WAL that streams deliver where this transaction commits, and only if it does.
--
-- lock: none
-- runs: inside a transaction
SELECT pg_catalog.pg_logical_emit_message(true, 'repave', @token::text)::text
