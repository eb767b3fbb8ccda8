//! All mail leaves through here. Owner: invite-dispatcher.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    address::EmailAddress,
    batches::{PauseReason, Said},
    call::{Call, Need, Service},
    ids::{MailId, MembershipId, ProofId},
    page::{Page, PageRequest},
    seats::Status,
    secret::Secret,
    text::{Language, Name, PersonName},
    timestamp::Timestamp,
};

/// Puts a letter into the queue. Once it is answered, the letter is durable and will be sent at
/// least once. Idempotent by `key`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueueMail {
    /// Two requests with the same key are one letter.
    pub key: String,
    /// To whom.
    pub to: EmailAddress,
    /// What is written.
    pub letter: Letter,
}

/// What can be written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Letter {
    /// Somebody joined, and is to prove the address.
    JoinConfirmation {
        /// How they are greeted.
        first_name: PersonName,
        /// Where they joined.
        organisation: Name,
        /// What became of it: assigned, held or waiting.
        status: Status,
        /// Until when to prove the address.
        proof_due_at: Option<Timestamp>,
        /// Opens the page with the button.
        proof_url: Secret,
        /// Six digits for typing.
        code: Secret,
        /// Where to go with the seat.
        product_url: Url,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
    /// Somebody has a seat now without having asked for it then: their turn came, or an
    /// administrator gave them one.
    SeatGiven {
        /// How they are greeted.
        first_name: PersonName,
        /// Where.
        organisation: Name,
        /// What they have: assigned or held.
        status: Status,
        /// Until when to prove the address.
        proof_due_at: Option<Timestamp>,
        /// Opens the page with the button, where the address is to be proved.
        proof_url: Option<Secret>,
        /// Where to go with the seat.
        product_url: Url,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
    /// Somebody asked for a fresh proof.
    Proof {
        /// How they are greeted.
        first_name: PersonName,
        /// Opens the page with the button.
        proof_url: Secret,
        /// Six digits for typing.
        code: Secret,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
    /// Somebody forgot a password.
    PasswordReset {
        /// How they are greeted.
        first_name: PersonName,
        /// Opens the page where a password is set.
        reset_url: Secret,
        /// Six digits for typing.
        code: Secret,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
    /// Somebody wants their account to have this address.
    AddressChange {
        /// How they are greeted.
        first_name: PersonName,
        /// Opens the page with the button.
        change_url: Secret,
        /// Six digits for typing.
        code: Secret,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
    /// Tells the old mailbox that an account has another address.
    AddressChanged {
        /// How they are greeted.
        first_name: PersonName,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
    /// Somebody is to become an administrator.
    AdministratorInvite {
        /// Of which organisation.
        organisation: Name,
        /// Opens the page where a password is set, once.
        setup_url: Secret,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
    /// A batch of invites rests by itself: to whoever sent it.
    BatchPaused {
        /// Of which organisation.
        organisation: Name,
        /// What the access link of its invites is called.
        link: Name,
        /// Why it rests.
        reason: PauseReason,
        /// What was said most often.
        said: Vec<Said>,
        /// How many mails wait.
        waiting: u64,
        /// Opens the page of the batch, for whoever signs in.
        batch_url: Url,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
    /// Tells somebody who administers elsewhere that they were invited, and who can let them in.
    AdministratorElsewhere {
        /// By which organisation.
        organisation: Name,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
    /// An administrator forgot a password.
    AdministratorReset {
        /// Opens the page where a password is set, once.
        reset_url: Secret,
        /// In which language, where there are words in it.
        #[serde(default)]
        language: Language,
    },
}

/// A letter is in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailQueued {
    /// Which; also in its Message-ID.
    pub id: MailId,
}

impl Call for QueueMail {
    const SUBJECT: &'static str = "usher.v1.mails.queue";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = MailQueued;
}

/// The letters that `mail.url = file:…` has kept, the newest first: the demo's mailbox. Refused
/// (`not-found`) for any other transport.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListKeptMails {
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

/// A kept letter as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMail {
    /// Which.
    pub id: MailId,
    /// To whom.
    pub to: String,
    /// Its subject line.
    pub subject: String,
    /// When it was handed over.
    pub sent_at: Timestamp,
}

impl Call for ListKeptMails {
    const SUBJECT: &'static str = "usher.v1.mails.list-kept";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Operator;
    type Reply = Page<KeptMail>;
}

/// One kept letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadKeptMail {
    /// Which.
    pub id: MailId,
}

/// A kept letter, to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMailText {
    /// What the list shows of it.
    pub mail: KeptMail,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl Call for ReadKeptMail {
    const SUBJECT: &'static str = "usher.v1.mails.read-kept";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Operator;
    type Reply = KeptMailText;
}

/// The key of the letter that tells somebody of the seat that they were given at this instant.
pub fn offer_key(membership: MembershipId, at: Timestamp) -> String {
    format!("offer:{membership}:{}", at.micros())
}

/// The key of the letter that tells a mailbox of the change of address for which this was the proof.
pub fn address_changed_key(proof: ProofId) -> String {
    format!("address-changed:{proof}")
}

/// The key of the letter that carries a proof.
pub fn proof_key(proof: ProofId) -> String {
    format!("proof:{proof}")
}
