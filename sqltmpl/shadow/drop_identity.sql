-- shadow/drop_identity.sql
-- Make an identity column an ordinary one; its sequence goes.
--
-- lock: ACCESS EXCLUSIVE on the shadow
-- runs: inside setup
ALTER TABLE {{.Table}} ALTER COLUMN {{.Column}} DROP IDENTITY
