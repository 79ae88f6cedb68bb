//! Reads and fills the tables by their descriptions in `transfer/record.rs`.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::rows;
use crate::transfer::{Cells, Description, Key, Origin, Record, Table, Value, list};
use crate::{StorageError, TokenHash};

/// The next rows of a table, after this key or from the first on.
pub(super) fn page(
    db: &Connection,
    table: Table,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Record>, StorageError> {
    let description = table.description();
    let mut statement = db.prepare_cached(&description.select('?', after.is_some()))?;
    let key = after.iter().flat_map(|key| &key[..description.key.len()]);
    let values = params_from_iter(key.chain([&limit]));
    let found = statement.query_map(values, |row| {
        Record::read(table, &mut RowCells { row, next: 0 })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Stores rows of a table.
pub(super) fn store(db: &Connection, table: Table, rows: &[Record]) -> Result<(), StorageError> {
    let description = table.description();
    let mut statement = db.prepare_cached(&insert(description))?;
    for row in rows {
        let values = row.values().into_iter().zip(description.columns);
        let values = values.filter(|(_, column)| is_here(column.origin));
        statement.execute(params_from_iter(values.map(|(value, _)| value)))?;
    }
    Ok(())
}

fn insert(description: &Description) -> String {
    let columns = description.columns.iter();
    let columns = columns.filter(|column| is_here(column.origin));
    let names: Vec<_> = columns.map(|column| column.name.to_owned()).collect();
    let values = list((1..=names.len()).map(|number| format!("?{number}")));
    let (name, names) = (description.name, list(names.into_iter()));
    format!("INSERT INTO {name} ({names}) VALUES ({values})")
}

/// Whether SQLite has columns of this origin.
fn is_here(origin: Origin) -> bool {
    origin != Origin::MadeForPostgres
}

struct RowCells<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl RowCells<'_> {
    fn take(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }
}

impl Cells for RowCells<'_> {
    type Error = rusqlite::Error;

    fn integer(&mut self) -> rusqlite::Result<i64> {
        self.row.get(self.take())
    }

    fn optional_integer(&mut self) -> rusqlite::Result<Option<i64>> {
        self.row.get(self.take())
    }

    fn small(&mut self) -> rusqlite::Result<i16> {
        self.row.get(self.take())
    }

    fn flag(&mut self) -> rusqlite::Result<bool> {
        self.row.get(self.take())
    }

    fn text(&mut self) -> rusqlite::Result<String> {
        rows::text(self.row, self.take())
    }

    fn optional_text(&mut self) -> rusqlite::Result<Option<String>> {
        rows::optional_text(self.row, self.take())
    }

    fn token(&mut self) -> rusqlite::Result<TokenHash> {
        self.row.get(self.take()).map(TokenHash)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Small(number) => ValueRef::Integer(i64::from(*number)),
            Self::Flag(flag) => ValueRef::Integer(i64::from(*flag)),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
