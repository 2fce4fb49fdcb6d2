-- changelog/revoke_function.sql
-- Nobody else may attach or call a SECURITY DEFINER function of ours.
--
-- lock: none on users' tables
-- runs: inside the transaction that makes the function
REVOKE ALL ON FUNCTION {{.Function}}{{.Signature}} FROM PUBLIC
