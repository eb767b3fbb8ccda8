//! Mails that nobody gets: each template is tried with them at start.

use contract::{
    EmailAddress, Secret, Timestamp,
    ids::{BatchId, InviteId, OrganisationId, Ulid},
    mails::Letter,
    text::{InviteMessage, Language, Name, PersonName},
};
use minijinja::Value;
use serde_json::json;

use crate::{
    invitation::{Invitation, Occasion},
    letter::context_of,
};

/// What a template is given, and what it must not leave out.
pub(crate) struct Sample {
    pub(crate) context: Value,
    /// Names, and their values here.
    pub(crate) must_say: Vec<(&'static str, String)>,
}

/// Samples of a mail: with all that may be there, and with none of it.
pub(crate) fn of(mail: &str) -> Vec<Sample> {
    if mail == "invite" {
        let occasions = ["first", "resend", "reminder"].map(|name| Occasion::of(name, 1, 1));
        let pairs = occasions.map(|occasion| [(occasion, true), (occasion, false)]);
        let invitations = pairs.into_iter().flatten();
        let invitations = invitations.filter_map(|(occasion, is_full)| invite(occasion, is_full));
        return invitations
            .map(|invitation| sample_of(&invitation))
            .collect();
    }
    let samples = letters().into_iter().map(|(letter, url)| {
        let (of, context) = context_of(&letter);
        let must_say = url.map(|url| ("its link", url)).into_iter().collect();
        (of, Sample { context, must_say })
    });
    let samples = samples.filter(|(of, _)| *of == mail);
    samples.map(|(_, sample)| sample).collect()
}

fn sample_of(invitation: &Invitation) -> Sample {
    let must_say = [
        ("accept_url", invitation.accept_url.expose()),
        ("unsubscribe_url", invitation.unsubscribe_url.expose()),
        ("organisation", invitation.organisation.as_str()),
        ("address", invitation.to.as_str()),
    ];
    let must_say = must_say.map(|(name, value)| (name, value.to_owned()));
    Sample {
        context: invitation.context(),
        must_say: must_say.into(),
    }
}

pub(crate) fn invite(occasion: Occasion, is_full: bool) -> Option<Invitation> {
    let url = |path: &str| Secret::new(format!("https://usher.example/{path}/sample"));
    let nth = Ulid::from_parts(1, 1);
    let mut invitation = Invitation {
        id: InviteId::new(nth),
        batch: BatchId::new(nth),
        organisation_id: OrganisationId::new(nth),
        organisation: Name::parse("Sample University").ok()?,
        product: "product.example".to_owned(),
        plan: Name::parse("Sample plan").ok()?,
        inviter: None,
        message: None,
        to: EmailAddress::parse("ann@sample.example.edu").ok()?,
        name: None,
        accept_url: url("invite"),
        code: Secret::new("ABCD2345"),
        code_url: "https://usher.example/invite".to_owned(),
        decline_url: url("decline"),
        unsubscribe_url: url("unsubscribe"),
        expires_at: Timestamp::from_micros(1_796_169_900_000_000),
        occasion,
        language: Language::default(),
    };
    if is_full {
        invitation.inviter = Some(Name::parse("Sam Sample").ok()?);
        invitation.message = Some(InviteMessage::parse("One line.\n\nAnother.").ok()?);
        invitation.name = Some(PersonName::parse("Ann").ok()?);
    }
    Some(invitation)
}

/// Every letter, with the link that it is sent for.
fn letters() -> Vec<(Letter, Option<String>)> {
    let url = "https://usher.example/sample";
    let joined = |status: &str, due: Option<&str>| {
        json!({
            "kind": "join-confirmation", "first_name": "Ann", "organisation": "Sample University",
            "status": status, "proof_due_at": due, "proof_url": url, "code": "123456",
            "product_url": "https://product.example/",
        })
    };
    let sample_said = |state: &str| json!({"count": 7, "state": state, "code": "5.1.1", "text": "550 5.1.1 no such user"});
    let paused = |reason: &str, said: &serde_json::Value, waiting: u64| {
        json!({
            "kind": "batch-paused", "organisation": "Sample University", "link": "Sample link",
            "reason": reason, "said": said, "waiting": waiting, "batch_url": url,
        })
    };
    let given = |status: &str, proof_url: Option<&str>| {
        json!({
            "kind": "seat-given", "first_name": "Ann", "organisation": "Sample University",
            "status": status, "proof_due_at": proof_url.map(|_| "2026-12-01T12:00:00Z"),
            "proof_url": proof_url,
            "product_url": proof_url.map_or(url, |_| "https://product.example/"),
        })
    };
    let letters = [
        joined("assigned", Some("2026-12-01T12:00:00Z")),
        joined("held", Some("2026-12-01T12:00:00Z")),
        joined("waiting", None),
        given("assigned", Some(url)),
        given("held", Some(url)),
        given("assigned", None),
        json!({"kind": "proof", "first_name": "Ann", "proof_url": url, "code": "123456"}),
        json!({"kind": "password-reset", "first_name": "Ann", "reset_url": url, "code": "123456"}),
        json!({"kind": "address-change", "first_name": "Ann", "change_url": url, "code": "123456"}),
        json!({"kind": "address-changed", "first_name": "Ann"}),
        json!({"kind": "administrator-invite", "organisation": "Sample", "setup_url": url}),
        paused(
            "bounces",
            &json!([sample_said("bounced"), sample_said("complained")]),
            2,
        ),
        paused("complaints", &json!([sample_said("failed")]), 1),
        paused("refusals", &json!([]), 0),
        json!({"kind": "administrator-elsewhere", "organisation": "Sample"}),
        json!({"kind": "administrator-reset", "reset_url": url}),
    ];
    let links = letters.map(|letter| {
        let has_link = letter
            .get("kind")
            .is_some_and(|kind| kind != "address-changed" && kind != "administrator-elsewhere");
        (letter, has_link.then(|| url.to_owned()))
    });
    let read = links.into_iter().filter_map(|(letter, link)| {
        let letter = serde_json::from_value(letter).ok()?;
        Some((letter, link))
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::MAILS;

    #[test]
    fn every_mail_has_its_samples() {
        let count = |mail| of(mail).len();
        assert_eq!(MAILS.map(count), [6, 3, 2, 3, 5, 3]);
    }

    #[test]
    fn every_letter_is_among_them() {
        let mut seen: Vec<_> = letters()
            .iter()
            .map(|(letter, _)| match letter {
                Letter::JoinConfirmation { .. } => 0,
                Letter::SeatGiven { .. } => 1,
                Letter::Proof { .. } => 2,
                Letter::PasswordReset { .. } => 3,
                Letter::AddressChange { .. } => 4,
                Letter::AddressChanged { .. } => 5,
                Letter::AdministratorInvite { .. } => 6,
                Letter::BatchPaused { .. } => 7,
                Letter::AdministratorElsewhere { .. } => 8,
                Letter::AdministratorReset { .. } => 9,
            })
            .collect();
        seen.dedup();
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
}
