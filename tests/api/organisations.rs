//! Organisations.

use futures_util::future::join_all;
use serde_json::json;

use crate::server::{Api, Institution, text};

#[tokio::test]
async fn an_organisation_is_made_found_and_changed() {
    let operator = Api::operator();
    let new = json!({
        "name": " Law School ", "product_url": "https://library.example/law",
        "policies": { "proof_days": 14 },
    });
    let answer = operator.post("/organisations", new).await;
    let location = format!("!{}", answer.header("location"));
    let made = answer.body(201);
    assert_eq!(made["name"], "Law School");
    assert_eq!(
        made["policies"],
        json!({
            "join_proof": "later", "proof_days": 14, "invite_acceptance": "strict",
            "invite_days": 30, "remind_days": 3, "language": "en",
        })
    );
    assert_eq!(operator.get(&location).await.body(200), made);

    let chosen = json!({
        "join_proof": "first", "invite_acceptance": "lenient", "invite_days": 60, "remind_days": 0,
        "language": "pt-BR",
    });
    let change = json!({ "policies": chosen });
    let changed = operator.patch(&location, change).await.body(200);
    assert_eq!(changed["name"], "Law School");
    assert_eq!(
        changed["policies"],
        json!({
            "join_proof": "first", "proof_days": 14, "invite_acceptance": "lenient",
            "invite_days": 60, "remind_days": 0, "language": "pt-br",
        })
    );
    assert_eq!(operator.get(&location).await.body(200), changed);
}

#[tokio::test]
async fn policies_that_are_changed_at_once_are_all_changed() {
    let institution = Institution::found().await;
    let chosen = json!({
        "join_proof": "first", "proof_days": 14, "invite_acceptance": "lenient",
        "invite_days": 60, "remind_days": 0, "language": "de",
    });
    let each = chosen.as_object().unwrap().iter();
    let changes = each.map(async |(policy, value)| {
        let change = json!({ "policies": { policy: value } });
        institution.patch("", change).await.body(200);
    });
    join_all(changes).await;
    assert_eq!(institution.get("").await.body(200)["policies"], chosen);
}

#[tokio::test]
async fn every_fault_of_an_organisation_is_named() {
    let new = json!({
        "name": 5, "product_url": "no url", "policies": { "join_proof": "never", "proof_days": 0, "x": 1 },
    });
    let answer = Api::operator().post("/organisations", new).await;
    answer.refused_fields(&[
        "name wrong-type",
        "policies.join_proof unknown",
        "policies.proof_days out-of-range",
        "policies.x unknown-field",
        "product_url not-a-url",
    ]);
    let new = json!({ "name": "Law", "product_url": "http://library.example/" });
    let answer = Api::operator().post("/organisations", new).await;
    answer.refused_fields(&["product_url not-https"]);
}

#[tokio::test]
async fn a_name_cannot_be_taken_away() {
    let institution = Institution::found().await;
    let nothing = json!({ "name": null, "product_url": null, "policies": null });
    institution.patch("", nothing).await.refused_fields(&[
        "name required",
        "policies required",
        "product_url required",
    ]);
    let before = institution.get("").await.body(200);
    assert_eq!(institution.patch("", json!({})).await.body(200), before);
}

#[tokio::test]
async fn organisations_are_listed_page_by_page() {
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(Institution::found().await.id);
    }
    let (mut seen, mut path) = (Vec::new(), "/organisations?limit=2".to_owned());
    loop {
        let page = Api::operator().get(&path).await.body(200);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| text(&item["id"]).to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path =
            reqwest::Url::parse_with_params("http://x/organisations?limit=2", [("cursor", cursor)])
                .map(|url| format!("{}?{}", url.path(), url.query().unwrap()))
                .unwrap();
    }
    assert!(made.iter().all(|id| seen.contains(id)));
    let other = Api::operator().get("/organisations?cursor=garbage").await;
    other.refused_fields(&["cursor not-a-cursor"]);
}
