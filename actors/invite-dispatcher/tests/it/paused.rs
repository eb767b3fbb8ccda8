//! Batches that rest by themselves: for what, who is told, and how they go on.

use std::{collections::BTreeMap, fs, path::Path};

use contract::{
    Caller, Clock as _, Secret, Service,
    batches::{Batch, GetBatch, PauseReason, SendBatch, Steer, SteerBatch},
    caller::{Principal, Role},
    ids::{AdministratorId, TokenId},
    invites::InviteState,
};
use invite_dispatcher::{
    DkimOptions, MailOptions, MailWritten, Mailbox, MailboxMetrics, MailboxOptions, Rates,
};
use kernel::{Pace, Work as _};
use rstest::rstest;
use store::vault::Vault;
use testkit::{Engine, Mail};

use crate::{
    posted::{AUDIT, House, number, open, run},
    scene::Scene,
};

store::statements! {
    ADMINISTRATOR = "
        insert into administrators (id, email, email_key, password_hash, created_at)
        values ($1, $2, $2, $3, 0)";

    OFFICE = "
        insert into administrator_offices (administrator_id, organisation_id, role, created_at)
        values ($1, $2, $3, 0)";

    SENT_BY = "update batches set sent_by = $2 where id = $1";

    CREATED_BY = "update batches set created_by = $2 where id = $1";

    UNSENT = "update batches set sent_at = null where id = $1";

    SENDER = "select coalesce(sent_by, '') as sent_by from batches where id = $1";

    SETTLED = "select count(*) as n from invites where batch_id = $1 and due_at is null";

    /// All of a batch came back but one, which waits.
    COME_BACK = "
        update invites
        set state = 'bounced', reason = 'user-unknown', due_at = null, settled_at = now_micros(),
            last_reply = '550 5.1.1 no such user'
        where batch_id = $1 and position > 0";

    RECEIVERS = "select recipient from mails order by recipient";

    HIDE_MAILS = "alter table mails rename to hidden";

    SHOW_MAILS = "alter table hidden rename to mails";
}

const PEOPLE: usize = 400;
/// Beyond which the limits are looked at.
const RESULTS: i64 = 120;
const RETURN_PATH: &str = "b@bounce.example.edu";

fn uni(_: usize) -> String {
    "uni.edu".to_owned()
}

/// What is wrong with a batch.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// So many recipients are refused, with this reply.
    Refused(usize, &'static str),
    /// So many mails come back later, with this code and these words.
    Returned(usize, &'static str, &'static str),
    /// So many recipients complain.
    Complained(usize),
}

/// What is written about one of our mails that has these headers.
fn report(kind: &str, facts: &str, original: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: mx@isp.example\r\nTo: {RETURN_PATH}\r\nSubject: about your mail\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type={kind}; boundary=\"x\"\r\n\r\n\
         --x\r\nContent-Type: message/{kind}\r\n\r\n{facts}\r\n\r\n\
         --x\r\nContent-Type: text/rfc822-headers\r\n\r\n{original}\r\n--x--\r\n"
    )
}

fn about(fault: Fault, mail: &Mail) -> String {
    let text = mail.text();
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    match fault {
        Fault::Returned(_, code, said) => {
            let facts = format!(
                "Reporting-MTA: dns; mx.isp.example\r\n\r\n\
                 Final-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: {code}\r\n\
                 Diagnostic-Code: smtp; {said}",
                mail.recipients[0]
            );
            report("delivery-status", &facts, headers)
        }
        _ => report(
            "feedback-report",
            "Feedback-Type: abuse\r\nUser-Agent: FBL/1\r\nVersion: 1",
            headers,
        ),
    }
}

/// Reads what came for the return path.
async fn read(scene: &Scene, folder: &Path) {
    let from = format!("maildir:{}", folder.display());
    let options = MailboxOptions::parse(RETURN_PATH, &from).unwrap().unwrap();
    let vault = Vault::new(&Secret::new("sealing key")).unwrap();
    let metrics = MailboxMetrics::unscraped().unwrap();
    let (db, clock) = (scene.db.clone(), scene.clock.clone());
    let mut mailbox = Mailbox::new(db, clock, vault, options, metrics);
    while mailbox.work().await.unwrap() == Pace::Again {}
}

async fn enlist(scene: &Scene) {
    let mut enlister = scene.enlister();
    while enlister.work().await.unwrap() == Pace::Again {}
}

/// Makes somebody an administrator; without a password, who never signed in.
async fn administrator(
    scene: &Scene,
    house: House,
    (email, role): (&str, &str),
    password: Option<&str>,
) -> AdministratorId {
    let id = AdministratorId::new(scene.clock.ulid());
    run(scene, ADMINISTRATOR.bind(id).bind(email).bind(password)).await;
    run(scene, OFFICE.bind(id).bind(house.id).bind(role)).await;
    id
}

async fn sent_by(scene: &Scene, house: House, who: Principal) {
    let role = (house.id, Role::Manager);
    let caller = Caller::within(Service::HttpEdge, who, role, scene.clock.now());
    run(scene, UNSENT.bind(house.batch)).await;
    let send = SendBatch {
        organisation: house.id,
        batch_id: house.batch,
    };
    scene.ask_as(caller, send).await.unwrap();
}

async fn batch(scene: &Scene, house: House) -> Batch {
    let get = GetBatch {
        organisation: house.id,
        batch_id: house.batch,
    };
    let batch = scene.ask(get).await.unwrap();
    assert_eq!(batch.states.values().sum::<u64>(), PEOPLE as u64);
    batch
}

fn recipients(mails: &[Mail]) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for mail in mails {
        *count.entry(mail.recipients[0].clone()).or_default() += 1;
    }
    count
}

#[rstest]
#[case::by_mailboxes_that_do_not_exist(
    Fault::Refused(24, "550 5.1.1 <somebody@uni.edu> no such user"),
    (PauseReason::Bounces, 24, Some("5.1.1"), "550 5.1.1 … no such user")
)]
#[case::by_mailboxes_that_do_not_exist_as_is_told_later(
    Fault::Returned(24, "5.1.1", "550 5.1.1 no such user"),
    (PauseReason::Bounces, 24, Some("5.1.1"), "550 5.1.1 no such user")
)]
#[case::by_what_refuses_us(
    Fault::Refused(9, "550 5.7.1 blocked, see https://isp.example/blocked"),
    (PauseReason::Refusals, 9, Some("5.7.1"), "550 5.7.1 blocked, see …")
)]
#[case::by_what_refuses_us_as_is_told_later(
    Fault::Returned(9, "5.7.1", "550 5.7.1 rejected as spam"),
    (PauseReason::Refusals, 9, Some("5.7.1"), "550 5.7.1 rejected as spam")
)]
#[case::by_complaints(
    Fault::Complained(1),
    (PauseReason::Complaints, 1, None, "reported by FBL/1")
)]
#[actix_rt::test]
async fn a_batch_rests_is_told_of_and_goes_on_with_a_click_without_a_skip_or_a_repeat(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] fault: Fault,
    #[case] expected: (PauseReason, u64, Option<&str>, &str),
) {
    let (sink, scene, house) = open(engine).await;
    scene.many(house, "queued", 0..PEOPLE, uni).await;
    let ann = administrator(&scene, house, ("ann@law.edu", "manager"), Some("p")).await;
    sent_by(&scene, house, Principal::Administrator(ann)).await;
    if let Fault::Refused(count, reply) = fault {
        for n in 0..count {
            sink.reject(&format!("p{n}@uni.edu"), reply);
        }
    }
    let rates = Rates {
        per_second: 200,
        connections: 1,
        ..Rates::default()
    };
    let nothing = Secret::new("");
    let options = MailOptions::read(MailWritten {
        url: &Secret::new(sink.url()),
        from: "Usher <usher@mail.example>",
        reply_to: "",
        return_path: RETURN_PATH,
        templates: "",
        dkim: DkimOptions {
            selector: "",
            domain: "",
            key: &nothing,
        },
    });
    let options = options.unwrap().with_rates(rates);
    let mut courier = scene.courier_as(options.clone());
    let settled = async || number(&scene, SETTLED.bind(house.batch), "n").await;
    while settled().await < RESULTS {
        courier.work().await.unwrap();
    }
    courier.finish().await;
    let folder = tempfile::tempdir().unwrap();
    for name in ["new", "cur", "tmp"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    if let Fault::Returned(count, ..) | Fault::Complained(count) = fault {
        for (n, mail) in sink.messages().iter().take(count).enumerate() {
            let at = folder.path().join("new").join(n.to_string());
            fs::write(at, about(fault, mail)).unwrap();
        }
    }
    read(&scene, folder.path()).await;
    enlist(&scene).await;

    let rests = batch(&scene, house).await;
    let (reason, count, code, text) = expected;
    assert_eq!(rests.pause_reason, Some(reason), "{rests:?}");
    let first = &rests.pause_replies[0];
    assert_eq!((first.count, first.code.as_deref()), (count, code));
    assert_eq!(first.text, text);
    let (left, before) = (rests.left(), sink.messages().len());
    assert!(left > 0 && left < (PEOPLE - 100) as u64, "{left}");
    assert_eq!(rests.states.get(&InviteState::Queued), Some(&left));
    let mut courier = scene.courier_as(options.clone());
    for _ in 0..30 {
        courier.work().await.unwrap();
    }
    courier.finish().await;
    enlist(&scene).await;
    let told = recipients(&sink.messages()[before..]);
    assert_eq!(told, [("ann@law.edu".to_owned(), 1)].into());
    assert_eq!(batch(&scene, house).await.left(), left);

    let resume = SteerBatch {
        organisation: house.id,
        batch_id: house.batch,
        steer: Steer::Resume,
    };
    let resumed = scene.ask(resume).await.unwrap();
    let now = (resumed.paused_at, resumed.pause_reason);
    assert_eq!((now, resumed.pause_replies), ((None, None), Vec::new()));
    enlist(&scene).await;
    scene.deliver().await;
    scene.deliver().await;
    enlist(&scene).await;
    let ended = batch(&scene, house).await;
    assert_eq!(ended.pause_reason, None, "what came back before is known");
    assert!(ended.finished_at.is_some(), "{ended:?}");
    let refused = match fault {
        Fault::Refused(count, _) => count,
        _ => 0,
    };
    let mut all: BTreeMap<_, _> = (refused..PEOPLE)
        .map(|n| (format!("p{n}@uni.edu"), 1))
        .collect();
    all.insert("ann@law.edu".to_owned(), 1);
    assert_eq!(recipients(&sink.messages()), all);
}

/// A batch of which nothing arrived so far.
async fn lost(scene: &Scene) -> House {
    let house = scene.house().await;
    scene.many(house, "queued", 0..PEOPLE, uni).await;
    run(scene, COME_BACK.bind(house.batch)).await;
    house
}

async fn receivers(scene: &Scene) -> Vec<String> {
    let mut reader = scene.db.read().await.unwrap();
    let rows = RECEIVERS.query().fetch_all(&mut reader).await.unwrap();
    let receivers = rows.iter().map(|row| row.get("recipient").unwrap());
    receivers.collect()
}

/// Who sent a batch, and what became of them.
#[derive(Clone, Copy, Debug)]
enum Sender {
    Manager,
    /// May only look since.
    Viewer,
    /// Of another organisation by now.
    Stranger,
    Program,
    /// Of a batch that was sent before anybody noted who does.
    Unnoted,
}

#[rstest]
#[case(Sender::Manager, &["sender@law.edu"])]
#[case(Sender::Unnoted, &["sender@law.edu"])]
#[case(Sender::Viewer, &["one@law.edu", "two@law.edu"])]
#[case(Sender::Stranger, &["one@law.edu", "two@law.edu"])]
#[case(Sender::Program, &["one@law.edu", "two@law.edu"])]
#[actix_rt::test]
async fn whoever_sent_a_batch_is_told_that_it_rests_and_the_owners_where_they_are_gone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] sender: Sender,
    #[case] expected: &[&str],
) {
    let scene = Scene::keeping(engine).await;
    let (house, other) = (lost(&scene).await, scene.house().await);
    let (role, of) = match sender {
        Sender::Viewer => ("viewer", house),
        Sender::Stranger => ("owner", other),
        _ => ("manager", house),
    };
    let id = administrator(&scene, of, ("sender@law.edu", role), Some("p")).await;
    for name in ["one", "two"] {
        administrator(
            &scene,
            house,
            (&format!("{name}@law.edu"), "owner"),
            Some("p"),
        )
        .await;
    }
    administrator(&scene, house, ("three@law.edu", "owner"), None).await;
    administrator(&scene, house, ("four@law.edu", "manager"), Some("p")).await;
    let named = format!("administrator:{id}");
    match sender {
        Sender::Program => {
            let token = TokenId::new(scene.clock.ulid());
            sent_by(&scene, house, Principal::Token(token)).await;
            let mut reader = scene.db.read().await.unwrap();
            let row = SENDER.bind(house.batch).fetch_one(&mut reader).await;
            let noted: String = row.unwrap().get("sent_by").unwrap();
            assert_eq!(noted, format!("token:{token}"));
        }
        Sender::Unnoted => run(&scene, CREATED_BY.bind(house.batch).bind(named)).await,
        _ => run(&scene, SENT_BY.bind(house.batch).bind(named)).await,
    }
    enlist(&scene).await;
    assert_eq!(receivers(&scene).await, expected);
}

#[rstest]
#[actix_rt::test]
async fn whoever_sent_a_batch_is_told_however_many_owners_came_before_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let house = lost(&scene).await;
    for n in 0..51 {
        let owner = (&*format!("o{n}@law.edu"), "owner");
        administrator(&scene, house, owner, Some("p")).await;
    }
    let id = administrator(&scene, house, ("sender@law.edu", "manager"), Some("p")).await;
    let named = format!("administrator:{id}");
    run(&scene, SENT_BY.bind(house.batch).bind(named)).await;
    enlist(&scene).await;
    assert_eq!(receivers(&scene).await, ["sender@law.edu"]);
}

#[rstest]
#[actix_rt::test]
async fn a_batch_rests_together_with_its_letter_and_both_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::keeping(engine).await;
    let house = lost(&scene).await;
    administrator(&scene, house, ("one@law.edu", "owner"), Some("p")).await;
    run(&scene, HIDE_MAILS.query()).await;
    enlist(&scene).await;
    let pauses = async || number(&scene, AUDIT.bind("batch.pause"), "n").await;
    assert_eq!(batch(&scene, house).await.paused_at, None);
    assert_eq!(pauses().await, 0);
    run(&scene, SHOW_MAILS.query()).await;
    let (one, two) = (enlist(&scene), enlist(&scene));
    tokio::join!(one, two);
    enlist(&scene).await;
    assert!(batch(&scene, house).await.paused_at.is_some());
    assert_eq!(pauses().await, 1);
    assert_eq!(receivers(&scene).await, ["one@law.edu"]);
}
