//! A message while it arrives.

use crate::{Incoming, ProtocolError};

/// An unfinished message.
#[derive(Debug)]
pub(crate) struct Message {
    is_text: bool,
    content: Vec<u8>,
    /// How many bytes of a text are known to be whole characters.
    checked: usize,
}

impl Message {
    pub(crate) const fn new(is_text: bool) -> Self {
        Self {
            is_text,
            content: Vec::new(),
            checked: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.content.len()
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
    }

    /// Refuses a text that no further bytes can make UTF-8. It looks at each byte once, however
    /// small the pieces are.
    pub(crate) fn check(&mut self) -> Result<(), ProtocolError> {
        if !self.is_text {
            return Ok(());
        }
        match std::str::from_utf8(&self.content[self.checked..]) {
            Ok(_) => self.checked = self.content.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(ProtocolError::NotUtf8),
        }
        Ok(())
    }

    /// The finished message.
    pub(crate) fn finish(self) -> Result<Incoming, ProtocolError> {
        if self.is_text {
            let text = String::from_utf8(self.content).map_err(|_| ProtocolError::NotUtf8)?;
            Ok(Incoming::Text(text))
        } else {
            Ok(Incoming::Binary(self.content))
        }
    }
}
