//! E-mail invites: what an administrator sees and does, and what the invited person does. Owner:
//! invite-dispatcher. Accepting one is an admission: see [`crate::seats::Door::Invite`].

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    address::{DomainName, EmailAddress},
    call::{Call, Need, Service},
    caller::Role,
    ids::{BatchId, InviteId, LinkId, OrganisationId, PlanId},
    page::{Page, PageRequest},
    secret::Secret,
    text::{Language, Name, PersonName, Tag},
    timestamp::Timestamp,
};

/// Where the mail of an invite stands. Whether the invite still works is another matter: see
/// [`Life`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InviteState {
    /// Taken; its batch was not sent yet.
    Draft,
    /// Was taken, and was not sent because something had changed: the reason says what.
    Skipped,
    /// Waits for its turn.
    Queued,
    /// With a courier at this moment.
    Sending,
    /// Was not taken by the relay yet; is tried again.
    Deferred,
    /// The relay may have it: the reply was lost. Is tried once more where a next try is noted.
    Unknown,
    /// The relay has it.
    Sent,
    /// The mailbox has it, as far as somebody told us.
    Delivered,
    /// Came back: the reason says why.
    Bounced,
    /// Its receiver complained about it.
    Complained,
    /// Will not leave: the reason says why.
    Failed,
    /// Was not sent because its receiver wants no mail.
    Suppressed,
    /// Was cancelled before it left.
    Cancelled,
    /// Its time was over before it left.
    Expired,
    /// The invite was accepted before its mail left, which nobody needs any more.
    Unneeded,
}

impl InviteState {
    /// Every state.
    pub const ALL: [Self; 15] = [
        Self::Draft,
        Self::Skipped,
        Self::Queued,
        Self::Sending,
        Self::Deferred,
        Self::Unknown,
        Self::Sent,
        Self::Delivered,
        Self::Bounced,
        Self::Complained,
        Self::Failed,
        Self::Suppressed,
        Self::Cancelled,
        Self::Expired,
        Self::Unneeded,
    ];

    /// The name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Skipped => "skipped",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Deferred => "deferred",
            Self::Unknown => "unknown",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Failed => "failed",
            Self::Suppressed => "suppressed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Unneeded => "unneeded",
        }
    }

    /// Reads a name back.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether something is certainly still to be done. With `Unknown` that depends on whether a next
    /// try is noted.
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            Self::Draft | Self::Queued | Self::Sending | Self::Deferred
        )
    }
}

/// Whether an invite can be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// Can be accepted.
    Pending,
    /// Was accepted.
    Accepted,
    /// Its receiver does not want it; can still be accepted.
    Declined,
    /// An administrator took it back.
    Cancelled,
    /// Its time is over; sending it again renews it.
    Expired,
}

impl Life {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// An invite as its administrators see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// Which.
    pub id: InviteId,
    /// Of which batch.
    pub batch_id: BatchId,
    /// The link whose plan and tags it has.
    pub link_id: LinkId,
    /// What that link is called.
    pub link_name: Name,
    /// To whom.
    pub email: EmailAddress,
    /// How they are called, where the list said so.
    pub name: Option<PersonName>,
    /// Where its mail stands.
    pub state: InviteState,
    /// Whether it can be accepted.
    pub life: Life,
    /// Why it was skipped, failed or bounced: a reason's slug.
    pub reason: Option<String>,
    /// What the relay said last, in its words; without a code before it, in ours, what happened instead.
    pub last_reply: Option<String>,
    /// How often its mail was tried since it was last queued.
    pub attempts: u64,
    /// Whether its receiver may have two copies: a reply was lost, and it was sent again.
    pub may_be_double: bool,
    /// When it is tried next.
    pub next_try_at: Option<Timestamp>,
    /// From when on it may be sent again, where that is later than now: nobody is written to twice
    /// within an hour.
    #[serde(default)]
    pub resend_from: Option<Timestamp>,
    /// When the relay took it last.
    pub sent_at: Option<Timestamp>,
    /// Until when it can be accepted.
    pub expires_at: Option<Timestamp>,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was declined.
    pub declined_at: Option<Timestamp>,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// When it was handed in.
    pub created_at: Timestamp,
    /// The secret in its URL, for whoever may hand it out: managers, of invites that work.
    pub token: Option<Secret>,
}

/// Which invites. Those of drafts, and those that were skipped, are rows of their batch only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteFilter {
    /// Only of this batch.
    #[serde(default)]
    pub batch: Option<BatchId>,
    /// Only where the mail stands there.
    #[serde(default)]
    pub state: Option<InviteState>,
    /// Only in this part of their life.
    #[serde(default)]
    pub life: Option<Life>,
    /// Only where address or name contains this, whatever the case of ASCII letters; at most 100
    /// characters.
    #[serde(default)]
    pub q: Option<String>,
}

/// The invites of the organisation that were sent, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInvites {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    #[serde(default)]
    pub filter: InviteFilter,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListInvites {
    const SUBJECT: &'static str = "usher.v1.invites.list";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<Invite>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// One invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetInvite {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub invite_id: InviteId,
}

impl Call for GetInvite {
    const SUBJECT: &'static str = "usher.v1.invites.get";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Invite;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Sends an invite again: the same URL keeps working, and its time begins anew. Refused with
/// `conflict` when it is accepted or cancelled or is on its way, with `too-many-requests` within an
/// hour of the last one, with `invalid` when its receiver wants no mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResendInvite {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub invite_id: InviteId,
}

impl Call for ResendInvite {
    const SUBJECT: &'static str = "usher.v1.invites.resend";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Invite;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Sends pending invites of a batch again that were sent, as [`ResendInvite`] does; what may not be
/// sent is left out. Of a large batch it is only a piece: asked again, it goes on with the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResendPending {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Of which batch.
    pub batch_id: BatchId,
    /// Behind which of its rows, as [`Resent`] told; its position among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<u64>,
}

/// How many invites are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resent {
    /// That many.
    pub count: u64,
    /// Behind which row there may be more; nothing where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<u64>,
}

impl Call for ResendPending {
    const SUBJECT: &'static str = "usher.v1.invites.resend-pending";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Resent;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Takes an invite back: its URL is dead at once, and no mail of it leaves. Idempotent. Refused with
/// `conflict` when it is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelInvite {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub invite_id: InviteId,
}

impl Call for CancelInvite {
    const SUBJECT: &'static str = "usher.v1.invites.cancel";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Invite;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Corrects the address of an invite and sends it there; the URL that went to the old one is dead.
/// Refused as [`ResendInvite`], save for the hour, since nobody was written to there; and with
/// `conflict` when the new address has a seat or an invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaddressInvite {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub invite_id: InviteId,
    /// The right address.
    pub email: EmailAddress,
}

impl Call for ReaddressInvite {
    const SUBJECT: &'static str = "usher.v1.invites.readdress";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Invite;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// What shows that somebody holds an invite.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ticket {
    /// The secret in the URL.
    Token(Secret),
    /// The code in the mail, typed together with the address.
    Code {
        /// The invited address.
        email: EmailAddress,
        /// Eight characters.
        code: Secret,
    },
}

/// What is behind an invite, for whoever holds it. Changes nothing, but wrong codes are counted and
/// end the code. Refused with `invite-unknown`, whatever the reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolveInvite {
    /// What is shown.
    pub ticket: Ticket,
}

/// An invite as its receiver sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InviteFace {
    /// Which.
    pub id: InviteId,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// What the organisation is called.
    pub organisation_name: Name,
    /// Where its people go once they are seated.
    pub product_url: Url,
    /// The link whose plan and tags it has.
    pub link_id: LinkId,
    /// Of which plan the seat is.
    pub plan_id: PlanId,
    /// Tags that come with the seat.
    pub tags: Vec<Tag>,
    /// Whom it was sent to.
    pub email: EmailAddress,
    /// How they are called, where the list said so.
    pub name: Option<PersonName>,
    /// Who invites.
    pub inviter: Option<Name>,
    /// In which language the mail was written.
    pub language: Language,
    /// Whether it can be accepted.
    pub life: Life,
    /// Until when.
    pub expires_at: Option<Timestamp>,
    /// Whether another address may accept it.
    pub is_lenient: bool,
    /// Such another address must be of one of these domains; empty: of any.
    #[serde(default)]
    pub allowed_domains: Vec<DomainName>,
    /// Whether a seat is free at this moment; if not, whoever accepts waits.
    #[serde(default)]
    pub has_free_seat: bool,
    /// The secret of its URL, also for whoever typed the code.
    pub token: Secret,
}

impl Call for ResolveInvite {
    const SUBJECT: &'static str = "usher.v1.invites.resolve";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = InviteFace;
}

/// Declines an invite: no reminder comes. Idempotent; it can still be accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeclineInvite {
    /// The secret in the URL.
    pub token: Secret,
}

impl Call for DeclineInvite {
    const SUBJECT: &'static str = "usher.v1.invites.decline";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ();
}
