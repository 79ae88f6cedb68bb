//! What goes over the wire: frames, events, error codes.
