//! Many invites, handed in together: staged in pieces, sealed as a draft, sent, steered, watched.
//! Owner: invite-dispatcher.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    address::EmailAddress,
    call::{Call, Need, Service},
    caller::Role,
    ids::{BatchId, InviteId, LinkId, OrganisationId},
    invites::InviteState,
    page::{Page, PageRequest},
    text::{InviteMessage, Language, Name, PersonName, Tag},
    timestamp::Timestamp,
};
pub use crate::{
    pace::{Limit, Pace},
    said::{SAID_MOST, Said},
};

/// The most rows that one message adds to a batch.
pub const BATCH_PIECE: usize = 2_000;

/// How the addresses of a batch were handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Pasted, or typed, or sent as text.
    Paste,
    /// Imported from a file.
    File,
}

impl Source {
    /// The name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paste => "paste",
            Self::File => "file",
        }
    }
}

/// Why a batch rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PauseReason {
    /// An administrator paused it.
    Administrator,
    /// Too many of its mailboxes do not exist.
    Bounces,
    /// Too many people complained.
    Complaints,
    /// The other side refuses us, not the people: see the replies.
    Refusals,
}

impl PauseReason {
    /// The name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Bounces => "bounces",
            Self::Complaints => "complaints",
            Self::Refusals => "refusals",
        }
    }
}

/// Opens a batch that holds nothing yet. One that is not sealed within a day is forgotten. Refused
/// with `not-found` when the organisation has no such link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenBatch {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// The link whose plan, tags and domain rule the invites have.
    pub link_id: LinkId,
    /// How the addresses are handed in.
    pub source: Source,
    /// A word of the inviter to everybody.
    #[serde(default)]
    pub message: Option<InviteMessage>,
    /// Who the mail says invites: a name or an address; the organisation alone when `None`.
    #[serde(default)]
    pub inviter: Option<Name>,
    /// The most rows that may be added.
    pub limit: u64,
}

/// A batch as its administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Which.
    pub id: BatchId,
    /// The link whose plan and tags the invites have.
    pub link_id: LinkId,
    /// What that link is called.
    pub link_name: Name,
    /// The tags of that link.
    pub tags: Vec<Tag>,
    /// How the addresses were handed in.
    pub source: Source,
    /// A word of the inviter to everybody.
    pub message: Option<InviteMessage>,
    /// Who the mail says invites.
    pub inviter: Option<Name>,
    /// In which language the mail is written.
    pub language: Language,
    /// Who opened it, as in the audit trail.
    pub created_by: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When the last row was added: it is a draft from then on.
    pub sealed_at: Option<Timestamp>,
    /// When an administrator sent it.
    pub sent_at: Option<Timestamp>,
    /// Since when it rests.
    pub paused_at: Option<Timestamp>,
    /// Why it rests.
    pub pause_reason: Option<PauseReason>,
    /// Where it rests by itself: what was said most often of its mails until then, what it rests for
    /// first; at most three.
    #[serde(default)]
    pub pause_replies: Vec<Said>,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// When nothing was left to be sent.
    pub finished_at: Option<Timestamp>,
    /// How many rows were handed in: the sum of `refused` and `states`.
    pub given: u64,
    /// Rows that were not taken, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Rows that were taken, by where their mail stands.
    pub states: BTreeMap<InviteState, u64>,
    /// How many of those that are `unknown` are tried once more: of the others nothing is left to be
    /// done.
    #[serde(default)]
    pub to_repeat: u64,
    /// How many people accepted.
    pub accepted: u64,
    /// How many people declined and have not accepted since.
    #[serde(default)]
    pub declined: u64,
    /// How many more of its invites may still take a seat than seats are free now.
    pub exceeds_free_seats_by: u64,
    /// How fast it goes, while it goes.
    pub pace: Option<Pace>,
}

impl Batch {
    /// Of how many mails something is still to be done.
    pub fn left(&self) -> u64 {
        let open = self.states.iter().filter(|(state, _)| state.is_open());
        open.map(|(_, count)| count).sum::<u64>() + self.to_repeat
    }
}

impl Call for OpenBatch {
    const SUBJECT: &'static str = "usher.v1.batches.open";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Batch;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// A row as it was handed in, and what the reader made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenRow {
    /// Where it stood: the line of the file or the text.
    pub line: u32,
    /// What was read there, at most 200 characters.
    pub input: String,
    /// The address, where it is one.
    pub email: Option<EmailAddress>,
    /// The name beside it.
    #[serde(default)]
    pub name: Option<PersonName>,
    /// Why it is none: a reason's slug.
    #[serde(default)]
    pub reason: Option<String>,
    /// What was meant, perhaps; or what is odd about an address that was taken.
    #[serde(default)]
    pub suggestion: Option<String>,
}

/// Adds rows to a batch that is not sealed; each is classified as it comes. Idempotent by
/// `first_row`: the same piece again adds nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddToBatch {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// To which batch.
    pub batch_id: BatchId,
    /// The number of the first of these rows, counted from 0 over the whole batch.
    pub first_row: u64,
    /// At most [`BATCH_PIECE`].
    pub rows: Vec<GivenRow>,
}

/// What became of a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Rows of the batch so far.
    pub given: u64,
}

impl Call for AddToBatch {
    const SUBJECT: &'static str = "usher.v1.batches.add";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Added;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Seals a batch: it is a draft from then on, and no row is added any more. Idempotent. Refused
/// with `conflict` when it has another number of rows than `given`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealBatch {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub batch_id: BatchId,
    /// How many rows it must have.
    pub given: u64,
}

impl Call for SealBatch {
    const SUBJECT: &'static str = "usher.v1.batches.seal";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Batch;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Forgets a batch that was not sealed, and its rows with it. Refused with `conflict` when it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardBatch {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub batch_id: BatchId,
}

impl Call for DiscardBatch {
    const SUBJECT: &'static str = "usher.v1.batches.discard";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = ();
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Sends a draft. Every row is looked at again when its turn comes; what changed since it was taken
/// is `skipped` with its reason. Idempotent. Refused with `conflict` when it is not sealed or is
/// cancelled, with `invalid` when no row was taken or the organisation's limit of a day does not
/// hold all of it: never half a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendBatch {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub batch_id: BatchId,
}

impl Call for SendBatch {
    const SUBJECT: &'static str = "usher.v1.batches.send";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Batch;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// What is done to a batch under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Steer {
    /// Nothing more is begun; what is on its way finishes.
    Pause,
    /// Goes on where it rested, whatever it rested for.
    Resume,
    /// Whatever has not left does not leave, and no invite of it that is not accepted works any
    /// more.
    Cancel,
}

/// Pauses, resumes or cancels a batch, within two seconds. Idempotent. Refused with `conflict` when
/// it is cancelled; a pause, too, of a draft, and where nothing is left to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SteerBatch {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub batch_id: BatchId,
    /// What to do.
    pub steer: Steer,
}

impl Call for SteerBatch {
    const SUBJECT: &'static str = "usher.v1.batches.steer";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Batch;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// One batch, counted at this instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetBatch {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub batch_id: BatchId,
}

impl Call for GetBatch {
    const SUBJECT: &'static str = "usher.v1.batches.get";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Batch;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// The mail of a batch as its first receiver gets it, but for its links and its code: they are of
/// nobody and do not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewInvitation {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Of which batch.
    pub batch_id: BatchId,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationPreview {
    /// To whom; an address of nobody where the batch has no row that was taken.
    pub to: EmailAddress,
    /// Its subject.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As a document of its own.
    pub html: String,
}

impl Call for PreviewInvitation {
    const SUBJECT: &'static str = "usher.v1.batches.preview";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = InvitationPreview;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// The sealed batches of the organisation, the newest first. Each is counted: a page of large ones is shorter than was
/// asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListBatches {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListBatches {
    const SUBJECT: &'static str = "usher.v1.batches.list";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<Batch>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// The rows of a batch as they were handed in, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListBatchRows {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Of which batch.
    pub batch_id: BatchId,
    /// Only those whose mail stands there.
    #[serde(default)]
    pub state: Option<InviteState>,
    /// Only those that were not taken.
    #[serde(default)]
    pub refused: bool,
    /// Only those with this reason.
    #[serde(default)]
    pub reason: Option<String>,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

/// A row of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRow {
    /// Its number, counted from 0.
    pub row: u64,
    /// Where it stood.
    pub line: u32,
    /// What was read there; the address where it was taken.
    pub input: String,
    /// The name that its mail says; `None`: none, or was not taken.
    #[serde(default)]
    pub name: Option<PersonName>,
    /// Why it was not taken, or was skipped, or failed: a reason's slug.
    pub reason: Option<String>,
    /// What was meant, perhaps; or what is odd about it.
    pub suggestion: Option<String>,
    /// The invite that was made of it.
    pub invite_id: Option<InviteId>,
    /// Where its mail stands; `None`: was not taken.
    pub state: Option<InviteState>,
}

impl Call for ListBatchRows {
    const SUBJECT: &'static str = "usher.v1.batches.rows";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<BatchRow>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}
