-- swap/disown_sequence.sql
-- Let go of a serial column's sequence, so that it does not move or drop with the table.
--
-- lock: SHARE ROW EXCLUSIVE on the sequence
-- runs: inside the swap
ALTER SEQUENCE {{.Sequence}} OWNED BY NONE
