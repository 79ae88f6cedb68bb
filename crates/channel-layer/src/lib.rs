//! The live tail of each followed room, the cursors over it, and the relay to other nodes.
