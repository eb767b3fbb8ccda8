//! Access links.

use contract::{
    DomainName,
    ids::{BulkId, LinkId, OrganisationId, PlanId},
    links::{
        CreateLink, GetLink, Link, LinkClosed, LinkFace, LinkSwitch, ListLinks, ResolveLink,
        RotateLink, SwitchLink, UpdateLink,
    },
    organisations::JoinProof,
};

use super::{
    NOON, Sample,
    directory::{page, page_of, policies},
    id, name, sample, secret, tag, url,
};

fn domains() -> Vec<DomainName> {
    vec![DomainName::parse("x.example").unwrap()]
}

fn link() -> Link {
    Link {
        id: id(LinkId::new),
        name: name("Law 2026"),
        plan_id: id(PlanId::new),
        plan_name: name("Campus"),
        tags: vec![tag("law"), tag("2026")],
        token: secret(),
        uses: 3,
        max_uses: Some(100),
        expires_at: Some(NOON),
        allowed_domains: domains(),
        disabled_at: Some(NOON),
        archived_at: Some(NOON),
        created_at: NOON,
        created_by: "operator".to_owned(),
    }
}

fn update() -> UpdateLink {
    UpdateLink {
        organisation: id(OrganisationId::new),
        link_id: id(LinkId::new),
        name: Some(name("Law 2027")),
        tags: Some(vec![tag("law")]),
        expires_at: None,
        max_uses: None,
        allowed_domains: Some(domains()),
        to_all: None,
    }
}

fn face(closed: Option<LinkClosed>) -> LinkFace {
    LinkFace {
        link_id: id(LinkId::new),
        organisation: id(OrganisationId::new),
        organisation_name: name("Law School"),
        product_url: url("https://read.example/"),
        policies: policies(JoinProof::Later),
        plan_name: name("Campus"),
        allowed_domains: domains(),
        closed,
        has_free_seat: true,
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let organisation = id(OrganisationId::new);
    let link_id = id(LinkId::new);
    let switch = |switch| SwitchLink {
        organisation,
        link_id,
        switch,
    };
    vec![
        sample(
            [CreateLink {
                organisation,
                name: name("Law 2026"),
                plan_id: id(PlanId::new),
                tags: vec![tag("law")],
                expires_at: Some(NOON),
                max_uses: Some(100),
                allowed_domains: domains(),
            }],
            [link()],
        ),
        sample(
            [ListLinks {
                organisation,
                page: page(),
            }],
            [page_of(link())],
        ),
        sample(
            [GetLink {
                organisation,
                link_id,
            }],
            [link()],
        ),
        sample(
            [
                update(),
                UpdateLink {
                    expires_at: Some(None),
                    max_uses: Some(None),
                    ..update()
                },
                UpdateLink {
                    expires_at: Some(Some(NOON)),
                    max_uses: Some(Some(5)),
                    to_all: Some(id(BulkId::new)),
                    ..update()
                },
            ],
            [link()],
        ),
        sample(
            [RotateLink {
                organisation,
                link_id,
            }],
            [link()],
        ),
        sample(
            [LinkSwitch::Disable, LinkSwitch::Enable, LinkSwitch::Archive].map(switch),
            [link()],
        ),
        sample(
            [ResolveLink { token: secret() }],
            [
                None,
                Some(LinkClosed::Expired),
                Some(LinkClosed::UsedUp),
                Some(LinkClosed::PlanEnded),
            ]
            .map(face),
        ),
    ]
}
