//! Access links. Owner: link-registry.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    address::DomainName,
    call::{Call, Need, Service},
    caller::Role,
    ids::{BulkId, LinkId, OrganisationId, PlanId},
    organisations::Policies,
    page::{Page, PageRequest},
    secret::Secret,
    text::{Name, Tag},
    timestamp::Timestamp,
};

/// An access link, as its administrators see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// A memorable name; several links may bear the same.
    pub name: Name,
    /// The plan whose seats it gives.
    pub plan_id: PlanId,
    /// What that plan is called.
    pub plan_name: Name,
    /// Copied to whoever joins through it.
    pub tags: Vec<Tag>,
    /// The secret in its URL; kept sealed so that the URL can be copied again.
    pub token: Secret,
    /// How many seats were given through it; never falls.
    pub uses: u64,
    /// After how many uses it is used up.
    pub max_uses: Option<u64>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// Only addresses of these domains may use it, and must be proved; empty: any.
    pub allowed_domains: Vec<DomainName>,
    /// Since when it is switched off.
    pub disabled_at: Option<Timestamp>,
    /// Since when it is deleted: kept for its name in reports, works no more.
    pub archived_at: Option<Timestamp>,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// Who made it, as in the audit trail.
    pub created_by: String,
}

/// Makes a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateLink {
    /// In which organisation.
    pub organisation: OrganisationId,
    /// A memorable name.
    pub name: Name,
    /// The plan whose seats it gives.
    pub plan_id: PlanId,
    /// Copied to whoever joins; at most [`Tag::MOST_PER_ROW`].
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// When it stops working.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// After how many uses it is used up; at least 1.
    #[serde(default)]
    pub max_uses: Option<u64>,
    /// Only addresses of these domains may use it.
    #[serde(default)]
    pub allowed_domains: Vec<DomainName>,
}

impl Call for CreateLink {
    const SUBJECT: &'static str = "usher.v1.links.create";
    const OWNER: Service = Service::LinkRegistry;
    const FROM: &'static [Service] = &[Service::HttpEdge, Service::Node];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Link;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Every link of the organisation that is not deleted, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListLinks {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which page.
    #[serde(default)]
    pub page: PageRequest,
}

impl Call for ListLinks {
    const SUBJECT: &'static str = "usher.v1.links.list";
    const OWNER: Service = Service::LinkRegistry;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Page<Link>;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// One link, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetLink {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub link_id: LinkId,
}

impl Call for GetLink {
    const SUBJECT: &'static str = "usher.v1.links.get";
    const OWNER: Service = Service::LinkRegistry;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Viewer);
    type Reply = Link;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Changes what is given and leaves the rest. New tags go to whoever joins later, and with `to_all`
/// also to whoever joined already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateLink {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub link_id: LinkId,
    /// A new name.
    #[serde(default)]
    pub name: Option<Name>,
    /// All tags from now on.
    #[serde(default)]
    pub tags: Option<Vec<Tag>>,
    /// `Some(None)` takes the end away.
    #[serde(default, with = "crate::links::absent_or_null")]
    pub expires_at: Option<Option<Timestamp>>,
    /// `Some(None)` takes the bound away; may be set below `uses`, which closes the link.
    #[serde(default, with = "crate::links::absent_or_null")]
    pub max_uses: Option<Option<u64>>,
    /// All domains from now on; empty: any.
    #[serde(default)]
    pub allowed_domains: Option<Vec<DomainName>>,
    /// The job that brings the tags to everybody who joined already; asks for one even if they are the
    /// same, because somebody may have joined with older ones. It begins within seconds, or at once by
    /// [`RetagLink`](crate::bulk::RetagLink).
    #[serde(default)]
    pub to_all: Option<BulkId>,
}

impl Call for UpdateLink {
    const SUBJECT: &'static str = "usher.v1.links.update";
    const OWNER: Service = Service::LinkRegistry;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Link;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// Gives the link a new secret: the old URL is dead at once, the row, name, counts and tags stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotateLink {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub link_id: LinkId,
}

impl Call for RotateLink {
    const SUBJECT: &'static str = "usher.v1.links.rotate";
    const OWNER: Service = Service::LinkRegistry;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Link;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// What becomes of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkSwitch {
    /// It works no more until it is enabled.
    Disable,
    /// It works again.
    Enable,
    /// It is deleted: who joined keeps seat and tags, reports keep its name.
    Archive,
}

/// Disables, enables or deletes a link; doing it twice is the same as once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchLink {
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// Which.
    pub link_id: LinkId,
    /// What becomes of it.
    pub switch: LinkSwitch,
}

impl Call for SwitchLink {
    const SUBJECT: &'static str = "usher.v1.links.switch";
    const OWNER: Service = Service::LinkRegistry;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Administrator(Role::Manager);
    type Reply = Link;
    fn organisation(&self) -> Option<&OrganisationId> {
        Some(&self.organisation)
    }
}

/// What is behind the secret of a URL. Unknown, malformed, rotated, disabled and deleted answer
/// alike, `link-unknown`; expired and used-up links answer with [`LinkFace::closed`]. Changes nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResolveLink {
    /// From the URL.
    pub token: Secret,
}

/// What the holder of a link may see of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkFace {
    /// The link.
    pub link_id: LinkId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What that organisation is called.
    pub organisation_name: Name,
    /// Where its people go once they are seated.
    pub product_url: Url,
    /// What it decided about its people.
    pub policies: Policies,
    /// What the plan is called.
    pub plan_name: Name,
    /// Only addresses of these domains may use it; empty: any.
    pub allowed_domains: Vec<DomainName>,
    /// Why it cannot be used at the moment.
    pub closed: Option<LinkClosed>,
    /// Whether the plan has a free seat at this moment; if not, whoever joins waits.
    pub has_free_seat: bool,
}

/// Why a link that its holder may know of cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkClosed {
    /// Its end has passed.
    Expired,
    /// Every use was taken.
    UsedUp,
    /// The plan behind it has ended.
    PlanEnded,
}

impl From<LinkClosed> for crate::problem::Kind {
    fn from(closed: LinkClosed) -> Self {
        match closed {
            LinkClosed::Expired => Self::LinkExpired,
            LinkClosed::UsedUp => Self::LinkUsedUp,
            LinkClosed::PlanEnded => Self::PlanEnded,
        }
    }
}

impl Call for ResolveLink {
    const SUBJECT: &'static str = "usher.v1.links.resolve";
    const OWNER: Service = Service::LinkRegistry;
    const FROM: &'static [Service] = &[Service::HttpEdge];
    const NEEDS: Need = Need::Anyone;
    type Reply = LinkFace;
}

/// A field that may be absent (leave it), null (clear it) or a value (set it).
pub mod absent_or_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the value or null; absence is the business of `skip_serializing_if`.
    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // Absence travels as an empty list, null and a value as a list of one: JSON has no third
        // nothing, and a message must survive the trip.
        value.iter().collect::<Vec<_>>().serialize(serializer)
    }

    /// Reads it back.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Ok(Vec::<Option<T>>::deserialize(deserializer)?.pop())
    }
}
