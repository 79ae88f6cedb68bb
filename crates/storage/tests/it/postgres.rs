//! What only PostgreSQL can be asked: a server, and several nodes on it.
