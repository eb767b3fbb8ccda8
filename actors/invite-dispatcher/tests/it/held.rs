//! What whoever holds an invite does with it.

use contract::{
    Kind, Problem, Secret,
    invites::{DeclineInvite, Life, Ticket},
};
use rstest::rstest;
use testkit::Engine;

use crate::{
    invited::{Invited, refused},
    invites::resend,
    scene::NOON,
};

#[rstest]
#[actix_rt::test]
async fn whatever_is_no_token_of_a_sent_invite_is_unknown(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let sent = on.invite(on.a, "ann@uni.edu", "sent").await;
    let draft = on
        .invite(on.draft(on.a).await, "bob@uni.edu", "draft")
        .await;
    let mut forged = on.token("invite", sent, 1).expose().to_owned().into_bytes();
    let last = forged.len() - 2;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    for token in [
        Secret::new(String::from_utf8(forged).unwrap()),
        on.token("invite", sent, 2),
        on.token("unsubscribe", sent, 1),
        on.token("invite", draft, 1),
        Secret::new(""),
        Secret::new(sent.to_string()),
    ] {
        let problem = on.resolve(Ticket::Token(token.clone())).await.unwrap_err();
        let text = token.expose();
        assert_eq!(
            problem,
            Problem {
                instance: problem.instance.clone(),
                ..Problem::new(Kind::InviteUnknown)
            },
            "{text}"
        );
        let declined = on.scene.ask(DeclineInvite { token }).await;
        assert_eq!(refused(declined), Some(Kind::InviteUnknown));
    }
    let before = on.stand(sent).await;
    let face = on.open_url(sent, 1).await.unwrap();
    assert_eq!((face.organisation, face.link_id), (on.a.id, on.a.link));
    assert_eq!((face.language.as_str(), face.is_lenient), ("de", false));
    assert_eq!(face.inviter.unwrap().as_str(), "Bob Roe");
    assert_eq!(on.stand(sent).await, before, "looking changes nothing");
}

#[rstest]
#[actix_rt::test]
async fn ten_wrong_codes_end_the_code_until_it_is_sent_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let invite = on.invite(on.a, "ann@uni.edu", "sent").await;
    let code = on.code(invite, 1);
    let typed = format!(" {}-{} ", &code[..4].to_lowercase(), &code[4..]);
    for _ in 0..12 {
        assert_eq!(
            on.type_code("ANN@uni.edu", &typed).await.unwrap().id,
            invite
        );
    }
    assert_eq!(
        on.stand(invite).await.code_failures,
        0,
        "right ones cost nothing"
    );
    let wrong = if code.starts_with('2') { "3" } else { "2" }.to_owned() + &code[1..];
    let unknown = Some(Kind::InviteUnknown);
    assert_eq!(on.told(on.a, "invite.refuse-code").await.0, 0);
    assert_eq!(refused(on.type_code("bob@uni.edu", &code).await), unknown);
    for _ in 0..10 {
        assert_eq!(refused(on.type_code("ann@uni.edu", &wrong).await), unknown);
    }
    assert_eq!(
        refused(on.type_code("ann@uni.edu", &code).await),
        unknown,
        "dead"
    );
    assert_eq!(on.stand(invite).await.code_failures, 10);
    assert_eq!(on.told(on.a, "invite.refuse-code").await.0, 1);
    assert_eq!(
        on.open_url(invite, 1).await.unwrap().life,
        Life::Pending,
        "the URL is not"
    );
    resend(&on, on.a.id, invite).await.unwrap();
    assert_eq!(on.type_code("ann@uni.edu", &code).await.unwrap().id, invite);
}

#[rstest]
#[actix_rt::test]
async fn a_declined_invite_gets_no_reminder_and_is_told_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let on = Invited::open(engine).await;
    let a = on.a;
    let invite = on
        .invite_until(a, "ann@uni.edu", "sent", NOON.plus_days(2))
        .await;
    on.mailed(invite, NOON.plus_days(-10)).await;
    on.sweep().await;
    let stand = on.stand(invite).await;
    let waits = (stand.state.as_str(), stand.occasion.as_str(), stand.is_due);
    assert_eq!(waits, ("queued", "reminder", true));
    let decline = || DeclineInvite {
        token: on.token("invite", invite, 1),
    };
    on.scene.ask(decline()).await.unwrap();
    on.scene.ask(decline()).await.unwrap();
    let stand = on.stand(invite).await;
    assert_eq!((stand.state.as_str(), stand.is_due), ("sent", false));
    assert_eq!(on.told(a, "invite.decline").await, (1, 1));
    on.accept(a, invite).await;
    assert_eq!(
        refused(on.scene.ask(decline()).await),
        Some(Kind::InviteUsed)
    );
}
