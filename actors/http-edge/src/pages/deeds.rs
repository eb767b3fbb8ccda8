//! What was done, as the audit trail says it: a few words for each action that it notes.

/// Every action with its words; the trail of an organisation says nothing else.
pub(crate) const DEEDS: &[(&str, &str)] = &[
    ("account.change-address", "Changed the address"),
    ("account.change-password", "Changed the password"),
    ("account.delete", "Account deleted"),
    ("account.prove", "Confirmed to own the address"),
    ("account.refuse-code", "Too many wrong codes were typed"),
    (
        "account.refuse-sign-in",
        "Too many sign-ins; no more passwords were looked at",
    ),
    ("account.reset", "Set a new password by the letter"),
    ("account.set-password", "Chose a password"),
    ("account.sign-out", "Signed out everywhere"),
    (
        "account.start-address-change",
        "Asked to change the address",
    ),
    ("account.start-proof", "Letter to confirm the address"),
    ("account.start-reset", "Letter to set a new password"),
    ("administrator.create", "Administrator invited"),
    ("administrator.refuse-sign-in", "Sign-ins were refused"),
    ("administrator.remove", "Administrator removed"),
    ("administrator.set-up", "Set the password up"),
    ("administrator.sign-in", "Signed in"),
    ("administrator.sign-out", "Signed out"),
    ("administrator.start-reset", "Asked to set a new password"),
    ("administrator.update", "Administrator changed"),
    ("batch.cancel", "Invites of a list cancelled"),
    ("batch.finish", "List of invites sent"),
    ("batch.pause", "List of invites paused"),
    ("batch.resend", "Pending invites sent again"),
    ("batch.resume", "List of invites resumed"),
    ("batch.send", "List of invites released"),
    ("bulk.give-up", "Change of several people given up"),
    ("bulk.start", "Several people changed"),
    ("invite.accept", "Invite accepted"),
    ("invite.cancel", "Invite cancelled"),
    ("invite.decline", "Invite declined"),
    ("invite.readdress", "Address of an invite corrected"),
    ("invite.refuse-code", "Too many wrong codes were typed"),
    ("invite.remind", "Reminder sent"),
    ("invite.resend", "Invite sent again"),
    ("invite.unsubscribe", "Wants no more invites"),
    ("link.archive", "Access link deleted"),
    ("link.create", "Access link created"),
    ("link.disable", "Access link switched off"),
    ("link.enable", "Access link switched on"),
    ("link.retag", "Tags of an access link passed on"),
    ("link.rotate", "Access link replaced"),
    ("link.update", "Access link changed"),
    ("organisation.create", "Organisation created"),
    ("organisation.update", "Settings changed"),
    ("plan.create", "Plan created"),
    ("plan.update", "Plan changed"),
    ("seat.admit", "Joined"),
    ("seat.promote", "Got a seat from the waiting list"),
    ("seat.reassign", "Given a seat again"),
    (
        "seat.return",
        "Seat returned: address not confirmed in time",
    ),
    ("seat.revoke", "Seat revoked"),
    ("seat.settle", "Confirmed the address"),
    ("suppression.add", "Address gets no more invites"),
    ("suppression.lift", "Address may be invited again"),
    ("token.create", "API token created"),
    ("token.revoke", "API token revoked"),
    ("user.erase", "Person erased"),
    ("user.retag", "Tags of a person changed"),
];

/// What an action is called; an action of a newer node is its own name.
pub(crate) fn deed(action: &str) -> &str {
    let place = DEEDS.binary_search_by_key(&action, |(action, _)| action);
    let words = place.ok().and_then(|place| DEEDS.get(place));
    words.map_or(action, |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_said_in_words_and_an_unknown_one_by_its_name() {
        assert!(DEEDS.is_sorted());
        assert_eq!(deed("seat.admit"), "Joined");
        assert_eq!(deed("user.retag"), "Tags of a person changed");
        assert_eq!(deed("door.open"), "door.open");
    }
}
