-- The secret by which the nodes of this database know each other's signals. Made by Papo, with each epoch a new one.
ALTER TABLE papo ADD COLUMN relay_key bytea CHECK (octet_length(relay_key) = 32);
