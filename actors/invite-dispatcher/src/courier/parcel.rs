//! A leased mail, and what is handed over of it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use contract::{
    Clock, EmailAddress, Secret, Timestamp,
    ids::{BatchId, InviteId, MailId, OrganisationId},
    mails::Letter,
    text::{InviteMessage, Language, Name, PersonName},
};
use lettre::Message;
use serde::Serialize;
use smtp::Path;
use store::{Row, StoreError, vault::Vault};
use tokio::time::Instant;
use url::Url;

use super::{
    letters::REPETITIONS,
    receiver::Receiver,
    verdict::{Attempt, Refusal, Verdict},
};
use crate::{
    invitation::{Invitation, Occasion},
    message::{compose, compose_invitation},
    options::MailOptions,
    templates::Words,
    tokens::Tokens,
};

/// A letter of the queue.
#[derive(Clone, Debug)]
pub(super) struct LeasedLetter {
    pub(super) id: MailId,
    pub(super) to: EmailAddress,
    pub(super) letter: String,
    pub(super) attempts: i64,
    /// Earlier attempts of which no reply is known.
    pub(super) unknowns: i64,
    /// Microseconds since it was queued.
    pub(super) age: i64,
}

/// An invite of a batch.
#[derive(Clone, Debug)]
pub(super) struct LeasedInvite {
    pub(super) id: InviteId,
    to: EmailAddress,
    name: Option<PersonName>,
    generation: i64,
    occasion: Occasion,
    expires_at: Timestamp,
    lease: i64,
    pub(super) attempt: Attempt,
    pub(super) taken_at: Instant,
    common: Arc<Common>,
}

/// That an invite was taken: the how-manieth time, by which whose it is now can be told. No two takings have
/// one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Taking {
    pub(super) id: InviteId,
    pub(super) lease: i64,
}

impl Taking {
    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get("id")?,
            lease: row.get("leases")?,
        })
    }
}

/// What all invites of a batch have in common.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) batch: BatchId,
    pub(super) organisation_id: OrganisationId,
    organisation: Name,
    product: String,
    plan: Name,
    inviter: Option<Name>,
    message: Option<InviteMessage>,
    language: Language,
}

/// One mail, with this courier.
#[derive(Clone, Debug)]
pub(super) enum Leased {
    Letter(LeasedLetter),
    Invite(LeasedInvite),
}

/// A mail as it is handed over.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// By which it is kept, where it is kept.
    pub(crate) id: MailId,
    /// Where reports go.
    pub(crate) from: Path,
    pub(crate) to: Path,
    /// Signed, where that is set.
    pub(crate) wire: Vec<u8>,
    pub(crate) words: Words,
    pub(crate) at: Timestamp,
}

/// What composing needs.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) vault: Vault,
    pub(super) tokens: Tokens,
    pub(super) options: MailOptions,
}

impl LeasedLetter {
    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get("id")?,
            to: row.get("recipient")?,
            letter: row.get("letter")?,
            attempts: row.get("attempts")?,
            unknowns: row.get("unknowns")?,
            age: row.get("age")?,
        })
    }
}

impl LeasedInvite {
    pub(super) fn read(row: &Row, common: &Arc<Common>) -> Result<Self, StoreError> {
        let generation = row.get("generation")?;
        let occasion: String = row.get("occasion")?;
        let time = |micros: i64| Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        let was_deferred = row.get::<i64>("was_deferred")? == 1;
        let deferred_for = time(row.get("deferred_for")?);
        Ok(Self {
            id: row.get("id")?,
            to: row.get("email")?,
            name: row.get("name")?,
            generation,
            occasion: Occasion::of(&occasion, row.get("mailing")?, generation),
            expires_at: row.get("expires_at")?,
            lease: row.get("leases")?,
            attempt: Attempt {
                attempts: row.get("attempts")?,
                lost_replies: row.get("lost_replies")?,
                crashes: row.get("crashes")?,
                deferred_for: was_deferred.then_some(deferred_for),
                lives_for: row.get::<Option<i64>>("lives_for")?.map(time),
            },
            taken_at: Instant::now(),
            common: Arc::clone(common),
        })
    }

    pub(super) fn taking(&self) -> Taking {
        Taking {
            id: self.id,
            lease: self.lease,
        }
    }

    /// Whose it is at the other end, as limits count it.
    pub(super) fn receiver(&self) -> Receiver {
        Receiver::of(self.to.domain().as_str())
    }
}

impl Common {
    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        let message: Option<String> = row.get("message")?;
        let language: String = row.get("language")?;
        let product_url: String = row.get("product_url")?;
        let product_url =
            Url::parse(&product_url).map_err(|_| row.bad("product_url", "is no URL"))?;
        let plan = row.get("plan")?;
        Ok(Self {
            batch: row.get("id")?,
            organisation_id: row.get("organisation_id")?,
            organisation: row.get("organisation")?,
            product: Invitation::product_of(&product_url, &plan),
            plan,
            inviter: row.get("inviter")?,
            message: message
                .map(|text| InviteMessage::parse(&text))
                .transpose()
                .map_err(|_| row.bad("message", "is no message"))?,
            language: Language::parse(&language).map_err(|_| row.bad("language", "is none"))?,
        })
    }
}

impl Leased {
    /// Whether it is of one of these batches, or of none.
    pub(super) fn is_of(&self, batches: &HashSet<BatchId>) -> bool {
        match self {
            Self::Letter(_) => true,
            Self::Invite(invite) => batches.contains(&invite.common.batch),
        }
    }

    /// Whether it is one of these invites.
    pub(super) fn is_one_of(&self, invites: &HashSet<InviteId>) -> bool {
        match self {
            Self::Letter(_) => false,
            Self::Invite(invite) => invites.contains(&invite.id),
        }
    }

    /// Whose it is at the other end.
    pub(super) fn receiver(&self) -> Receiver {
        match self {
            Self::Letter(letter) => Receiver::of(letter.to.domain().as_str()),
            Self::Invite(invite) => invite.receiver(),
        }
    }
}

impl Desk {
    /// Composes and signs. Otherwise the verdict is that it cannot be.
    pub(super) fn compose(&self, mail: &Leased) -> Result<Parcel, Verdict> {
        let at = self.clock.now();
        match mail {
            Leased::Letter(letter) => self.letter(letter, at),
            Leased::Invite(invite) => self.invite(invite, at),
        }
    }

    fn letter(&self, mail: &LeasedLetter, at: Timestamp) -> Result<Parcel, Verdict> {
        if mail.unknowns > REPETITIONS {
            return Err(never(&"no reply is known of any attempt; it may be there"));
        }
        let opened = self.vault.open(&mail.id.to_string(), &mail.letter).ok();
        let letter = opened.and_then(|letter| serde_json::from_str::<Letter>(letter.expose()).ok());
        let letter =
            letter.ok_or_else(|| never(&"the letter does not open: another sealing key"))?;
        let words = self.options.templates.letter(&letter);
        let words = words.map_err(|error| never(&error))?;
        let message = compose(mail.id, &self.options.sender, &mail.to, &words, at);
        let message = message.map_err(|error| never(&error))?;
        let from = self.options.sender.from.email.as_ref();
        self.pack(mail.id, from, &mail.to, &message, words, at)
    }

    fn invite(&self, mail: &LeasedInvite, at: Timestamp) -> Result<Parcel, Verdict> {
        let return_path = self
            .options
            .return_path
            .as_ref()
            .map(|path| path.address(&self.tokens.return_path(mail.id, mail.generation)));
        let invitation = self.invitation(mail);
        let words = self.options.templates.invitation(&invitation);
        let words = words.map_err(|error| never(&error))?;
        let by_mail = return_path
            .as_ref()
            .map(|address| format!("mailto:{address}?subject=unsubscribe"));
        let sender = &self.options.sender;
        let message = compose_invitation(&invitation, &words, sender, by_mail.as_deref(), at);
        let message = message.map_err(|error| never(&error))?;
        let from = return_path.as_deref();
        let from = from.unwrap_or(self.options.sender.from.email.as_ref());
        // Kept under an id of its own for every mailing; a repetition of the first replaces it.
        let id = match mail.occasion {
            Occasion::First => mail.id.ulid(),
            _ => self.clock.ulid(),
        };
        self.pack(MailId::new(id), from, &mail.to, &message, words, at)
    }

    fn invitation(&self, mail: &LeasedInvite) -> Invitation {
        let public_url = self.options.public_url.as_str();
        let token = self.tokens.invite(mail.id, mail.generation);
        let unsubscribe = self.tokens.unsubscribe(mail.id, mail.generation);
        let common = &mail.common;
        let accept_url = format!("{public_url}/invite/{}", token.expose());
        Invitation {
            id: mail.id,
            batch: common.batch,
            organisation_id: common.organisation_id,
            organisation: common.organisation.clone(),
            product: common.product.clone(),
            plan: common.plan.clone(),
            inviter: common.inviter.clone(),
            message: common.message.clone(),
            to: mail.to.clone(),
            name: mail.name.clone(),
            decline_url: Secret::new(format!("{accept_url}#decline")),
            accept_url: Secret::new(accept_url),
            code: self.tokens.code(mail.id, mail.generation),
            code_url: format!("{public_url}/invite"),
            unsubscribe_url: Secret::new(format!(
                "{public_url}/unsubscribe/{}",
                unsubscribe.expose()
            )),
            expires_at: mail.expires_at,
            occasion: mail.occasion,
            language: common.language.clone(),
        }
    }

    fn pack(
        &self,
        id: MailId,
        from: &str,
        to: &EmailAddress,
        message: &Message,
        words: Words,
        at: Timestamp,
    ) -> Result<Parcel, Verdict> {
        let mut wire = message.formatted();
        if let Some(signer) = &self.options.signer {
            let signed = signer.sign(&wire);
            wire = signed.map_err(|error| Verdict::Away(format!("cannot sign: {error}")))?;
        }
        Ok(Parcel {
            id,
            from: Path::parse(from).map_err(|error| never(&format!("{from} {error}")))?,
            to: Path::from(to),
            wire,
            words,
            at,
        })
    }
}

fn never(why: &dyn std::fmt::Display) -> Verdict {
    Verdict::Refused(why.to_string(), Refusal::Other)
}
