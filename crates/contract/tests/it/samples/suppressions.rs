//! Who gets no invites, and what came back.

use contract::{
    ids::OrganisationId,
    page::{Cursor, Page, PageRequest},
    suppressions::{
        About, AddSuppression, LiftSuppression, ListSuppressions, MailReport, ReportKind,
        ReportsTaken, ResolveUnsubscribe, Suppression, SuppressionReason, TakeReports, Unsubscribe,
        UnsubscribeFace, UnsubscribeScope,
    },
};

use super::{NOON, Sample, email, id, name, sample, secret};

pub(super) fn samples() -> Vec<Sample> {
    kept()
        .into_iter()
        .chain(unsubscribed())
        .chain([reported()])
        .collect()
}

fn suppression(reason: SuppressionReason) -> Suppression {
    Suppression {
        email: email("ann@x.edu"),
        reason,
        since: NOON,
        created_by: "administrator:01".to_owned(),
    }
}

fn kept() -> [Sample; 3] {
    let organisation = id(OrganisationId::new);
    let reasons = [
        SuppressionReason::Bounce,
        SuppressionReason::Complaint,
        SuppressionReason::Unsubscribed,
        SuppressionReason::Manual,
    ];
    [
        sample(
            [ListSuppressions {
                organisation,
                reason: Some(SuppressionReason::Bounce),
                q: Some("x.edu".to_owned()),
                page: PageRequest {
                    cursor: Some(Cursor("after".to_owned())),
                    limit: Some(20),
                },
            }],
            [Page {
                items: reasons.map(suppression).into(),
                next_cursor: Some(Cursor("after".to_owned())),
            }],
        ),
        sample(
            [SuppressionReason::Manual, SuppressionReason::Unsubscribed].map(|reason| {
                AddSuppression {
                    organisation,
                    email: email("ann@x.edu"),
                    reason,
                }
            }),
            [suppression(SuppressionReason::Manual)],
        ),
        sample(
            [LiftSuppression {
                organisation,
                email: email("ann@x.edu"),
            }],
            [()],
        ),
    ]
}

fn unsubscribed() -> [Sample; 2] {
    let face = || UnsubscribeFace {
        email: email("ann@x.edu"),
        organisation_name: name("Law School"),
    };
    let scopes = [UnsubscribeScope::Organisation, UnsubscribeScope::Everybody];
    [
        sample([ResolveUnsubscribe { token: secret() }], [face()]),
        sample(
            scopes.map(|scope| Unsubscribe {
                token: secret(),
                scope,
            }),
            [face()],
        ),
    ]
}

fn reported() -> Sample {
    let kinds = [
        ReportKind::Delivered,
        ReportKind::Delayed,
        ReportKind::SoftBounce,
        ReportKind::HardBounce,
        ReportKind::Complaint,
        ReportKind::Unsubscribed,
    ];
    let report = |kind| MailReport {
        about: About::MessageId("inv-01@usher.example".to_owned()),
        recipient: Some(email("ann@x.edu")),
        kind,
        detail: "550 5.1.1 no such user".to_owned(),
        event_id: Some("event-1".to_owned()),
    };
    let returned = MailReport {
        about: About::ReturnPath("b+01".to_owned()),
        recipient: None,
        ..report(ReportKind::HardBounce)
    };
    sample(
        [TakeReports {
            provider: "relay".to_owned(),
            reports: kinds.into_iter().map(report).chain([returned]).collect(),
        }],
        [ReportsTaken { changed: 3 }],
    )
}
