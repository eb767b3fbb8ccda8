//! What can be bound to a statement.

use contract::{DomainName, EmailAddress, Timestamp, ids, text};
use sqlx::{Arguments as _, any::AnyArguments};

/// A value that a parameter can take. `None` is null of the type's own kind.
pub trait Value {
    /// Adds itself to the arguments.
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), sqlx::error::BoxDynError>;
    /// Adds a null of its kind.
    fn add_null(arguments: &mut AnyArguments) -> Result<(), sqlx::error::BoxDynError>;
}

macro_rules! value {
    ($kind:ty: $($type:ty => |$value:ident| $convert:expr),* $(,)?) => {$(
        impl Value for $type {
            fn add_to(self, arguments: &mut AnyArguments) -> Result<(), sqlx::error::BoxDynError> {
                let $value = self;
                let value: $kind = $convert;
                arguments.add(value)
            }

            fn add_null(arguments: &mut AnyArguments) -> Result<(), sqlx::error::BoxDynError> {
                arguments.add(None::<$kind>)
            }
        }
    )*};
}

value! { i64:
    i64 => |value| value,
    u32 => |value| i64::from(value),
    u64 => |value| i64::try_from(value)?,
    Timestamp => |value| value.micros(),
}

value! { String:
    String => |value| value,
    &String => |value| value.clone(),
    &str => |value| value.to_owned(),
    &EmailAddress => |value| value.as_str().to_owned(),
    &DomainName => |value| value.as_str().to_owned(),
    &text::Name => |value| value.as_str().to_owned(),
    &text::PersonName => |value| value.as_str().to_owned(),
    &text::Tag => |value| value.as_str().to_owned(),
    ids::OrganisationId => |value| value.to_string(),
    ids::AdministratorId => |value| value.to_string(),
    ids::TokenId => |value| value.to_string(),
    ids::PlanId => |value| value.to_string(),
    ids::LinkId => |value| value.to_string(),
    ids::AccountId => |value| value.to_string(),
    ids::MembershipId => |value| value.to_string(),
    ids::BulkId => |value| value.to_string(),
    ids::ProofId => |value| value.to_string(),
    ids::MailId => |value| value.to_string(),
    ids::AuditId => |value| value.to_string(),
    ids::AttemptId => |value| value.to_string(),
    ids::BatchId => |value| value.to_string(),
    ids::InviteId => |value| value.to_string(),
}

impl<T: Value> Value for Option<T> {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), sqlx::error::BoxDynError> {
        match self {
            Some(value) => value.add_to(arguments),
            None => T::add_null(arguments),
        }
    }

    fn add_null(arguments: &mut AnyArguments) -> Result<(), sqlx::error::BoxDynError> {
        T::add_null(arguments)
    }
}
