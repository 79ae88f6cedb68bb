-- While a migration fills the tables: the epoch of the history that it brings, and a number of this filling, which whoever is moved is marked with
-- before the end. Nobody serves the tables until it is done.
ALTER TABLE papo ADD COLUMN filling bigint, ADD COLUMN arrival bigint;
