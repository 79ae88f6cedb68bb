//! What all tables have in common: columns that any database can give and take, and the macro that
//! describes tables by them.

use std::borrow::Cow;
use std::fmt;

use crate::{StoredPassword, TokenHash};

/// A table as a database sees it.
pub(crate) struct Description {
    /// Its name.
    pub(crate) name: &'static str,
    /// The columns by which its rows are ordered; one or two, and integers.
    pub(crate) key: &'static [&'static str],
    /// Those of the record first, in its order.
    pub(crate) columns: &'static [Column],
}

/// A column of a table.
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its type in PostgreSQL; SQLite asks for none.
    pub(crate) kind: &'static str,
    /// Where its value comes from.
    pub(crate) origin: Origin,
}

/// Where a column's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The record holds it.
    Record,
    /// It is made of others when a row is stored.
    Made,
    /// The same, and only PostgreSQL has it.
    MadeForPostgres,
}

/// A value on its way into a column.
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    Small(i16),
    Flag(bool),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
}

/// A row that a database gave: its columns, one after the other.
pub(crate) trait Cells {
    type Error;

    fn integer(&mut self) -> Result<i64, Self::Error>;
    fn optional_integer(&mut self) -> Result<Option<i64>, Self::Error>;
    fn small(&mut self) -> Result<i16, Self::Error>;
    fn flag(&mut self) -> Result<bool, Self::Error>;
    fn text(&mut self) -> Result<String, Self::Error>;
    fn optional_text(&mut self) -> Result<Option<String>, Self::Error>;
    fn token(&mut self) -> Result<TokenHash, Self::Error>;
}

/// What can be in a column.
pub(crate) trait Cell: Sized {
    /// The type of such a column in PostgreSQL; SQLite asks for none.
    const TYPE: &'static str;

    /// Takes it from the next column.
    fn read<C: Cells>(cells: &mut C) -> Result<Self, C::Error>;

    /// It as a value.
    fn value(&self) -> Value<'_>;
}

impl Column {
    /// A column that holds such values.
    pub(crate) const fn of<T: Cell>(name: &'static str, origin: Origin) -> Self {
        Self {
            name,
            kind: T::TYPE,
            origin,
        }
    }
}

impl Description {
    /// The statement that reads rows in their order: after a key, or from the first on. Parameters
    /// are the key, if there is one, and how many rows; `sign` stands before their numbers.
    pub(crate) fn select(&self, sign: char, is_after: bool) -> String {
        let read = self.columns.iter();
        let read = read.filter(|column| column.origin == Origin::Record);
        let columns = list(read.map(|column| column.name.to_owned()));
        let key = self.key.join(", ");
        let name = self.name;
        let mut numbers = (1..).map(|number| format!("{sign}{number}"));
        let condition = if is_after {
            let after = list(numbers.by_ref().take(self.key.len()));
            format!("WHERE ({key}) > ({after}) ")
        } else {
            String::new()
        };
        let limit = list(numbers.take(1));
        format!("SELECT {columns} FROM {name} {condition}ORDER BY {key} LIMIT {limit}")
    }
}

/// These with commas between them.
pub(crate) fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Implements [`Cell`] for a type: its type in PostgreSQL, how it is read, and its value.
macro_rules! cell {
    ($type:ty, $kind:literal, |$cells:ident| $read:expr, |$own:ident| $value:expr) => {
        impl Cell for $type {
            const TYPE: &'static str = $kind;

            fn read<C: Cells>($cells: &mut C) -> Result<Self, C::Error> {
                $read
            }

            fn value(&self) -> Value<'_> {
                let $own = self;
                $value
            }
        }
    };
}

cell!(i64, "bigint", |cells| cells.integer(), |own| {
    Value::Integer(*own)
});
cell!(i16, "smallint", |cells| cells.small(), |own| {
    Value::Small(*own)
});
cell!(bool, "boolean", |cells| cells.flag(), |own| {
    Value::Flag(*own)
});
cell!(String, "text", |cells| cells.text(), |own| {
    Value::Text(own.into())
});
cell!(TokenHash, "bytea", |cells| cells.token(), |own| {
    Value::Bytes(&own.0)
});
cell!(
    StoredPassword,
    "text",
    |cells| cells.text().map(Self),
    |own| Value::Text(own.0.as_str().into())
);
cell!(
    Option<i64>,
    "bigint",
    |cells| cells.optional_integer(),
    |own| own.map_or(Value::Null, Value::Integer)
);
cell!(
    Option<String>,
    "text",
    |cells| cells.optional_text(),
    |own| own
        .as_ref()
        .map_or(Value::Null, |text| Value::Text(text.into()))
);

impl fmt::Debug for Value<'_> {
    /// Without what it is: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
}

/// Describes all tables, in the order in which an instance is read. A table has a name in `Record`
/// and in `Table`, a type for its rows, its name in the databases, a key, and its columns under
/// their names in the databases. `made` are the columns that are made of others when a row is
/// stored, `for postgres` those that only PostgreSQL has. Each type has a method `check` beside its
/// description.
macro_rules! tables {
    ($(
        $(#[$doc:meta])+
        $name:ident($row:ident) in $table:ident by ($($key:ident),+) {
            $($(#[$about:meta])+ $column:ident: $type:ty,)+
        }
        $(made { $($made:ident: $made_type:ty = |$from:ident| $value:expr,)+ })?
        $(for postgres { $($own:ident: $own_type:ty = |$own_from:ident| $own_value:expr,)+ })?
    )+) => {
        $(
            $(#[$doc])+
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $row {
                $($(#[$about])+ pub $column: $type,)+
            }

            impl $row {
                const DESCRIPTION: Description = Description {
                    name: stringify!($table),
                    key: &[$(stringify!($key)),+],
                    columns: &[
                        $(Column::of::<$type>(stringify!($column), Origin::Record),)+
                        $($(Column::of::<$made_type>(stringify!($made), Origin::Made),)+)?
                        $($(Column::of::<$own_type>(stringify!($own), Origin::MadeForPostgres),)+)?
                    ],
                };

                fn key(&self) -> Key {
                    let mut key = [0; 2];
                    for (place, value) in key.iter_mut().zip([$(self.$key),+]) {
                        *place = value;
                    }
                    key
                }

                fn read<C: Cells>(cells: &mut C) -> Result<Self, C::Error> {
                    Ok(Self { $($column: Cell::read(cells)?,)+ })
                }

                fn values(&self) -> Vec<Value<'_>> {
                    vec![
                        $(self.$column.value(),)+
                        $($({ let $from = self; $value },)+)?
                        $($({ let $own_from = self; $own_value },)+)?
                    ]
                }
            }
        )+

        /// One record.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Record {
            /// There is one, and it is the first.
            Instance(InstanceRow),
            $(
                #[doc = concat!("A row of table `", stringify!($table), "`.")]
                $name($row),
            )+
            /// By room and seq.
            Event(EventRow),
        }

        /// A table of which each row is a record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Table {
            $(
                #[doc = concat!("Table `", stringify!($table), "`.")]
                $name,
            )+
        }

        impl Table {
            /// All of them, in the order in which an instance is read: what others refer to is
            /// before them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// As a database sees it.
            pub(crate) fn description(self) -> &'static Description {
                match self {
                    $(Self::$name => &$row::DESCRIPTION,)+
                }
            }
        }

        impl Record {
            /// A row of a table that a database gave.
            pub(crate) fn read<C: Cells>(table: Table, cells: &mut C) -> Result<Self, C::Error> {
                match table {
                    $(Table::$name => $row::read(cells).map(Self::$name),)+
                }
            }

            /// Which table it is a row of, and its key there.
            pub(crate) fn row(&self) -> Option<(Table, Key)> {
                match self {
                    $(Self::$name(row) => Some((Table::$name, row.key())),)+
                    Self::Instance(_) | Self::Event(_) => None,
                }
            }

            /// The values of its table's columns.
            pub(crate) fn values(&self) -> Vec<Value<'_>> {
                match self {
                    $(Self::$name(row) => row.values(),)+
                    Self::Instance(_) | Self::Event(_) => Vec::new(),
                }
            }

            /// Holds it against the rules of the domain.
            pub(crate) fn check(&self, rules: &mut Rules) -> Result<(), String> {
                match self {
                    Self::Instance(instance) => rules.begin(instance),
                    $(Self::$name(row) => row.check(rules),)+
                    Self::Event(event) => rules::event(event),
                }
            }
        }
    };
}

pub(crate) use tables;
