//! Where the mail of an invite ends that does not leave any more: not as one of which nothing left,
//! where something did, or may have.

use contract::{
    Clock as _,
    batches::{Steer, SteerBatch},
    ids::InviteId,
    invites::{CancelInvite, ResendInvite, ResendPending},
    suppressions::ReportKind,
};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::Engine;

use crate::{
    invited::{House, Invited, UNSENT},
    invites::readdress,
    posted,
    reports::hear,
    scene::NOON,
    suppressions::suppress,
};

store::statements! {
    /// Nothing was tried.
    STAY = "update invites set attempts = 0 where id = $1";

    /// Its reply was lost; then it was refused for now.
    LOSE = "
        update invites
        set state = 'deferred', reason = 'not-yet', attempts = 2, lost_replies = 1
        where id = $1";

    /// A courier ended over it; then it was refused for now.
    CRASH = "
        update invites
        set state = 'deferred', reason = 'not-yet', attempts = 2, crashes = 1
        where id = $1";

    /// Its replies were lost, and nobody knows more.
    LOSE_ALL = "
        update invites
        set state = 'unknown', reason = 'no-reply', attempts = 2, lost_replies = 2, due_at = null
        where id = $1";

    /// Its reply was lost, and it is tried once more.
    REPEAT = "
        update invites
        set state = 'unknown', reason = 'no-reply', attempts = 1, lost_replies = 1
        where id = $1";

    /// As one that is to be brought to mind.
    BRING_TO_MIND = "
        update invites
        set state = 'queued', occasion = 'reminder', mailing = 2, attempts = 0, lost_replies = 0,
            due_at = now_micros()
        where id = $1";
}

/// What became of an invite before its mail, or the next one, ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// It was sent, and is to be brought to mind.
    Reminded,
    /// A reply was lost.
    Lost,
    /// A courier ended over it.
    Crashed,
    /// All replies were lost, and it is sent again.
    Resent,
    /// The same, with all that is pending.
    AllResent,
    /// All replies were lost, a report said that it arrived, and it is to be brought to mind.
    Told,
    Nothing,
}

impl Before {
    const ALL: [Self; 7] = [
        Self::Reminded,
        Self::Lost,
        Self::Crashed,
        Self::Resent,
        Self::AllResent,
        Self::Told,
        Self::Nothing,
    ];

    /// Where one ends that does not leave any more, `word` where nothing of it did.
    const fn end(self, word: &'static str) -> &'static str {
        match self {
            Self::Reminded | Self::Told => "sent",
            Self::Lost | Self::Crashed | Self::Resent | Self::AllResent => "unknown",
            Self::Nothing => word,
        }
    }

    async fn come(self, on: &Invited, house: House, invite: InviteId) {
        if self == Self::Reminded {
            return on.run(posted::REMIND.bind(invite)).await;
        }
        on.run(UNSENT.bind(invite)).await;
        let statement = match self {
            Self::Lost => &LOSE,
            Self::Crashed => &CRASH,
            Self::Resent | Self::AllResent | Self::Told => &LOSE_ALL,
            Self::Reminded | Self::Nothing => &STAY,
        };
        on.run(statement.bind(invite)).await;
        match self {
            Self::Resent => resend(on, house, invite).await,
            Self::AllResent => {
                let resend = ResendPending {
                    organisation: house.id,
                    batch_id: house.batch,
                    behind: None,
                };
                assert_eq!(on.scene.ask(resend).await.unwrap().count, 1);
            }
            Self::Told => {
                assert_eq!(hear(on, invite, ReportKind::Delivered).await, 1);
                on.run(BRING_TO_MIND.bind(invite)).await;
            }
            Self::Reminded | Self::Lost | Self::Crashed | Self::Nothing => {}
        }
    }
}

async fn resend(on: &Invited, house: House, invite_id: InviteId) {
    let resend = ResendInvite {
        organisation: house.id,
        invite_id,
    };
    on.scene.ask(resend).await.unwrap();
}

async fn cancel(on: &Invited, house: House, invite_id: InviteId) {
    let cancel = CancelInvite {
        organisation: house.id,
        invite_id,
    };
    on.scene.ask(cancel).await.unwrap();
}

/// By what a mail that waits ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its time is over, and somebody looks.
    Swept,
    /// Its time is over when a courier would take it.
    Leased,
    Cancelled,
    BatchCancelled,
    Suppressed,
    Erased,
}

impl End {
    /// Where one ends of which nothing left.
    const fn word(self, is_accepted: bool) -> &'static str {
        match self {
            _ if is_accepted => "unneeded",
            Self::Swept | Self::Leased => "expired",
            Self::Cancelled | Self::BatchCancelled | Self::Erased => "cancelled",
            Self::Suppressed => "suppressed",
        }
    }

    async fn come(self, on: &Invited, house: House, email: &str, invite: InviteId) {
        match self {
            Self::Cancelled => cancel(on, house, invite).await,
            Self::Suppressed => {
                suppress(on, house, email).await.unwrap();
            }
            Self::Erased => {
                let account = on.account(email).await;
                on.erase(house, account).await;
            }
            Self::Swept | Self::Leased | Self::BatchCancelled => {}
        }
    }

    /// What comes for all at once.
    async fn come_for_all(self, on: &Invited, house: House) {
        match self {
            Self::Swept => {
                on.scene.clock.advance_seconds(31 * 86_400);
                on.sweep().await;
            }
            Self::Leased => {
                on.scene.clock.advance_seconds(31 * 86_400);
                on.scene.deliver().await;
            }
            Self::BatchCancelled => {
                let cancel = SteerBatch {
                    organisation: house.id,
                    batch_id: house.batch,
                    steer: Steer::Cancel,
                };
                on.scene.ask(cancel).await.unwrap();
                let mut enlister = on.scene.enlister();
                while enlister.work().await.unwrap() == Pace::Again {}
                on.scene.deliver().await;
            }
            Self::Erased => on.forget(90).await,
            Self::Cancelled | Self::Suppressed => {}
        }
    }
}

#[rstest]
#[actix_rt::test]
async fn what_left_or_may_have_is_not_counted_as_if_nothing_had(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(
        End::Swept,
        End::Leased,
        End::Cancelled,
        End::BatchCancelled,
        End::Suppressed,
        End::Erased
    )]
    end: End,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    on.reopen(a).await;
    let mut expected = Vec::new();
    for is_accepted in [false, true] {
        // Whoever accepted is not taken back.
        if is_accepted && end == End::Cancelled {
            continue;
        }
        for before in Before::ALL {
            let email = format!("{before:?}-{is_accepted}@uni.edu");
            let invite = on.invite(a, &email, "queued").await;
            before.come(&on, a, invite).await;
            let state = before.end(end.word(is_accepted));
            if is_accepted {
                on.accept(a, invite).await;
            }
            end.come(&on, a, &email, invite).await;
            expected.push((invite, email, state));
        }
    }
    end.come_for_all(&on, a).await;
    for (invite, email, state) in expected {
        let look = on.scene.see(invite).await;
        let stands = (look.state.as_str(), look.due_in, look.is_leased);
        assert_eq!(stands, (state, None, false), "{email} {look:?}");
        let reason = match state {
            "unknown" => "no-reply",
            "suppressed" if end == End::Suppressed => "suppressed",
            _ => "",
        };
        assert_eq!(look.reason, reason, "{email} {look:?}");
    }
    let mails = std::fs::read_dir(on.scene.directory());
    assert_eq!(mails.map_or(0, Iterator::count), 0, "nothing leaves");
}

#[rstest]
#[actix_rt::test]
async fn what_nobody_knows_of_ends_in_time_and_is_forgotten_though_its_batch_rests(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    on.reopen(a).await;
    let invite = on.unsent(a, "ann@uni.edu", "queued").await;
    on.run(REPEAT.bind(invite)).await;
    on.run(posted::PAUSE.bind(a.batch)).await;
    on.scene.clock.advance_seconds(31 * 86_400);
    on.sweep().await;
    let look = on.scene.see(invite).await;
    let stands = (look.state.as_str(), look.reason.as_str(), look.due_in);
    assert_eq!(stands, ("unknown", "no-reply", None), "{look:?}");
    on.scene.clock.advance_seconds(90 * 86_400);
    on.forget(90).await;
    let email = on.get(a, invite).await.unwrap().email;
    assert!(email.as_str().ends_with("@forgotten.invalid"), "{email}");
}

#[rstest]
#[actix_rt::test]
async fn what_may_have_left_for_an_address_says_nothing_of_the_next_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let invite = on.unsent(a, "anm@uni.edu", "unknown").await;
    on.run(LOSE_ALL.bind(invite)).await;
    resend(&on, a, invite).await;
    on.run(LOSE_ALL.bind(invite)).await;
    on.rest(invite).await;
    let corrected = readdress(&on, a.id, invite, "ann@uni.edu").await;
    assert!(corrected.is_ok(), "{corrected:?}");
    cancel(&on, a, invite).await;
    assert_eq!(on.state(invite).await, "cancelled");
}

#[rstest]
#[actix_rt::test]
async fn nobody_is_reminded_by_a_batch_that_rests(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let invite = on
        .invite_until(a, "ann@uni.edu", "sent", NOON.plus_days(2))
        .await;
    on.mailed(invite, NOON.plus_days(-10)).await;
    on.reopen(a).await;
    on.run(posted::PAUSE.bind(a.batch)).await;
    on.sweep().await;
    let stand = on.stand(invite).await;
    assert_eq!((stand.state.as_str(), stand.mailing), ("sent", 1));
    on.run(posted::RESUME.bind(a.batch)).await;
    on.sweep().await;
    let stand = on.stand(invite).await;
    assert_eq!((stand.state.as_str(), stand.mailing), ("queued", 2));
    assert!(on.scene.clock.now() < NOON.plus_days(2));
}
