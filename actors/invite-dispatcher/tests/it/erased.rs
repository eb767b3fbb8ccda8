//! Whoever was erased from an organisation is in nothing of it any more, and all of it adds up.

use contract::{
    Clock as _, Kind, Timestamp,
    batches::{Batch, GetBatch},
    ids::{AccountId, InviteId, MembershipId},
    invites::{ReaddressInvite, ResendInvite},
};
use invite_dispatcher::Forgetter;
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::Engine;

use crate::{
    drafts::{draft, send},
    invited::{House, Invited, address, refused},
    scene::NOON,
    suppressions::{lift, suppress, suppressed},
};

store::statements! {
    ACCOUNT = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at)
        values ($1, $2, lower($2), 'Ann', 'Lee', 'ann lee', 0)";

    PLACE = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, created_at)
        values ($1, $2, $3, $4, 'assigned', 'link', 0)";

    USE = "
        insert into invite_uses (invite_id, organisation_id, membership_id, account_id, email_key, at)
        values ($1, $2, 'mbr_1', $3, 'x', $4)";

    ERASE = "insert into erasures (account_id, organisation_id, at) values ($1, $2, $3)";

    WISH = "
        insert into suppressions (email_key, organisation_id, email, reason, created_by, created_at)
        values ($1, '', $1, 'unsubscribed', 'public', 0)";

    SEND = "update batches set sent_at = 0, finished_at = 0 where id = $1";

    pub(crate) END_LEASE = "
        update invites
        set leased_until = null, leased_by = null, state = 'sent'
        where id = $1";

    IS_FORGOTTEN = "
        select count(*) as n from forgotten where account_id = $1 and organisation_id = $2";

    REFUSED = "select count(*) as n from refusals where batch_id = $1";

    /// Everything of an organisation in which an address may stand.
    DUMP = "
        select 'invite ' || state || ' ' || email || ' ' || email_key || ' ' || domain || ' '
            || coalesce(name, '') || ' ' || name_key || ' ' || coalesce(note, '') || ' '
            || coalesce(last_reply, '') as line
        from invites where organisation_id = $1
        union all
        select 'earlier ' || e.email || ' ' || e.email_key
        from earlier_addresses e join invites i on i.id = e.invite_id where i.organisation_id = $1
        union all
        select 'refusal ' || r.input || ' ' || coalesce(r.suggestion, '')
        from refusals r join batches b on b.id = r.batch_id where b.organisation_id = $1
        union all
        select 'suppression ' || email || ' ' || email_key from suppressions where organisation_id = $1
        union all
        select 'audit ' || target || ' ' || action || ' ' || change from audit where organisation_id = $1
        order by line";

    EVERYBODYS = "select email as line from suppressions where organisation_id = ''";

    pub(crate) LETTERS = "
        select recipient || '|' || letter || '|' || coalesce(last_reply, '') as line from mails";
}

pub(crate) const ANN: &str = "Ann@uni.edu";
pub(crate) const KEY: &str = "ann@uni.edu";

impl Invited {
    pub(crate) async fn forget(&self, keep_days: u32) {
        let (db, clock) = (self.scene.db.clone(), self.scene.clock.clone());
        let vault = self.scene.vault.clone();
        let mut forgetter = Forgetter::new(db, clock, vault, keep_days);
        while forgetter.work().await.unwrap() == Pace::Again {}
    }

    pub(crate) async fn account(&self, email: &str) -> AccountId {
        let account = AccountId::new(self.scene.clock.ulid());
        self.run(ACCOUNT.bind(account).bind(email)).await;
        account
    }

    pub(crate) async fn place(&self, house: House, account: AccountId) -> MembershipId {
        let member = MembershipId::new(self.scene.clock.ulid());
        let place = PLACE.bind(member).bind(house.id).bind(account);
        self.run(place.bind(house.plan)).await;
        member
    }

    pub(crate) async fn accept_as(&self, house: House, account: AccountId, invite: InviteId) {
        let used = USE.bind(invite).bind(house.id).bind(account);
        self.run(used.bind(self.scene.clock.now())).await;
    }

    pub(crate) async fn erase(&self, house: House, account: AccountId) {
        let erase = ERASE.bind(account).bind(house.id);
        self.run(erase.bind(self.scene.clock.now())).await;
    }

    pub(crate) async fn is_forgotten(&self, house: House, account: AccountId) -> bool {
        let mut reader = self.scene.db.read().await.unwrap();
        let row = IS_FORGOTTEN.bind(account).bind(house.id);
        let row = row.fetch_one(&mut reader).await.unwrap();
        row.get::<i64>("n").unwrap() == 1
    }

    pub(crate) async fn dump(&self, house: House) -> Vec<String> {
        self.lines(DUMP.bind(house.id)).await
    }

    pub(crate) async fn lines(&self, query: store::Query) -> Vec<String> {
        let mut reader = self.scene.db.read().await.unwrap();
        let rows = query.fetch_all(&mut reader).await.unwrap();
        rows.iter().map(|row| row.get("line").unwrap()).collect()
    }

    pub(crate) async fn batch(&self, house: House) -> Batch {
        let get = GetBatch {
            organisation: house.id,
            batch_id: house.batch,
        };
        self.scene.ask(get).await.unwrap()
    }
}

/// How the rows of a batch add up.
fn counts(batch: &Batch) -> impl PartialEq + std::fmt::Debug {
    let Batch {
        given,
        refused,
        states,
        accepted,
        declined,
        ..
    } = batch.clone();
    (given, refused, states, accepted, declined)
}

fn taken(batch: &Batch) -> u64 {
    batch.states.values().sum()
}

/// Lines that name Ann.
fn of_ann(lines: &[String]) -> Vec<&String> {
    let lines = lines.iter();
    lines
        .filter(|line| {
            let line = line.to_lowercase();
            line.contains("ann@") || line.contains("annie")
        })
        .collect()
}

#[rstest]
#[actix_rt::test]
async fn whoever_was_erased_is_in_nothing_of_the_organisation_and_in_all_of_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, b) = (on.a, on.b);
    let ann = on.account(ANN).await;
    let accepted = on.invite(a, ANN, "sent").await;
    on.accept_as(a, ann, accepted).await;
    let elsewhere_written = on.invite(a, "annie.private@x.edu", "delivered").await;
    on.accept_as(a, ann, elsewhere_written).await;
    let corrected = on.invite(on.draft(a).await, ANN, "bounced").await;
    let other = on.draft(a).await;
    on.run(SEND.bind(other.batch)).await;
    let corrected_there = on.invite(other, ANN, "bounced").await;
    let readdress = ReaddressInvite {
        organisation: a.id,
        invite_id: corrected_there,
        email: address("bob@uni.edu"),
    };
    let before = refused(on.scene.ask(readdress).await);
    assert_eq!(before, None);
    draft(&on, a, ANN).await;
    suppress(&on, a, ANN).await.unwrap();
    let given = draft(&on, a, ANN).await;
    let queued = on.unsent(on.draft(a).await, ANN, "queued").await;
    let theirs = on.invite(b, ANN, "queued").await;
    on.place(b, ann).await;
    assert!(of_ann(&on.dump(a).await).len() > 6);
    let counted = on.batch(a).await;

    on.erase(a, ann).await;
    on.forget(90).await;
    assert!(on.is_forgotten(a, ann).await);
    let dump = on.dump(a).await;
    assert_eq!(of_ann(&dump), Vec::<&String>::new(), "{dump:#?}");
    assert_eq!(
        counts(&on.batch(a).await),
        counts(&counted),
        "adds up as before"
    );
    for invite in [queued, corrected] {
        assert!(!on.stand(invite).await.is_due);
    }
    assert_eq!(on.state(queued).await, "cancelled");
    assert_eq!(on.state(corrected).await, "bounced", "what happened stays");
    let bobs = on.get(a, corrected_there).await.unwrap();
    assert_eq!(bobs.email.as_str(), "bob@uni.edu", "somebody else's");
    let rows = REFUSED.bind(given.id);
    let mut reader = on.scene.db.read().await.unwrap();
    let rows = rows.fetch_one(&mut reader).await.unwrap();
    assert_eq!(rows.get::<i64>("n").unwrap(), 2, "rows stay");
    let used = on.get(a, accepted).await.unwrap();
    let pseudonym = used.email.as_str();
    assert!(pseudonym.ends_with("@forgotten.invalid"), "{pseudonym}");
    let invite = on.get(b, theirs).await.unwrap();
    assert_eq!(invite.email.as_str(), ANN);
    assert_eq!(on.state(theirs).await, "queued");
}

#[rstest]
#[actix_rt::test]
async fn whoever_was_erased_is_still_suppressed_and_invited_anew_where_they_are_not(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let ann = on.account(ANN).await;
    let invite = on.invite(a, ANN, "sent").await;
    suppress(&on, a, ANN).await.unwrap();
    on.erase(a, ann).await;
    on.forget(90).await;
    let listed = suppressed(&on, a).await;
    assert_eq!(listed.len(), 1);
    assert!(listed[0].ends_with("@suppressed.invalid"), "{listed:?}");
    let batch = draft(&on, a, ANN).await;
    assert_eq!(taken(&batch), 0, "nobody writes to them");
    let organisation = a.id;
    let bob = on.invite(a, "bob@uni.edu", "sent").await;
    let readdress = ReaddressInvite {
        organisation,
        invite_id: bob,
        email: address(ANN),
    };
    let suppressed_there = on.scene.ask(readdress).await.unwrap_err();
    assert_eq!(suppressed_there.errors[0].code, "suppressed");

    lift(&on, a, ANN).await.unwrap();
    let batch = draft(&on, a, ANN).await;
    assert_eq!(taken(&batch), 1, "anew");
    let resend = ResendInvite {
        organisation,
        invite_id: invite,
    };
    let resent = refused(on.scene.ask(resend).await);
    assert_eq!(resent, Some(Kind::Conflict), "the old one is over");
    // What is given after the erasure is nothing that it is about.
    on.forget(90).await;
    let dump = on.dump(a).await;
    let is_there = |line: &String| line.starts_with("invite draft Ann@uni.edu ");
    assert!(dump.iter().any(is_there), "{dump:#?}");
}

#[rstest]
#[actix_rt::test]
async fn what_a_courier_has_is_withdrawn_and_forgotten_when_it_comes_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let ann = on.account(ANN).await;
    let invite = on.invite(on.a, ANN, "queued").await;
    on.lease(invite).await;
    on.erase(on.a, ann).await;
    on.forget(90).await;
    assert!(!on.is_forgotten(on.a, ann).await);
    let leased = on.get(on.a, invite).await.unwrap();
    assert!(leased.cancelled_at.is_some());
    on.run(END_LEASE.bind(invite)).await;
    on.scene.clock.advance_seconds(30);
    on.forget(90).await;
    assert!(on.is_forgotten(on.a, ann).await);
    assert_eq!(of_ann(&on.dump(on.a).await).len(), 0);
    assert_eq!(on.state(invite).await, "sent");
    let opened = on.open_url(invite, 1).await;
    assert_eq!(refused(opened), Some(Kind::InviteUnknown));
}

#[rstest]
#[actix_rt::test]
async fn who_wants_to_hear_of_nobody_is_heeded_without_their_address(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] others_know_them: bool,
) {
    let on = Invited::open(engine).await;
    let ann = on.account(ANN).await;
    on.run(WISH.bind(KEY)).await;
    if others_know_them {
        on.invite(on.b, ANN, "sent").await;
    }
    on.erase(on.a, ann).await;
    on.forget(90).await;
    let wishes = on.lines(EVERYBODYS.query()).await;
    assert_eq!(wishes.len(), 1);
    assert_eq!(wishes[0] == KEY, others_know_them, "{wishes:?}");
    for house in [on.a, on.b] {
        let batch = draft(&on, house, ANN).await;
        assert_eq!(taken(&batch), 0, "heeded");
    }
}

#[rstest]
#[actix_rt::test]
async fn nobody_knows_whom_a_letter_went_to_and_none_goes_to_whoever_was_erased(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    on.scene.queue("sent").await;
    on.scene.deliver().await;
    let sent = on.lines(LETTERS.query()).await;
    assert!(sent[0].starts_with("||"), "{sent:?}");

    let ann = on.account(ANN).await;
    on.scene.queue("waits").await;
    on.place(on.b, ann).await;
    on.erase(on.a, ann).await;
    on.forget(90).await;
    let waits = on.lines(LETTERS.query()).await;
    assert_eq!(of_ann(&waits).len(), 1, "they have a place elsewhere");
    on.scene.deliver().await;

    let bob = on.account("bob@uni.edu").await;
    on.scene
        .queue_to("bobs", "Bob@uni.edu", crate::scene::proof("Bob"))
        .await;
    on.erase(on.a, bob).await;
    on.forget(90).await;
    on.scene.deliver().await;
    assert_eq!(on.lines(LETTERS.query()).await, ["||kept", "||kept", "||"]);
    let kept = std::fs::read_dir(on.scene.directory()).unwrap().count();
    assert_eq!(kept, 2 * 2, "Bob's was not sent");
}

/// An invite that was over at some time.
pub(crate) async fn over(
    on: &Invited,
    house: House,
    email: &str,
    state: &str,
    at: Timestamp,
) -> InviteId {
    let invite = on.invite_until(house, email, state, at).await;
    on.mailed(invite, NOON).await;
    invite
}

#[rstest]
#[actix_rt::test]
async fn an_invite_that_nobody_answered_is_forgotten_so_many_days_after_its_end_and_adds_up(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let (a, end) = (on.a, NOON.plus_days(14));
    let ended = over(&on, a, "ann@uni.edu", "sent", end).await;
    let declined = over(&on, a, "declined@uni.edu", "delivered", end).await;
    on.run(crate::posted::DECLINE.bind(declined)).await;
    let accepted = over(&on, a, "accepted@uni.edu", "sent", end).await;
    on.accept(a, accepted).await;
    let later = over(&on, a, "later@uni.edu", "sent", end.plus_days(7)).await;
    let before = on.batch(a).await;
    on.scene.clock.advance_seconds(44 * 86_400 - 1);
    on.forget(30).await;
    assert_eq!(of_ann(&on.dump(a).await).len(), 1, "not yet");
    on.scene.clock.advance_seconds(3_601);
    on.forget(30).await;
    let dump = on.dump(a).await.join("\n");
    for (email, is_kept) in [
        ("ann@", false),
        ("declined@", false),
        ("accepted@", true),
        ("later@", true),
    ] {
        assert_eq!(dump.contains(email), is_kept, "{email} {dump}");
    }
    let after = on.batch(a).await;
    assert_eq!(counts(&after), counts(&before), "adds up as before");
    assert_eq!(on.state(ended).await, "sent");
    let resend = ResendInvite {
        organisation: a.id,
        invite_id: ended,
    };
    let gone = on.scene.ask(resend).await.unwrap_err();
    assert_eq!(gone.kind, Kind::Conflict);
    assert_eq!(taken(&draft(&on, a, ANN).await), 1, "invited anew");
    on.scene.clock.advance_seconds(7 * 86_400);
    on.forget(30).await;
    let dump = on.dump(a).await.join("\n");
    assert!(!dump.contains("later@") && dump.contains("accepted@"));
    assert_eq!(
        refused(on.open_url(later, 1).await),
        Some(Kind::InviteUnknown)
    );
}

#[rstest]
#[actix_rt::test]
async fn what_was_given_and_not_taken_is_forgotten_with_its_batch(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let batch = draft(&on, a, ANN).await;
    send(&on, a, batch.id).await.unwrap();
    let house = House {
        batch: batch.id,
        ..a
    };
    let before = on.batch(house).await;
    on.scene.clock.advance_seconds(30 * 86_400);
    on.forget(30).await;
    let after = on.batch(house).await;
    assert_eq!(counts(&before), counts(&after));
    let dump = on.dump(house).await;
    assert!(dump.contains(&"refusal  ".to_owned()), "{dump:?}");
}
