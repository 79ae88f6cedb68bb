-- While a migration fills the tables: the epoch of the history that it brings. Nobody serves them until it is done.
ALTER TABLE papo ADD COLUMN filling bigint;
