//! What an e-mail address is counted for.

/// What is done about an address. Each is counted by itself: who fills one count shuts no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// Joining by a link or an invite.
    Join,
    /// Asking for a letter: a reset, a proof, a change of address.
    Letter,
    /// Typing the code of an invite.
    Code,
    /// Making somebody an administrator.
    Appoint,
    /// Typing the password again, signed in.
    Password,
}

/// Whom a password signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SignIn {
    /// A person.
    Person,
    /// An administrator.
    Administrator,
}
