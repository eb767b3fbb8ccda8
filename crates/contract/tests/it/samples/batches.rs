//! Batches of invites: how they are handed in, steered and watched.

use std::collections::BTreeMap;

use contract::{
    batches::{
        AddToBatch, Added, Batch, BatchRow, DiscardBatch, GetBatch, GivenRow, InvitationPreview,
        Limit, ListBatchRows, ListBatches, OpenBatch, Pace, PauseReason, PreviewInvitation, Said,
        SealBatch, SendBatch, Source, Steer, SteerBatch,
    },
    ids::{BatchId, InviteId, LinkId, OrganisationId},
    invites::InviteState,
    page::{Cursor, Page, PageRequest},
    text::{InviteMessage, Language},
};

use super::{NOON, Sample, email, id, name, person, sample, tag};

pub(super) fn samples() -> Vec<Sample> {
    intake().into_iter().chain(watch()).collect()
}

fn batch() -> Batch {
    Batch {
        id: id(BatchId::new),
        link_id: id(LinkId::new),
        link_name: name("First year"),
        tags: vec![tag("law")],
        source: Source::Paste,
        message: Some(InviteMessage::parse("Welcome.\nSee you on Monday.").unwrap()),
        inviter: Some(name("Ann Lee")),
        language: Language::parse("pt-br").unwrap(),
        created_by: "administrator:01".to_owned(),
        created_at: NOON,
        sealed_at: Some(NOON),
        sent_at: Some(NOON),
        paused_at: Some(NOON),
        pause_reason: Some(PauseReason::Administrator),
        pause_replies: Vec::new(),
        cancelled_at: Some(NOON),
        finished_at: Some(NOON),
        given: 17,
        refused: BTreeMap::from([("duplicate".to_owned(), 2), ("suppressed".to_owned(), 1)]),
        states: InviteState::ALL.map(|state| (state, 1)).into(),
        to_repeat: 1,
        accepted: 1,
        declined: 2,
        exceeds_free_seats_by: 4,
        pace: Some(Pace {
            last_minute: 600,
            seconds_left: Some(30),
            limited_by: Some("The mail relay takes 10 mails a second.".to_owned()),
            limit: Some(Limit::RelayRate),
        }),
    }
}

/// One that has nothing yet.
fn opened() -> Batch {
    Batch {
        source: Source::File,
        message: None,
        inviter: None,
        sealed_at: None,
        sent_at: None,
        paused_at: None,
        pause_reason: None,
        cancelled_at: None,
        finished_at: None,
        given: 0,
        refused: BTreeMap::new(),
        states: BTreeMap::new(),
        to_repeat: 0,
        accepted: 0,
        declined: 0,
        exceeds_free_seats_by: 0,
        pace: None,
        ..batch()
    }
}

fn paused(reason: PauseReason) -> Batch {
    Batch {
        pause_reason: Some(reason),
        pause_replies: said(),
        ..batch()
    }
}

pub(super) fn said() -> Vec<Said> {
    let coded = Said {
        count: 7,
        state: InviteState::Bounced,
        code: Some("5.1.1".to_owned()),
        text: "550 5.1.1 no such user".to_owned(),
    };
    let bare = Said {
        count: 1,
        state: InviteState::Failed,
        code: None,
        text: "554 rejected".to_owned(),
    };
    vec![coded, bare]
}

fn given_rows() -> Vec<GivenRow> {
    vec![
        GivenRow {
            line: 2,
            input: "Ann Lee <ann@gmial.com>".to_owned(),
            email: Some(email("ann@gmial.com")),
            name: Some(person("Ann Lee")),
            reason: None,
            suggestion: Some("ann@gmail.com".to_owned()),
        },
        GivenRow {
            line: 3,
            input: "bob@@x.edu".to_owned(),
            email: None,
            name: None,
            reason: Some("local-part".to_owned()),
            suggestion: None,
        },
    ]
}

fn intake() -> [Sample; 5] {
    let organisation = id(OrganisationId::new);
    let batch_id = id(BatchId::new);
    let open = OpenBatch {
        organisation,
        link_id: id(LinkId::new),
        source: Source::Paste,
        message: batch().message,
        inviter: batch().inviter,
        limit: 500,
    };
    let silent = OpenBatch {
        source: Source::File,
        message: None,
        inviter: None,
        ..open.clone()
    };
    [
        sample([open, silent], [batch(), opened()]),
        sample(
            [AddToBatch {
                organisation,
                batch_id,
                first_row: 0,
                rows: given_rows(),
            }],
            [Added { given: 2 }],
        ),
        sample(
            [SealBatch {
                organisation,
                batch_id,
                given: 2,
            }],
            [batch()],
        ),
        sample(
            [DiscardBatch {
                organisation,
                batch_id,
            }],
            [()],
        ),
        sample(
            [SendBatch {
                organisation,
                batch_id,
            }],
            [batch()],
        ),
    ]
}

fn rows() -> Page<BatchRow> {
    let refused = BatchRow {
        row: 1,
        line: 3,
        input: "bob@@x.edu".to_owned(),
        name: None,
        reason: Some("local-part".to_owned()),
        suggestion: Some("bob@x.edu".to_owned()),
        invite_id: None,
        state: None,
    };
    let taken = |state: InviteState| BatchRow {
        row: 0,
        line: 2,
        input: "ann@x.edu".to_owned(),
        name: Some(person("Ann Lee")),
        reason: None,
        suggestion: None,
        invite_id: Some(id(InviteId::new)),
        state: Some(state),
    };
    Page {
        items: InviteState::ALL
            .into_iter()
            .map(taken)
            .chain([refused])
            .collect(),
        next_cursor: Some(Cursor("1".to_owned())),
    }
}

/// One that something holds back.
fn held(limit: Limit) -> Batch {
    Batch {
        pace: Some(Pace {
            last_minute: 0,
            seconds_left: None,
            limited_by: None,
            limit: Some(limit),
        }),
        ..batch()
    }
}

fn watch() -> [Sample; 5] {
    let organisation = id(OrganisationId::new);
    let batch_id = id(BatchId::new);
    let page = PageRequest {
        cursor: Some(Cursor("after".to_owned())),
        limit: Some(20),
    };
    let reasons = [
        PauseReason::Administrator,
        PauseReason::Bounces,
        PauseReason::Complaints,
        PauseReason::Refusals,
    ];
    [
        sample(
            [Steer::Pause, Steer::Resume, Steer::Cancel].map(|steer| SteerBatch {
                organisation,
                batch_id,
                steer,
            }),
            reasons.map(paused),
        ),
        sample(
            [GetBatch {
                organisation,
                batch_id,
            }],
            Limit::ALL.map(held),
        ),
        sample(
            [PreviewInvitation {
                organisation,
                batch_id,
            }],
            [InvitationPreview {
                to: email("ann@uni.edu"),
                subject: "Law School invites you".to_owned(),
                text: "Law School invites you.".to_owned(),
                html: "<p>Law School invites you.</p>".to_owned(),
            }],
        ),
        sample(
            [ListBatches {
                organisation,
                page: page.clone(),
            }],
            [Page {
                items: vec![batch()],
                next_cursor: Some(Cursor("after".to_owned())),
            }],
        ),
        sample(
            [ListBatchRows {
                organisation,
                batch_id,
                state: Some(InviteState::Queued),
                refused: true,
                reason: Some("duplicate".to_owned()),
                page,
            }],
            [rows()],
        ),
    ]
}
