//! Who gets no invites, and what came back. Owner: invite-dispatcher.

use serde::{Deserialize, Serialize};

use crate::{
    address::EmailAddress,
    call::{Call, Need, Service},
    caller::Role,
    ids::OrganisationId,
    page::{Page, PageRequest},
    secret::Secret,
    text::Name,
    timestamp::Timestamp,
};

/// Why an address gets no invites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionReason {
    /// The mailbox does not exist. Lifted by itself after 90 days, or when a later mail arrives.
    Bounce,
    /// Its owner complained; holds everywhere.
    Complaint,
    /// Its owner does not want to be invited.
    Unsubscribed,
    /// An administrator said so.
    #[default]
    Manual,
}

impl SuppressionReason {
    /// The name on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
            Self::Unsubscribed => "unsubscribed",
            Self::Manual => "manual",
        }
    }

    /// Reads a name back.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Bounce,
            Self::Complaint,
            Self::Unsubscribed,
            Self::Manual,
        ]
        .into_iter()
        .find(|reason| reason.name() == name)
    }
}

/// An address that gets no invites of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Which address.
    pub email: EmailAddress,
    /// Why. Where its owner said so to everybody, or about another organisation, that is not told:
    /// it is not in this list, and invites end as `suppressed`.
    pub reason: SuppressionReason,
    /// Since when.
    pub since: Timestamp,
    /// Who said so, as in the audit trail.
    pub created_by: String,
}

/// The organisation's own suppressions, by address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSuppressions {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Only for this reason.
    #[serde(default)]
    pub reason: Option<SuppressionReason>,
    /// Only where the address contains this; at most 100 characters.
    #[serde(default)]
    pub q: Option<String>,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListSuppressions {
    const SUBJECT: &'static str = "usher.v1.suppressions.list";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<Suppression>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Suppresses an address for the organisation. Idempotent; an older reason stays, unless the owner of
/// the address says now what only they can take back. Refused with `invalid` for a complaint: only who
/// carries mail hears of those.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddSuppression {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which address.
    pub email: EmailAddress,
    /// Why.
    #[serde(default)]
    pub reason: SuppressionReason,
}

impl Call for AddSuppression {
    const SUBJECT: &'static str = "usher.v1.suppressions.add";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Suppression;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Lifts a suppression of the organisation's own. Idempotent. Refused with `conflict` when the
/// owner of the address said it: only they can take it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiftSuppression {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// Which address.
    pub email: EmailAddress,
}

impl Call for LiftSuppression {
    const SUBJECT: &'static str = "usher.v1.suppressions.lift";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = ();
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// From whom somebody wants no invites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnsubscribeScope {
    /// From the organisation that sent the mail.
    Organisation,
    /// From anybody.
    Everybody,
}

/// Whose mail a token of its `List-Unsubscribe` is of. Changes nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolveUnsubscribe {
    /// From the mail.
    pub token: Secret,
}

/// What the unsubscribe page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsubscribeFace {
    /// Whom the mail went to.
    pub email: EmailAddress,
    /// Who sent it.
    pub organisation_name: Name,
}

impl Call for ResolveUnsubscribe {
    const SUBJECT: &'static str = "usher.v1.suppressions.resolve";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = UnsubscribeFace;
}

/// Wants no invites any more (RFC 8058). Idempotent. Refused with `invite-unknown` for a token that
/// is none; works for invites that are over, too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unsubscribe {
    /// From the mail.
    pub token: Secret,
    /// From whom.
    pub scope: UnsubscribeScope,
}

impl Call for Unsubscribe {
    const SUBJECT: &'static str = "usher.v1.suppressions.unsubscribe";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = UnsubscribeFace;
}

/// What somebody else tells about a mail of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// The mailbox has it.
    Delivered,
    /// Is on its way still.
    Delayed,
    /// Came back; another mail may arrive.
    SoftBounce,
    /// Came back; no mail will ever arrive there.
    HardBounce,
    /// Its receiver complained.
    Complaint,
    /// Its receiver wants no more.
    Unsubscribed,
}

/// What names the mail that a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// The token of its return path.
    ReturnPath(String),
    /// Its Message-ID, which is no secret: whoever passes it on vouches for who says so.
    MessageId(String),
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailReport {
    /// About which mail.
    pub about: About,
    /// To whom the mail went, as the reporter names them; where it was forwarded, somebody else.
    #[serde(default)]
    pub recipient: Option<EmailAddress>,
    /// What happened to it.
    pub kind: ReportKind,
    /// In the words of whoever reports, at most 500 characters.
    pub detail: String,
    /// The reporter's name of the event: the same one again changes nothing.
    #[serde(default)]
    pub event_id: Option<String>,
}

/// The most reports of one message.
pub const REPORTS_MOST: usize = 1_000;

/// Takes reports of a webhook whose signature the edge has checked. A report about a mail that is
/// not ours is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeReports {
    /// Who reports: the name in the URL.
    pub provider: String,
    /// At most [`REPORTS_MOST`].
    pub reports: Vec<MailReport>,
}

/// How many reports changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportsTaken {
    /// That many.
    pub changed: u64,
}

impl Call for TakeReports {
    const SUBJECT: &'static str = "usher.v1.suppressions.take-reports";
    const OWNER: Service = Service::InviteDispatcher;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = ReportsTaken;
}
