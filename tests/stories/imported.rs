//! Files of addresses, handed in with the browser and with `usher invite`.

use std::process::Output;

use rstest::rstest;
use serde_json::json;
use testkit::{BusKind, Engine};

use crate::{invited::Scene, invited_states::accept};

const FILE: &str = "Name;E-Mail\r\nAnn Lee;ann@hill.edu\r\nBob Roe;bob@hill.edu\r\nCy;cy\r\n";

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn an_administrator_imports_a_file_and_sends_what_was_taken_of_it(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 1).await;
    let office = &scene.institution.administrator;
    let list = scene.institution.open("/invites").await;
    let page = office.open(&list.link("Import a file")).await;
    let text = page.text();
    assert!(
        text.contains("up to 100,000 addresses and 64 MiB"),
        "{text}"
    );
    assert!(text.contains("(law)"), "the link with its tags: {text}");
    let form = page
        .form("/invites/import")
        .fill("link_id", &scene.link.id)
        .fill("message", "Welcome!");

    // what cannot be read stands beside the file, and what was typed is kept
    let refused = office.upload(&page, &form, ("file", b"name\nAnn\n")).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let error = refused.error("file");
    assert!(error.contains("no column of e-mail addresses"), "{error}");
    assert!(
        refused.html.contains("Welcome!</textarea>"),
        "{}",
        refused.html
    );
    let nothing = office.upload(&page, &form, ("file", b"")).await;
    assert_eq!(nothing.error("file"), "The file holds no rows.");
    let none = office.upload(&page, &form, ("other", b"x")).await;
    assert_eq!(none.error("file"), "Choose a file.");
    let two = b"a,b\nann@hill.edu,bob@hill.edu\n";
    let which = office.upload(&page, &form, ("file", two)).await;
    assert!(
        which.error("file").contains("Several columns"),
        "{}",
        which.text()
    );
    let none = scene.institution.open("/invites").await;
    assert!(
        none.text().contains("Nobody was invited"),
        "{}",
        none.text()
    );

    let draft = office.upload(&page, &form, ("file", FILE.as_bytes())).await;
    let text = draft.text();
    assert_eq!(draft.status, 200, "{text}");
    assert_eq!(draft.heading(), "Invites to First year", "{text}");
    assert!(text.contains("1 more than there are free seats"), "{text}");
    let names = [
        "<th>Name</th>",
        "<td data-label=\"Name\" class=\"break\">Ann Lee</td>",
    ];
    assert!(names.iter().all(|name| draft.html.contains(name)), "{text}");
    let list = scene.institution.open("/invites").await;
    assert_eq!(list.rows()[0][4], "Draft", "{}", list.text());
    assert!(scene.relay.messages().is_empty(), "nothing is sent yet");
    let sent = office.submit(&draft, &draft.form("/send")).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let (ann, _) = scene.mailed("ann@hill.edu").await;
    scene.mailed("bob@hill.edu").await;
    let welcome = accept(&scene.node.browser(), &ann).await;
    assert_eq!(welcome.heading(), "Welcome, Ann", "{}", welcome.text());
    let users = scene.owner.all(&format!("{}/users", scene.at)).await;
    let [user] = &users[..] else {
        panic!("{users:?}");
    };
    assert_eq!(
        (&user["email"], &user["status"], &user["door"]),
        (&json!("ann@hill.edu"), &json!("assigned"), &json!("invite"))
    );
    scene.ground.usher(&["verify"]);
}

#[tokio::test]
async fn a_form_of_another_site_and_a_viewer_import_nothing() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 1).await;
    let office = &scene.institution.administrator;
    let page = scene.institution.open("/invites/import").await;
    let form = page.form("/invites/import");
    let fields = [("link_id", scene.link.id.as_str())];
    // no file at all, and not as a form sends one
    let answer = office.post(page.url.path(), &fields).await;
    assert_eq!(answer.status, 415, "{}", answer.text());
    let foreign = office
        .submit_from("https://evil.example", &page, &form)
        .await;
    assert_eq!(foreign.status, 403);
    let list = scene.institution.open("/invites").await;
    assert!(
        list.text().contains("Nobody was invited"),
        "{}",
        list.text()
    );
}

/// Runs `usher invite` at the node, with the token in the environment.
fn usher_invite(scene: &Scene, token: &str, more: &[&str]) -> (Output, String, String) {
    let mut args = vec![
        "invite",
        "--url",
        &scene.node.http,
        "--link",
        &scene.link.id,
    ];
    args.extend_from_slice(more);
    let token = [("USHER_TOKEN", token)];
    let output = scene.ground.try_usher(&args, &token);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

#[rstest]
#[case(Engine::Sqlite, BusKind::Local)]
#[case(Engine::Postgres, BusKind::Nats)]
#[tokio::test]
async fn usher_invite_hands_a_file_in_and_watches_it_to_its_end(
    #[case] engine: Engine,
    #[case] bus: BusKind,
) {
    let scene = Scene::open(engine, bus, 5).await;
    let new = json!({ "name": "usher invite", "role": "manager" });
    let path = format!("{}/tokens", scene.at);
    let token = scene.owner.make(&path, new).await;
    let token = token["token"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list.csv");
    std::fs::write(&file, FILE).unwrap();
    let file = file.to_str().unwrap();

    let (output, out, err) = usher_invite(&scene, token, &["--dry-run", file]);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(
        out.contains("given 3\ntaken 2\nnot-an-address 1\n"),
        "{out}"
    );
    assert!(err.contains("line 4: cy: not-an-address"), "{err}");
    assert!(err.contains("nothing was sent"), "{err}");
    assert!(
        !err.contains('\u{1b}'),
        "no bar where nobody looks: {err:?}"
    );
    assert!(scene.relay.messages().is_empty());

    let (output, out, err) = usher_invite(&scene, token, &[file]);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(out.ends_with("sent 2\n"), "{out}");
    scene.mailed("ann@hill.edu").await;
    scene.mailed("bob@hill.edu").await;

    // the same again invites nobody, and says so by its exit code
    let (output, out, err) = usher_invite(&scene, token, &[file]);
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.contains("already-invited 2\n"), "{out}");
    assert!(err.ends_with("usher: no row was taken\n"), "{err}");
}

#[tokio::test]
async fn usher_invite_says_what_is_wrong() {
    let scene = Scene::open(Engine::Sqlite, BusKind::Local, 5).await;
    let new = json!({ "name": "usher invite", "role": "manager" });
    let path = format!("{}/tokens", scene.at);
    let token = scene.owner.make(&path, new).await;
    let token = token["token"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list.csv");
    std::fs::write(&file, "name\nAnn\n").unwrap();
    let file = file.to_str().unwrap();
    let two = folder.path().join("two.csv");
    std::fs::write(&two, "own,other\nann@hill.edu,bob@hill.edu\n").unwrap();
    let two = two.to_str().unwrap();
    for (token, args, says) in [
        (token, vec![file], "no column of e-mail addresses"),
        (
            token,
            vec![two],
            "1, 2. Say which one to use. Name it with --column.",
        ),
        (token, vec!["--column", "x", two], "Name it with --column."),
        (token, vec!["/nowhere/list.csv"], "cannot read"),
        ("wrong", vec![file], "Sign in"),
        (token, vec!["-"], "The file holds no rows"),
    ] {
        let (output, out, err) = usher_invite(&scene, token, &args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {err}");
        assert!(out.is_empty(), "{out}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
}
