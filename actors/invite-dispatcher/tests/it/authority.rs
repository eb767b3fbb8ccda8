//! A relay whose certificate is of an authority that only a file vouches for.

use contract::Secret;
use invite_dispatcher::{Authorities, MailOptions};
use kernel::{Pace, Work as _};
use rstest::rstest;
use testkit::{Engine, SmtpScript, SmtpSink, SmtpTls};

use crate::{
    posted::{self, run},
    scene::Scene,
    sql,
};

const UNKNOWN: &str = "TLS: no authority that is trusted here vouches for the relay's certificate";

/// The way there, with the authority of `vouched` in a file, or without one.
fn way(url: &str, vouched: Option<&SmtpSink>) -> MailOptions {
    let options = MailOptions::parse(&Secret::new(url), "Usher <usher@mail.example>");
    let options = options.unwrap();
    let Some(vouched) = vouched else {
        return options;
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vouched.authority_pem()).unwrap();
    options.with_roots(Authorities::read(file.path()).unwrap())
}

async fn deliver(scene: &Scene, options: MailOptions) {
    run(scene, posted::FORGET_COURIERS.query()).await;
    let mut courier = scene.courier_as(options);
    while courier.work().await.unwrap() == Pace::Again {}
    courier.finish().await;
}

#[rstest]
#[case::from_the_first_byte(SmtpTls::Implicit, "smtps", "")]
#[case::where_it_is_offered(SmtpTls::Offered, "smtp", "")]
#[case::required(SmtpTls::Offered, "smtp", "?tls=required")]
#[actix_rt::test]
async fn mail_waits_for_an_authority_that_is_trusted_and_then_goes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] tls: SmtpTls,
    #[case] scheme: &str,
    #[case] query: &str,
) {
    let sink = SmtpSink::start_with(SmtpScript::new().tls(tls));
    let misnamed = SmtpScript::new().tls(tls).named("mail.hill.edu");
    let misnamed = SmtpSink::start_with(misnamed);
    let url = |sink: &SmtpSink| format!("{scheme}://localhost:{}{query}", sink.address().port());
    let scene = Scene::sending(engine, &sink).await;
    let wrong = [
        (way(&url(&sink), None), UNKNOWN),
        (
            way(&url(&misnamed), Some(&misnamed)),
            "certificate not valid for name \"localhost\"",
        ),
    ];

    // One after the other, because one mail alone tries whether the relay takes any.
    let letter = scene.queue("proof:1").await;
    for (options, why) in &wrong {
        scene.write(&sql::MAKE_DUE).await;
        deliver(&scene, options.clone()).await;
        let look = scene.look(letter).await;
        assert!(look.last_reply.contains(why), "{look:?}");
        assert!(!look.is_sent && !look.is_failed, "{look:?}");
        assert_eq!(look.unknowns, 0);
    }
    let house = scene.house().await;
    let invite = scene.invite(house, "ann@uni.edu").await;
    for (options, _) in wrong {
        run(&scene, posted::MAKE_DUE.query()).await;
        deliver(&scene, options).await;
        let look = scene.see(invite).await;
        assert!(look.is_untouched(), "{look:?}");
    }
    assert_eq!((sink.connections(), misnamed.connections()), (2, 2));
    assert_eq!(sink.commands("MAIL") + misnamed.commands("MAIL"), 0);

    scene.write(&sql::MAKE_DUE).await;
    run(&scene, posted::MAKE_DUE.query()).await;
    deliver(&scene, way(&url(&sink), Some(&sink))).await;
    assert!(scene.look(letter).await.is_sent);
    let look = scene.see(invite).await;
    assert!(look.state == "sent" && look.attempts == 1, "{look:?}");
    assert_eq!(sink.messages().len(), 2);
}
