//! What is odd about an address that was taken.

/// What is odd about an address that was taken. Where there are several, the greatest is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// Is read by several people, most likely.
    RoleAddress,
    /// Has full-width characters, which were read as plain ones.
    FullWidth,
    /// Had invisible characters inside, which were left out.
    Invisible,
    /// A quote or a bracket beside it has no partner.
    Unbalanced,
    /// Came with copies for others (`?cc=`), which were not taken.
    CopiesLeftOut,
    /// Its provider delivers it where an address further up is delivered.
    SameMailbox,
    /// Belongs to a service for addresses to throw away.
    Disposable,
    /// Its domain is a common slip of the hand.
    Typo,
}

impl Oddity {
    /// The stable name.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::RoleAddress => "role-address",
            Self::FullWidth => "full-width",
            Self::Invisible => "invisible-characters",
            Self::Unbalanced => "unbalanced",
            Self::CopiesLeftOut => "copies-left-out",
            Self::SameMailbox => "same-mailbox",
            Self::Disposable => "disposable",
            Self::Typo => "typo",
        }
    }

    /// What is odd, for whoever handed it in.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::RoleAddress => "Several people may read the mail of this address.",
            Self::FullWidth => "Full-width characters were read as plain ones.",
            Self::Invisible => "Invisible characters inside were left out.",
            Self::Unbalanced => "A quote or a bracket beside this address has no partner.",
            Self::CopiesLeftOut => "Only the addressee was taken, not who gets a copy.",
            Self::SameMailbox => "An address further up most likely has the same mailbox.",
            Self::Disposable => "This address is of a service for addresses to throw away.",
            Self::Typo => "The domain looks mistyped.",
        }
    }
}
