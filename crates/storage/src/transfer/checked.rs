//! Checks records against the rules of the domain, as if somebody had just typed them. Anybody may
//! have made an archive that is restored, and an export must be restorable.
//!
//! It doesn't check what every database refuses by itself: duplicate names, holes in a log,
//! sessions without a person.

use async_trait::async_trait;

use super::place::Place;
use super::rules::Rules;
use super::{Record, Source};
use crate::StorageError;

/// A source that fails at the first record that Papo wouldn't have stored, and names it.
pub struct Checked<'a> {
    source: &'a mut dyn Source,
    last: Option<Place>,
    rules: Rules,
}

impl<'a> Checked<'a> {
    /// Checks the records of this source.
    pub fn new(source: &'a mut dyn Source) -> Self {
        Self {
            source,
            last: None,
            rules: Rules::default(),
        }
    }

    fn check(&mut self, record: &Record) -> Result<(), String> {
        let place = Place::of(record);
        let is_next = match self.last {
            None => place == Place::Instance,
            Some(last) => last < place,
        };
        if !is_next {
            return Err("it isn't in its place".into());
        }
        self.last = Some(place);
        record.check(&mut self.rules)
    }
}

#[async_trait]
impl Source for Checked<'_> {
    async fn next(&mut self) -> Result<Vec<Record>, StorageError> {
        let records = self.source.next().await?;
        for record in &records {
            let checked = self.check(record);
            checked.map_err(|why| StorageError::Other(format!("{}: {why}", Place::of(record))))?;
        }
        Ok(records)
    }
}
