//! What all tables have in common: columns that each database can read and store, and the macro
//! that describes tables.

use std::borrow::Cow;
use std::fmt;

use crate::{StoredPassword, TokenHash};

/// A table, as its statements need it.
pub(crate) struct Description {
    /// Its name.
    pub(crate) name: &'static str,
    /// The one or two integer columns that order its rows.
    pub(crate) key: &'static [&'static str],
    /// All columns. Those of the record come first, in its order.
    pub(crate) columns: &'static [Column],
}

/// A column of a table.
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its type in PostgreSQL. SQLite needs none.
    pub(crate) kind: &'static str,
    /// Where its value comes from.
    pub(crate) origin: Origin,
}

/// Where a column's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The record holds it.
    Record,
    /// The row computes it from others when it is stored.
    Made,
    /// The same, for a column that only PostgreSQL has.
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

/// A row from a database. Each call reads its next column.
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

/// A type that a column can hold.
pub(crate) trait Cell: Sized {
    /// The column's type in PostgreSQL. SQLite needs none.
    const TYPE: &'static str;

    /// Reads it from the next column.
    fn read<C: Cells>(cells: &mut C) -> Result<Self, C::Error>;

    /// Itself as a value.
    fn value(&self) -> Value<'_>;
}

impl Column {
    /// A column that holds values of this type.
    pub(crate) const fn of<T: Cell>(name: &'static str, origin: Origin) -> Self {
        Self {
            name,
            kind: T::TYPE,
            origin,
        }
    }
}

impl Description {
    /// The statement that reads rows in their order: after a key, or from the first on. Its
    /// parameters are the key, if there is one, and the limit. `sign` stands before their numbers.
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

/// Joins the parts with commas.
pub(crate) fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Implements [`Cell`] for a type: PostgreSQL's type, the read, and the value.
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
    /// Leaves the content out: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
}

/// Describes all tables, in the order in which an instance is read.
///
/// A table has a variant of `Record` and of `Table`, a type for its rows, its name in the
/// databases, and a key. Columns have their names in the databases. A row computes the columns of
/// `made` from others when it is stored. Only PostgreSQL has those of `for postgres`. Each type has
/// a method `check` beside its description.
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
            /// The one instance; it comes first.
            Instance(InstanceRow),
            $(
                #[doc = concat!("A row of table `", stringify!($table), "`.")]
                $name($row),
            )+
            /// By room and seq.
            Event(EventRow),
        }

        /// A table whose rows are records.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Table {
            $(
                #[doc = concat!("Table `", stringify!($table), "`.")]
                $name,
            )+
        }

        impl Table {
            /// All tables, in the order in which an instance is read. A table comes before those
            /// that refer to it.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The table, as its statements need it.
            pub(crate) fn description(self) -> &'static Description {
                match self {
                    $(Self::$name => &$row::DESCRIPTION,)+
                }
            }
        }

        impl Record {
            /// Reads a row of a table.
            pub(crate) fn read<C: Cells>(table: Table, cells: &mut C) -> Result<Self, C::Error> {
                match table {
                    $(Table::$name => $row::read(cells).map(Self::$name),)+
                }
            }

            /// The record's table, and its key there.
            pub(crate) fn row(&self) -> Option<(Table, Key)> {
                match self {
                    $(Self::$name(row) => Some((Table::$name, row.key())),)+
                    Self::Instance(_) | Self::Event(_) => None,
                }
            }

            /// The values of all columns of its table.
            pub(crate) fn values(&self) -> Vec<Value<'_>> {
                match self {
                    $(Self::$name(row) => row.values(),)+
                    Self::Instance(_) | Self::Event(_) => Vec::new(),
                }
            }

            /// Checks it against the rules of the domain.
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
