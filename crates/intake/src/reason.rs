//! Why a piece was not taken.

/// Why a piece was not taken. [`slug`](Self::slug) is its name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No `@`, or nothing on one side of it.
    NotAnAddress,
    /// A row of a file has other cells, and nothing where its address should be.
    Missing,
    /// The same address stands further up.
    Duplicate,
    /// More than one `@`.
    MultipleAt,
    /// A space in the middle.
    SpaceInside,
    /// A control character, a mark that changes the direction of text, or a command to a mail server.
    ControlCharacter,
    /// More than 64 bytes before the `@`.
    TooLongLocal,
    /// More than 254 bytes in all.
    TooLong,
    /// A quoted text before the `@`: legal, and only ever seen in attacks.
    QuotedLocal,
    /// A character before the `@` that is not accepted there.
    LocalPart,
    /// A dot at the start or the end of the part before the `@`, or two in a row.
    DotPlacement,
    /// An IP address in place of a domain.
    DomainLiteral,
    /// A domain of one label.
    NoTld,
    /// An underscore in the domain.
    Underscore,
    /// A domain that cannot exist.
    Domain,
    /// Letters beyond ASCII before the `@` (RFC 6531).
    NonAsciiLocal,
    /// Letters of two scripts that look alike.
    Confusable,
    /// Stands where an address should be, such as `n/a`, or is reserved for examples (RFC 2606).
    Placeholder,
    /// A mailbox that no person reads.
    RoleAddress,
    /// Written so that programs do not find it: `ann (at) x (dot) edu`.
    Obfuscated,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 20] = [
        Self::NotAnAddress,
        Self::Missing,
        Self::Duplicate,
        Self::MultipleAt,
        Self::SpaceInside,
        Self::ControlCharacter,
        Self::TooLongLocal,
        Self::TooLong,
        Self::QuotedLocal,
        Self::LocalPart,
        Self::DotPlacement,
        Self::DomainLiteral,
        Self::NoTld,
        Self::Underscore,
        Self::Domain,
        Self::NonAsciiLocal,
        Self::Confusable,
        Self::Placeholder,
        Self::RoleAddress,
        Self::Obfuscated,
    ];

    /// The stable name.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::NotAnAddress => "not-an-address",
            Self::Missing => "missing",
            Self::Duplicate => "duplicate",
            Self::MultipleAt => "multiple-at",
            Self::SpaceInside => "space-inside",
            Self::ControlCharacter => "control-character",
            Self::TooLongLocal => "too-long-local",
            Self::TooLong => "too-long",
            Self::QuotedLocal => "quoted-local",
            Self::LocalPart => "local-part",
            Self::DotPlacement => "dot-placement",
            Self::DomainLiteral => "domain-literal",
            Self::NoTld => "no-tld",
            Self::Underscore => "underscore",
            Self::Domain => "domain",
            Self::NonAsciiLocal => "smtputf8-required",
            Self::Confusable => "confusable",
            Self::Placeholder => "placeholder",
            Self::RoleAddress => "role-address",
            Self::Obfuscated => "obfuscated",
        }
    }

    /// Reads a slug back.
    pub fn parse(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.slug() == slug)
    }

    /// What is wrong, for whoever handed it in.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotAnAddress => "This is not an e-mail address.",
            Self::Missing => "This row has no e-mail address.",
            Self::Duplicate => "This address stands further up already.",
            Self::MultipleAt => "An address has exactly one @.",
            Self::SpaceInside => "An address has no space inside.",
            Self::ControlCharacter => {
                "This contains hidden control characters, or a command to a mail server."
            }
            Self::TooLongLocal => "The part before the @ is longer than 64 characters.",
            Self::TooLong => "An address is at most 254 characters long.",
            Self::QuotedLocal => "Quotes before the @ are not supported.",
            Self::LocalPart => "A character before the @ is not accepted there.",
            Self::DotPlacement => {
                "The part before the @ starts or ends with a dot, or has two in a row."
            }
            Self::DomainLiteral => "The part after the @ must be a domain, not an IP address.",
            Self::NoTld => "The part after the @ lacks its ending, such as .edu.",
            Self::Underscore => "The domain of an address has no underscore.",
            Self::Domain => "The part after the @ cannot be a domain.",
            Self::NonAsciiLocal => {
                "The letters before the @ need a mail server with SMTPUTF8, which this one is not."
            }
            Self::Confusable => "This mixes letters of two alphabets that look alike.",
            Self::Placeholder => "This is a placeholder or an example, not an address of somebody.",
            Self::RoleAddress => "No person reads the mail of this address.",
            Self::Obfuscated => "The @ or the dot of this address is written in words.",
        }
    }
}
