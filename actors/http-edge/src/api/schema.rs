//! The small types of the description: texts with a length, a pattern or a format.

use contract::{
    ids,
    text::{self, Tag as TagText},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type},
};

/// White space, as `str::trim` knows it.
macro_rules! space {
    () => {
        r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    };
}

/// What a text must not contain: controls, direction marks, zero-width characters.
macro_rules! unwelcome {
    () => {
        r"\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd"
    };
}

/// A character beyond ASCII that prints, with others behind it that a joiner holds to it.
macro_rules! joined {
    () => {
        concat!(
            r"[^\u0000-\u00a0",
            space!(),
            unwelcome!(),
            r"]([\u200c\u200d][^\u0000-\u00a0",
            space!(),
            unwelcome!(),
            "])*"
        )
    };
}

/// A line with something on it; white space around it is trimmed.
const LINE: &str = concat!(
    "^[",
    space!(),
    "]*([!-~]|",
    joined!(),
    r")([ -~\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]|",
    joined!(),
    ")*[",
    space!(),
    "]*$"
);

/// Six digits, white space anywhere.
const CODE: &str = concat!("^[", space!(), "]*([0-9][", space!(), "]*){6}$");

/// An id: its prefix and a ULID.
fn id_pattern(prefix: &str) -> String {
    format!("^{prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$")
}

fn date_time() -> SchemaFormat {
    SchemaFormat::KnownFormat(KnownFormat::DateTime)
}

fn custom(format: &str) -> SchemaFormat {
    SchemaFormat::Custom(format.to_owned())
}

macro_rules! texts {
    ($($doc:literal $name:ident { $($key:ident: $value:expr),* $(,)? })*) => {$(
        #[doc = $doc]
        #[derive(Debug)]
        pub(super) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($doc))
                    $(.$key(Some($value)))*
                    .into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

texts! {
    "The id of an organisation." OrganisationId { pattern: id_pattern(ids::OrganisationId::PREFIX) }
    "The id of an administrator." AdministratorId { pattern: id_pattern(ids::AdministratorId::PREFIX) }
    "The id of an API token." TokenId { pattern: id_pattern(ids::TokenId::PREFIX) }
    "The id of a plan." PlanId { pattern: id_pattern(ids::PlanId::PREFIX) }
    "The id of an access link." LinkId { pattern: id_pattern(ids::LinkId::PREFIX) }
    "The id of a person in one organisation." UserId { pattern: id_pattern(ids::MembershipId::PREFIX) }
    "The id of a bulk job." BulkId { pattern: id_pattern(ids::BulkId::PREFIX) }
    "The id of a batch of invites." BatchId { pattern: id_pattern(ids::BatchId::PREFIX) }
    "The id of an e-mail invite." InviteId { pattern: id_pattern(ids::InviteId::PREFIX) }
    "The id of a proof of an address." ProofId { pattern: id_pattern(ids::ProofId::PREFIX) }
    "The id of an entry of the audit trail." AuditId { pattern: id_pattern(ids::AuditId::PREFIX) }
    "What something is called." Name { min_length: 1, max_length: text::Name::MOST, pattern: LINE }
    "A first or last name." PersonName { min_length: 1, max_length: text::PersonName::MOST, pattern: LINE }
    "A tag." Tag { min_length: 1, max_length: TagText::MOST, pattern: LINE }
    "An address that mail can be sent to." Email { format: custom("email"), max_length: 254 }
    "A language, such as `en` or `pt-br`." Language { pattern: "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?$" }
    "A domain with at least two labels." Domain { format: custom("hostname"), max_length: 253 }
    "An instant (RFC 3339)." Instant { format: date_time() }
    "An address of the web." WebAddress { format: custom("uri"), max_length: super::texts::URL_MOST }
    "An address of the web, as browsers write it." KeptAddress { format: custom("uri"), max_length: super::texts::URL_KEPT }
    "What is looked for." Search { max_length: super::filter::SEARCH_MOST, pattern: r"^[^\u0000]*$" }
    "A place in a list; opaque." Cursor { min_length: 1, max_length: 512 }
    "The secret in the URL of an access link." LinkToken { min_length: 1, max_length: 128 }
    "The secret in the URL of an invite." InviteToken { min_length: 1, max_length: 128 }
    "The secret in the URL by which mail is unsubscribed." UnsubscribeToken { min_length: 1, max_length: 128 }
    "Six digits of a mail; white space is skipped." Code { min_length: 6, max_length: super::proofs::CODE_MOST, pattern: CODE }
    "A password." Password {
        min_length: contract::people::PASSWORD_LEAST,
        max_length: contract::people::PASSWORD_MOST,
        format: SchemaFormat::KnownFormat(KnownFormat::Password),
    }
}

/// Nothing but true.
#[derive(Debug)]
pub(super) enum Accepted {}

impl PartialSchema for Accepted {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .description(Some("Must be true."))
            .enum_values(Some([true]))
            .into()
    }
}

impl ToSchema for Accepted {}
