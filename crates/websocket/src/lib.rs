//! RFC 6455 framing: reads and writes WebSocket frames in buffers. No sockets, no async.
