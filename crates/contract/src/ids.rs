//! Ids carry their kind: `lnk_01J…`, a prefix and a ULID. A wrong prefix is a parse error.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
pub use ulid::Ulid;

/// The text was not an id of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id that starts with {0}_")]
pub struct NotAnId(&'static str);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// What every id of this kind starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// An id of this kind from a fresh ULID of the clock.
            pub const fn new(ulid: Ulid) -> Self {
                Self(ulid)
            }

            /// The ULID behind the prefix.
            pub const fn ulid(self) -> Ulid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0_u8; ulid::ULID_LEN];
                write!(f, concat!($prefix, "_{}"), self.0.array_to_str(&mut text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let digits = text
                    .strip_prefix(concat!($prefix, "_"))
                    .filter(|digits| {
                        digits.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
                    })
                    .ok_or(NotAnId($prefix))?;
                Ulid::from_string(digits).map(Self).map_err(|_| NotAnId($prefix))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

id!(/** An institution that bought seats. */ OrganisationId, "org");
id!(/** Somebody who works in the Subscription Manager. */ AdministratorId, "adm");
id!(/** An API token. */ TokenId, "tok");
id!(/** A purchase of N seats. */ PlanId, "pln");
id!(/** An access link. */ LinkId, "lnk");
id!(/** A person, across organisations; known by proof. */ AccountId, "acc");
id!(/** A person in one organisation: what `users/{id}` names. */ MembershipId, "mbr");
id!(/** A change for many people at once. */ BulkId, "blk");
id!(/** A pending proof of an address. */ ProofId, "prf");
id!(/** A mail that leaves, or has left. */ MailId, "mail");
id!(/** An entry of the audit trail. */ AuditId, "aud");
id!(/** An attempt at a request with an `Idempotency-Key`. */ AttemptId, "att");
id!(/** Many invites, handed in together. */ BatchId, "bat");
id!(/** An e-mail invite of one address. */ InviteId, "inv");
