-- swap/drop_artifact.sql
-- Run the recorded statement that undoes an object.
--
-- lock: as the object needs
-- runs: inside the transaction that forgets the object
{{.Undo}}
