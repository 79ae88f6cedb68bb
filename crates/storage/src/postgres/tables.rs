//! Reads and fills the tables by their descriptions in `transfer/record.rs`.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::connection::{self, Connection};
use super::errors::Failure;
use super::rows;
use crate::TokenHash;
use crate::transfer::{Cells, Description, Key, Record, Table, Value, list};

/// The next rows of a table, after this key or from the first on.
pub(super) async fn page(
    db: &Connection,
    table: Table,
    after: Option<Key>,
    limit: i64,
) -> Result<Vec<Record>, Failure> {
    let description = table.description();
    let key = after.iter().flat_map(|key| &key[..description.key.len()]);
    let values: Vec<connection::Value<'_>> =
        key.chain([&limit]).map(|number| number as _).collect();
    let sql = description.select('$', after.is_some());
    let found = db.rows(&sql, &values).await?;
    let records = found
        .iter()
        .map(|row| Record::read(table, &mut RowCells { row, next: 0 }));
    records.collect()
}

/// Stores rows of a table, all in one statement.
pub(super) async fn store(db: &Connection, table: Table, rows: &[Record]) -> Result<(), Failure> {
    let description = table.description();
    let columns = description.columns.iter();
    let mut columns: Vec<Vec<Value<'_>>> = columns.map(|_| Vec::new()).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row.values()) {
            column.push(value);
        }
    }
    let values: Vec<connection::Value<'_>> = columns.iter().map(|column| column as _).collect();
    db.execute(&insert(description), &values).await?;
    Ok(())
}

fn insert(description: &Description) -> String {
    let columns = description.columns.iter();
    let names = list(columns.clone().map(|column| column.name.to_owned()));
    let values = (1..).zip(columns);
    let values = list(values.map(|(number, column)| format!("${number}::{}[]", column.kind)));
    let name = description.name;
    format!("INSERT INTO {name} ({names}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest({values})")
}

struct RowCells<'a> {
    row: &'a Row,
    next: usize,
}

impl RowCells<'_> {
    fn get<'a, T: FromSql<'a>>(&'a mut self) -> Result<T, Failure> {
        self.next += 1;
        Ok(self.row.try_get(self.next - 1)?)
    }
}

impl Cells for RowCells<'_> {
    type Error = Failure;

    fn integer(&mut self) -> Result<i64, Failure> {
        self.get()
    }

    fn optional_integer(&mut self) -> Result<Option<i64>, Failure> {
        self.get()
    }

    fn small(&mut self) -> Result<i16, Failure> {
        self.get()
    }

    fn flag(&mut self) -> Result<bool, Failure> {
        self.get()
    }

    fn text(&mut self) -> Result<String, Failure> {
        self.get()
    }

    fn optional_text(&mut self) -> Result<Option<String>, Failure> {
        self.get()
    }

    fn token(&mut self) -> Result<TokenHash, Failure> {
        rows::token(self.get()?)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => number.to_sql_checked(kind, out),
            Self::Small(number) => number.to_sql_checked(kind, out),
            Self::Flag(flag) => flag.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(kind, out),
        }
    }

    /// Accepts every type: each value checks the column's type itself.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
