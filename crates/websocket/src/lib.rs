//! RFC 6455 framing for a server: reads what clients send out of a buffer, writes what the server
//! sends into one.
//!
//! No sockets, no async, no handshake: those belong to the edge. It is its own crate because a
//! frame that goes to ten thousand people is encoded once and shared, header included, which
//! WebSocket libraries don't offer: a server's frames carry no mask, so the bytes are the same for
//! everybody.

mod close;
mod encode;
mod error;
mod mask;
mod message;
mod reader;

pub use close::{CloseCode, CloseFrame};
pub use encode::{binary_frame, close_frame, ping_frame, pong_frame, text_frame};
pub use error::ProtocolError;
pub use reader::{Incoming, Reader};
