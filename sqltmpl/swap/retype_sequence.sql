-- swap/retype_sequence.sql
-- Let a sequence follow its column's type; its bounds follow if they were those of the old type.
--
-- lock: SHARE ROW EXCLUSIVE on the sequence
-- runs: inside the swap
ALTER SEQUENCE {{.Sequence}} AS {{.Type}}
