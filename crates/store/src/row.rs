//! Rows, read by column name into the types that carry the rules.

use contract::{DomainName, EmailAddress, Timestamp, ids, text};
use serde::de::DeserializeOwned;
use sqlx::{Row as _, any::AnyRow};

use crate::error::StoreError;

/// A row of an answer.
pub struct Row(pub(crate) AnyRow);

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Columns may hold personal data.
        f.write_str("Row")
    }
}

impl Row {
    /// The column as `T`; what does not fit is an error that names the column.
    pub fn get<T: Column>(&self, column: &str) -> Result<T, StoreError> {
        T::read(self, column)
    }

    /// The column's JSON text as `T`.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|_| self.bad(column, "is not the JSON it should be"))
    }

    /// An error about a column of this row.
    pub fn bad(&self, column: &str, why: impl Into<String>) -> StoreError {
        StoreError::BadRow {
            column: column.to_owned(),
            why: why.into(),
        }
    }

    fn text(&self, column: &str) -> Result<Option<String>, StoreError> {
        self.0
            .try_get(column)
            .map_err(|error| self.unreadable(column, &error))
    }

    fn number(&self, column: &str) -> Result<Option<i64>, StoreError> {
        self.0
            .try_get(column)
            .map_err(|error| self.unreadable(column, &error))
    }

    fn unreadable(&self, column: &str, error: &sqlx::Error) -> StoreError {
        let why = match error {
            sqlx::Error::ColumnNotFound(_) => "is not in the row",
            _ => "is of another type",
        };
        self.bad(column, why)
    }
}

/// What a column can be read as.
pub trait Column: Sized {
    /// Reads a column that may be null.
    fn read_optional(row: &Row, column: &str) -> Result<Option<Self>, StoreError>;

    /// Reads a column that must not be null.
    fn read(row: &Row, column: &str) -> Result<Self, StoreError> {
        Self::read_optional(row, column)?.ok_or_else(|| row.bad(column, "is null"))
    }
}

impl<T: Column> Column for Option<T> {
    fn read_optional(row: &Row, column: &str) -> Result<Option<Self>, StoreError> {
        T::read_optional(row, column).map(Some)
    }
}

impl Column for String {
    fn read_optional(row: &Row, column: &str) -> Result<Option<Self>, StoreError> {
        row.text(column)
    }
}

impl Column for i64 {
    fn read_optional(row: &Row, column: &str) -> Result<Option<Self>, StoreError> {
        row.number(column)
    }
}

impl Column for u64 {
    fn read_optional(row: &Row, column: &str) -> Result<Option<Self>, StoreError> {
        let number = row.number(column)?;
        number
            .map(|n| Self::try_from(n).map_err(|_| row.bad(column, "is negative")))
            .transpose()
    }
}

impl Column for Timestamp {
    fn read_optional(row: &Row, column: &str) -> Result<Option<Self>, StoreError> {
        Ok(row.number(column)?.map(Self::from_micros))
    }
}

macro_rules! parsed {
    ($($type:ty: $parse:expr),* $(,)?) => {$(
        impl Column for $type {
            fn read_optional(row: &Row, column: &str) -> Result<Option<Self>, StoreError> {
                let text = row.text(column)?;
                let parse = $parse;
                text.map(|text| {
                    parse(text.as_str())
                        .map_err(|_| row.bad(column, concat!("is not a ", stringify!($type))))
                })
                .transpose()
            }
        }
    )*};
}

parsed! {
    EmailAddress: EmailAddress::parse,
    DomainName: DomainName::parse,
    text::Name: text::Name::parse,
    text::PersonName: text::PersonName::parse,
    text::Tag: text::Tag::parse,
    ids::OrganisationId: str::parse,
    ids::AdministratorId: str::parse,
    ids::TokenId: str::parse,
    ids::PlanId: str::parse,
    ids::LinkId: str::parse,
    ids::AccountId: str::parse,
    ids::MembershipId: str::parse,
    ids::BulkId: str::parse,
    ids::ProofId: str::parse,
    ids::MailId: str::parse,
    ids::AuditId: str::parse,
    ids::AttemptId: str::parse,
    ids::BatchId: str::parse,
    ids::InviteId: str::parse,
}
