-- swap/sequence_state.sql
-- Where a sequence stands.
--
-- lock: ACCESS SHARE on the sequence
-- runs: inside the swap, when nextval is kept out
SELECT last_value, is_called FROM {{.Sequence}}
