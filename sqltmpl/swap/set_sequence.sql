-- swap/set_sequence.sql
-- Set where a sequence stands.
--
-- lock: ROW EXCLUSIVE on the sequence
-- runs: inside the swap
SELECT pg_catalog.setval(@sequence::text::pg_catalog.regclass, @last_value, @is_called)
