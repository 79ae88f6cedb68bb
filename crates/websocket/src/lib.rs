//! RFC 6455 framing for a server: it reads clients' frames from a buffer and writes server frames
//! to one.
//!
//! It has no sockets, no async and no handshake, which belong to `web`. It is a crate of its own
//! because Papo encodes a frame for ten thousand people once and shares it, header included.
//! WebSocket libraries don't offer that. It works because a server's frames carry no mask, so the
//! bytes are the same for everybody.

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
