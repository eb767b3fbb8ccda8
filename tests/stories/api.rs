//! The JSON API, as programs use it.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{BusKind, Engine};

use crate::{
    institution::{Institution, PRODUCT_URL},
    node::Ground,
    person::Person,
    program::Program,
};

#[rstest]
#[tokio::test]
async fn programs_set_an_institution_up_and_somebody_joins(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let operator = Program::of_the_operator(&ground, &node);
    let organisation = json!({ "name": "Hill Valley", "product_url": PRODUCT_URL });
    let organisation = operator.make("/organisations", organisation).await;
    let at = format!("/organisations/{}", organisation["id"].as_str().unwrap());
    let plan = json!({ "name": "Law", "seats": 2 });
    let plan = operator.make(&format!("{at}/plans"), plan).await;
    let link = json!({ "name": "First year", "plan_id": plan["id"], "tags": ["Law"] });
    let link = operator.make(&format!("{at}/links"), link).await;
    let token = link["token"].as_str().unwrap();
    assert_eq!(link["url"], format!("{}/join/{token}", node.http));

    // the public sees what is behind the link, and joins
    let public = Program::of_the_public(&node);
    let join = format!("/join/{token}");
    let face = public.get(&join).await;
    assert_eq!(face["organisation"], "Hill Valley");
    assert_eq!(
        (&face["closed"], &face["has_free_seat"]),
        (&Value::Null, &json!(true))
    );
    let person = Person::numbered(1);
    let joined = public.make(&join, person.registration()).await;
    assert_eq!(joined["seat"]["status"], "assigned");
    assert!(joined["seat"]["proof_due_at"].is_string(), "{joined}");
    let again = public.make(&join, person.registration()).await;
    assert_eq!(
        (&again["user"], &again["seat"]),
        (&joined["user"], &joined["seat"])
    );

    // what came of it
    let user = format!("{at}/users/{}", joined["user"]["id"].as_str().unwrap());
    let user = operator.get(&user).await;
    assert_eq!(user["email"], person.email);
    assert_eq!(user["status"], "assigned");
    assert_eq!(user["tags"], json!(["Law"]));
    assert_eq!(
        (&user["door"], &user["link"]["id"]),
        (&json!("link"), &link["id"])
    );
    assert!(user["redeemed_at"].is_string(), "{user}");
    let plan = operator
        .get(&format!("{at}/plans/{}", plan["id"].as_str().unwrap()))
        .await;
    let seats = json!({ "purchased": 2, "free": 1, "held": 0, "assigned": 1 });
    assert_eq!(plan["seats"], seats);

    // the code of the letter proves the address; a program is no browser, so a password is chosen
    let code = person.letter(&ground).await.code;
    let proof = format!("/proofs/{}", joined["proof_id"].as_str().unwrap());
    let typed = json!({ "code": code, "new_password": "one of my own, please" });
    let (status, proved) = public.send(Method::POST, &proof, &typed).await;
    assert_eq!(
        (status, &proved["has_password"]),
        (200, &json!(true)),
        "{proved}"
    );
    assert_eq!(proved["seats"][0]["status"], "assigned");
}

#[rstest]
#[tokio::test]
async fn refusals_are_problems_with_a_type_and_a_field(
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(Engine::Sqlite, bus);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 1, &[("max_uses", "1")]).await;
    let public = Program::of_the_public(&node);
    let join = format!("/join/{}", link.token());
    let post = async |path: &str, body: Value| public.send(Method::POST, path, &body).await;

    let mut wrong = Person::numbered(1).registration();
    wrong["email"] = json!("ann@");
    wrong["password"] = json!("short");
    let (status, problem) = post(&join, wrong).await;
    assert_eq!(
        (status, &problem["type"]),
        (422, &json!("/problems/invalid"))
    );
    let fields: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["field"])
        .collect();
    assert_eq!(fields, ["email", "password"]);

    post(&join, Person::numbered(1).registration()).await;
    let mut stranger = Person::numbered(1).registration();
    stranger["password"] = json!("not the one that was set");
    let (status, problem) = post(&join, stranger).await;
    assert_eq!(status, 409, "{problem}");
    let (status, problem) = post(&join, Person::numbered(2).registration()).await;
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("/problems/link-used-up"))
    );

    // what opens nothing answers alike
    institution.press(&link, "disable").await;
    let mut problems = Vec::new();
    for token in [link.token(), "x", "%00", &"a".repeat(500)] {
        for (method, body) in [
            (Method::GET, Value::Null),
            (Method::POST, Person::numbered(3).registration()),
        ] {
            let (status, mut problem) = public.send(method, &format!("/join/{token}"), &body).await;
            assert_eq!(status, 404);
            assert!(problem["instance"].take().is_string());
            problems.push(problem);
        }
    }
    assert_eq!(problems[0]["type"], "/problems/link-unknown");
    assert!(
        problems.iter().all(|problem| *problem == problems[0]),
        "{problems:?}"
    );
}

#[tokio::test]
async fn an_address_with_an_account_is_a_conflict_that_only_holders_of_a_link_learn() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (_, link) = Institution::with_link(&ground, &node, 2, &[]).await;
    let (visitor, person) = (node.browser(), Person::numbered(1));
    let page = person.join(&visitor, &link.url).await;
    let form = page.form("/proofs/code");
    let code = person.letter(&ground).await.code;
    visitor.submit(&page, &form.fill("code", &code)).await;

    let public = Program::of_the_public(&node);
    let mut stranger = person.registration();
    stranger["password"] = json!("not the one that was set");
    let join = format!("/join/{}", link.token());
    let (status, problem) = public.send(Method::POST, &join, &stranger).await;
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("/problems/account-exists"))
    );
    let (status, _) = public.send(Method::POST, "/join/unknown", &stranger).await;
    assert_eq!(status, 404);
    for email in [person.email.as_str(), "nobody@students.example"] {
        let asked = json!({ "email": email });
        let (status, started) = public.send(Method::POST, "/proofs", &asked).await;
        assert_eq!(status, 202, "{email}");
        assert!(
            started["id"].as_str().unwrap().starts_with("prf_"),
            "{started}"
        );
    }
}

#[rstest]
#[tokio::test]
async fn a_token_sees_nothing_of_another_institution(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(BusKind::Local, BusKind::Nats)] bus: BusKind,
) {
    let ground = Ground::new(engine, bus);
    let node = ground.start();
    let (own, _) = Institution::with_link(&ground, &node, 2, &[]).await;
    let (other, link) = Institution::with_link(&ground, &node, 2, &[]).await;
    Person::numbered(1).join(&node.browser(), &link.url).await;
    let program = Program::of(&ground, &node, &own);
    let at = format!("/organisations/{}", other.id);
    let theirs = format!("{at}/links/{}", link.id);
    let smuggled = format!("/organisations/{}/links/{}", own.id, link.id);
    for path in [&at, &theirs, &smuggled] {
        let (status, problem) = program.send(Method::GET, path, &Value::Null).await;
        assert_eq!(
            (status, &problem["type"]),
            (404, &json!("/problems/not-found")),
            "{path}"
        );
    }
    for list in ["plans", "links", "users", "events", "audit"] {
        let (status, _) = program
            .send(Method::GET, &format!("{at}/{list}"), &Value::Null)
            .await;
        assert_eq!(status, 404, "{list}");
    }
    for link in [theirs, smuggled] {
        let (status, _) = program
            .send(Method::POST, &format!("{link}/rotate"), &json!({}))
            .await;
        assert_eq!(status, 404, "{link}");
    }
    let (_, own) = program
        .send(Method::GET, "/organisations", &Value::Null)
        .await;
    let own = own["items"].as_array().unwrap().len();
    assert_eq!(own, 1, "its own, and no other");
    assert_eq!(
        node.browser().open(&link.url).await.status,
        200,
        "nothing was rotated"
    );

    let public = Program::of_the_public(&node);
    let (status, _) = public.send(Method::GET, &at, &Value::Null).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn the_api_and_the_pages_tell_the_same() {
    let ground = Ground::new(Engine::Sqlite, BusKind::Local);
    let node = ground.start();
    let (institution, link) = Institution::with_link(&ground, &node, 9, &[("tags", "Law")]).await;
    for number in 0..5 {
        Person::numbered(number)
            .join(&node.browser(), &link.url)
            .await;
    }
    let program = Program::of(&ground, &node, &institution);
    let at = format!("/organisations/{}", institution.id);
    let users = program.all(&format!("{at}/users")).await;
    let told: Vec<_> = users
        .iter()
        .map(|user| user["email"].as_str().unwrap())
        .collect();
    let people = institution.people("").await;
    let shown: Vec<_> = people.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(told, shown);
    assert_eq!(told.len(), 5);
    let links = program.all(&format!("{at}/links")).await;
    assert_eq!(
        (&links[0]["url"], &links[0]["uses"]),
        (&json!(link.url), &json!(5))
    );
    let trail = program.all(&format!("{at}/audit")).await;
    assert_eq!(trail.len(), institution.open("/audit").await.rows().len());
}
