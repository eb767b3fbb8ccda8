//! Files of addresses: what is taken, what is told, what is refused and leaves nothing.

use std::{fmt::Write as _, time::Duration};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::eventually;

use crate::server::{Answer, Api, Institution, registration, text};

const PATIENCE: Duration = Duration::from_mins(1);

/// A file handed in at an institution.
fn import(institution: &Institution, query: &str, file: impl Into<Vec<u8>>) -> RequestBuilder {
    let path = institution.path(&format!("/invites/import?{query}"));
    sent(&institution.api, &path, file)
}

fn sent(api: &Api, path: &str, file: impl Into<Vec<u8>>) -> RequestBuilder {
    let request = api.request(Method::POST, path);
    request.header("content-type", "text/csv").body(file.into())
}

/// An institution, and the id of a link to a plan with that many seats.
async fn with_link(seats: u64, more: Value) -> (Institution, String) {
    let institution = Institution::found().await;
    let link = institution.link(seats, more).await;
    let id = text(&link["id"]).to_owned();
    (institution, id)
}

/// Until everything of a batch has left.
async fn finished(institution: &Institution, id: &str) {
    let path = format!("/batches/{id}");
    let finished = async || {
        let batch = institution.get(&path).await.body(200);
        batch["finished_at"].is_string()
    };
    eventually(PATIENCE, "the batch is finished", finished).await;
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn sum(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().map(number).sum()
}

/// Every row of a batch, page by page.
async fn rows(institution: &Institution, batch: &str, filter: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/batches/{batch}/rows?limit=200{filter}{cursor}");
        let page = institution.get(&path).await.body(200);
        rows.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

async fn batches(institution: &Institution) -> usize {
    let page = institution.get("/batches").await.body(200);
    page["items"].as_array().unwrap().len()
}

const GOOD: &str = "Name,E-mail,Faculty\n\
    Ann Lee,ann@hill.edu,Law\n\
    Bob Roe,bob@hill.edu,Law\n\
    Ann Lee,ANN@hill.edu,Law\n\
    Cy,cy@hill,Law\n\
    Dee,,Law\n\
    Eve,eve@gmial.com,Arts\n";

#[tokio::test]
async fn a_file_is_sent_and_every_row_of_it_is_told() {
    let (institution, link) = with_link(1, json!({})).await;
    let query = format!("link_id={link}&message=Welcome!&inviter=Ann%20Lee");
    let imported = Answer::of(import(&institution, &query, GOOD))
        .await
        .body(202);
    assert_eq!(imported["given"], 6);
    assert_eq!(sum(&imported["counts"]), 6, "{imported}");
    assert_eq!(imported["accepted"], 3);
    assert_eq!(imported["counts"]["duplicate"], 1);
    assert_eq!(imported["counts"]["no-tld"], 1);
    assert_eq!(imported["counts"]["missing"], 1);
    assert_eq!(imported["exceeds_free_seats_by"], 2);
    let id = text(&imported["batch_id"]);
    let batch = institution.get(&format!("/batches/{id}")).await.body(200);
    assert_eq!(batch["source"], "file");
    assert_eq!(batch["inviter"], "Ann Lee");
    assert!(batch["sent_at"].is_string());
    let all = rows(&institution, id, "").await;
    let told: Vec<_> = all
        .iter()
        .map(|row| {
            (
                number(&row["row"]),
                number(&row["line"]),
                row["reason"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (0, 2, None),
            (1, 3, None),
            (2, 4, Some("duplicate")),
            (3, 5, Some("no-tld")),
            (4, 6, Some("missing")),
            (5, 7, None),
        ]
    );
    assert_eq!(all[5]["suggestion"], "eve@gmail.com");
    let names: Vec<_> = all.iter().map(|row| row["name"].as_str()).collect();
    let [ann, bob, eve] = ["Ann Lee", "Bob Roe", "Eve"].map(Some);
    assert_eq!(
        names,
        [ann, bob, None, None, None, eve],
        "as mails say them"
    );
    let finished = async || {
        let path = format!("/batches/{id}");
        let batch = institution.get(&path).await.body(200);
        let sum = sum(&batch["states"]) + sum(&batch["refused"]);
        assert_eq!(sum, 6, "{batch}");
        batch["finished_at"].is_string()
    };
    eventually(PATIENCE, "the batch is finished", finished).await;
}

#[tokio::test]
async fn a_file_is_read_as_excel_writes_it() {
    let (institution, link) = with_link(9, json!({})).await;
    let query = format!("link_id={link}&dry_run=true");
    let table =
        "Nachname;E-Mail-Adresse\r\nMüller;mueller@hill.edu\r\n\"Groß; Ute\";ute@hill.edu\r\n";
    let unicode = "Nachname\tE-Mail-Adresse\r\nMüller\tmueller@hill.edu\r\nGroß\tute@hill.edu\r\n";
    let unicode = unicode.encode_utf16().flat_map(u16::to_le_bytes);
    let files = [
        table.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", table.as_bytes()].concat(),
        [b"sep=;\r\n", table.as_bytes()].concat(),
        [b"\xff\xfe".to_vec(), unicode.collect()].concat(),
        table
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect(),
    ];
    for file in files {
        let imported = Answer::of(import(&institution, &query, file))
            .await
            .body(202);
        assert_eq!(imported["counts"], json!({ "draft": 2 }));
        let all = rows(&institution, text(&imported["batch_id"]), "").await;
        let inputs: Vec<_> = all.iter().map(|row| text(&row["input"])).collect();
        assert_eq!(inputs, ["mueller@hill.edu", "ute@hill.edu"]);
    }
}

#[tokio::test]
async fn a_dry_run_is_sent_later_and_what_changed_is_told() {
    let (institution, link) = with_link(9, json!({})).await;
    let query = format!("link_id={link}&dry_run=true");
    let draft = Answer::of(import(&institution, &query, GOOD))
        .await
        .body(202);
    assert_eq!(draft["counts"]["draft"], 3);
    let id = text(&draft["batch_id"]);
    let sent_first = json!({ "link_id": link, "addresses": "bob@hill.edu" });
    let sent_first = institution.post("/invites", sent_first).await.body(202);
    finished(&institution, text(&sent_first["batch_id"])).await;
    let path = format!("/batches/{id}/send");
    institution.post(&path, json!({})).await.body(200);
    finished(&institution, id).await;
    let skipped = rows(&institution, id, "&state=skipped").await;
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert_eq!(skipped[0]["input"], "bob@hill.edu");
    assert_eq!(skipped[0]["reason"], "already-invited");
}

#[tokio::test]
async fn every_row_is_classified_by_where_its_address_stands() {
    let (institution, link) = with_link(9, json!({ "allowed_domains": ["hill.edu"] })).await;
    let open = institution.link(1, json!({})).await;
    let first = registration("seated@hill.edu");
    let joined = format!("/join/{}", text(&open["token"]));
    let seated = Api::public().post(&joined, first).await.body(201);
    let waiting = Api::public()
        .post(&joined, registration("waits@hill.edu"))
        .await;
    assert_eq!(waiting.body(201)["seat"]["status"], "waiting");
    let another = institution.link(5, json!({})).await;
    let path = format!("/join/{}", text(&another["token"]));
    let gone = Api::public()
        .post(&path, registration("gone@hill.edu"))
        .await;
    let gone = gone.body(201)["user"].clone();
    let user = gone["id"]
        .as_str()
        .unwrap_or_else(|| text(&gone))
        .to_owned();
    institution
        .post(&format!("/users/{user}/revoke"), json!({}))
        .await
        .body(200);
    assert_eq!(seated["seat"]["status"], "assigned");
    let before = json!({ "link_id": link, "addresses": "invited@hill.edu" });
    let before = institution.post("/invites", before).await.body(202);
    finished(&institution, text(&before["batch_id"])).await;
    let unwanted = json!({ "email": "unwanted@hill.edu" });
    institution.post("/suppressions", unwanted).await.body(201);
    let file = "email\nunwanted@hill.edu\nnew@hill.edu\nseated@hill.edu\nwaits@hill.edu\ngone@hill.edu\n\
        invited@hill.edu\nnobody\nnew@hill.edu\nann@dale.edu\n";
    let query = format!("link_id={link}&dry_run=true");
    let draft = Answer::of(import(&institution, &query, file))
        .await
        .body(202);
    let expected = json!({
        "draft": 1, "already-seated": 1, "already-waiting": 1, "revoked": 1, "already-invited": 1,
        "not-an-address": 1, "duplicate": 1, "domain-not-allowed": 1, "suppressed": 1,
    });
    assert_eq!(draft["counts"], expected);
    assert_eq!(draft["given"], 9);
    assert_eq!(draft["exceeds_free_seats_by"], 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_taken_leaves_nothing_and_says_why() {
    let (institution, link) = with_link(9, json!({})).await;
    let query = format!("link_id={link}");
    let long = format!("email\nann@hill.edu\n\"{}", "x".repeat(100_000));
    let late: String = (0..9_000).fold("name;email\nZoë;z@hill.edu\n".to_owned(), |mut all, i| {
        writeln!(all, "Ann;p{i}@hill.edu").unwrap();
        all
    });
    let damaged = [late.as_bytes(), b"M\xfcller;m@hill.edu\n"].concat();
    let cases: [(&[u8], &str, &str); 7] = [
        (b"", "empty", "no rows"),
        (b"name,faculty\nAnn,Law\n", "no-addresses", "no column"),
        (
            b"PK\x03\x04[Content_Types].xml",
            "workbook",
            "Save it there as CSV",
        ),
        (b"%PDF-1.7\n", "pdf", "PDF"),
        (
            b"a,b\nann@hill.edu,bob@hill.edu\n",
            "which-column",
            "Several columns",
        ),
        (long.as_bytes(), "line-too-long", "Line 3"),
        (&damaged, "encoding", "Line 9003"),
    ];
    for (file, code, says) in cases {
        let answer = Answer::of(import(&institution, &query, file)).await;
        answer.refused_fields(&[&format!("file {code}")]);
        let detail = text(&answer.body["errors"][0]["detail"]);
        assert!(detail.contains(says), "{code}: {detail}");
    }
    assert_eq!(batches(&institution).await, 0);
    // somebody says which of two columns it is
    let file = "a,b\nann@hill.edu,bob@hill.edu\n";
    let query = format!("link_id={link}&column=b&dry_run=true");
    let imported = Answer::of(import(&institution, &query, file))
        .await
        .body(202);
    let all = rows(&institution, text(&imported["batch_id"]), "").await;
    assert_eq!(all[0]["input"], "bob@hill.edu");
    let query = format!("link_id={link}&column=c");
    let answer = Answer::of(import(&institution, &query, file)).await;
    answer.refused_fields(&["file no-such-column"]);
}

#[tokio::test]
async fn who_may_not_import_and_what_is_asked_wrong_is_refused() {
    let (institution, link) = with_link(9, json!({})).await;
    let (_, foreign) = with_link(1, json!({})).await;
    let good = format!("link_id={link}");
    let path = institution.path(&format!("/invites/import?{good}"));
    let viewer = institution.token("viewer").await;
    let answer = Answer::of(sent(&viewer, &path, GOOD)).await;
    answer.refused(403, "forbidden");
    let answer = Answer::of(sent(&Api::public(), &path, GOOD)).await;
    answer.refused(401, "unauthenticated");
    let unknown = Answer::of(import(&institution, &format!("link_id={foreign}"), GOOD)).await;
    unknown.refused(404, "not-found");
    assert_eq!(unknown.body["errors"][0]["field"], "link_id");
    let answer = Answer::of(import(&institution, "dry_run=perhaps&colour=red", GOOD)).await;
    answer.refused_fields(&[
        "colour unknown-field",
        "dry_run not-a-flag",
        "link_id required",
    ]);
    let request = institution.api.request(Method::POST, &path);
    let answer = Answer::of(request.json(&json!({}))).await;
    answer.refused(415, "unsupported-media-type");
    assert_eq!(batches(&institution).await, 0);
}

#[tokio::test]
async fn an_import_that_is_sent_again_with_its_key_is_done_once() {
    let (institution, link) = with_link(9, json!({})).await;
    let query = format!("link_id={link}");
    let keyed =
        |file: &'static str| import(&institution, &query, file).header("idempotency-key", "k");
    let first = Answer::of(keyed(GOOD)).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    let first = first.body(202);
    let again = Answer::of(keyed(GOOD)).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body(202), first);
    let other = Answer::of(keyed("email\nother@hill.edu\n")).await;
    other.refused_fields(&["Idempotency-Key reused"]);
    assert_eq!(batches(&institution).await, 1);
    let faulty = import(&institution, &query, "").header("idempotency-key", "k2");
    Answer::of(faulty).await.refused_fields(&["file empty"]);
    let good = import(&institution, &query, "email\nzed@hill.edu\n");
    let good = Answer::of(good.header("idempotency-key", "k2")).await;
    good.body(202);
}

/// A hundred thousand rows and a few that are none: about what the largest institutions hand in.
#[tokio::test]
async fn a_hundred_thousand_addresses_are_imported_and_counted() {
    let (institution, link) = with_link(9, json!({})).await;
    let mut file = "name;email\n".to_owned();
    for i in 0..99_990 {
        writeln!(file, "Person {i};person.{i}@hill.edu").unwrap();
    }
    file.push_str(&"Nobody;nobody\n".repeat(10));
    let query = format!("link_id={link}&dry_run=true");
    let imported = Answer::of(import(&institution, &query, file.clone())).await;
    let imported = imported.body(202);
    assert_eq!(imported["given"], 100_000);
    let expected = json!({ "draft": 99_990, "not-an-address": 10 });
    assert_eq!(imported["counts"], expected);
    let refused = rows(&institution, text(&imported["batch_id"]), "&state=refused").await;
    let lines: Vec<_> = refused.iter().map(|row| number(&row["line"])).collect();
    assert_eq!(lines, (99_992..=100_001).collect::<Vec<_>>());
    // one more is too many
    file.push_str("More;more@hill.edu\n");
    let answer = Answer::of(import(&institution, &query, file)).await;
    answer.refused_fields(&["file too-many"]);
    assert!(text(&answer.body["errors"][0]["detail"]).contains("100000"));
    assert_eq!(batches(&institution).await, 1);
}

/// The head of a request as it is, and the connection that the rest goes by.
fn begun(request: RequestBuilder, framing: &str) -> std::net::TcpStream {
    use std::io::Write as _;
    let request = request.build().unwrap();
    let token = request.headers()["authorization"].to_str().unwrap();
    let url = request.url();
    let at = (url.host_str().unwrap(), url.port().unwrap());
    let mut stream = std::net::TcpStream::connect(at).unwrap();
    write!(
        stream,
        "POST {}?{} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: text/csv\r\n\
         Connection: close\r\n{framing}\r\n\r\n",
        url.path(),
        url.query().unwrap(),
    )
    .unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// More than the system keeps for a connection: once it is written, the file is being read.
const MORE_THAN_WAITS: usize = 48 << 20;

#[tokio::test]
async fn a_token_that_is_revoked_meanwhile_finishes_no_import() {
    use std::io::{Read as _, Write as _};
    let (institution, link) = with_link(9, json!({})).await;
    let new = json!({ "name": "of the registry", "role": "manager" });
    let token = institution.post("/tokens", new).await.body(201);
    let manager = Api::with(text(&token["token"]));
    let path = institution.path(&format!("/invites/import?link_id={link}"));
    let mut stream = begun(sent(&manager, &path, ""), "Transfer-Encoding: chunked");
    let mut chunk = |part: &str| write!(stream, "{:x}\r\n{part}\r\n", part.len()).unwrap();
    chunk("email\nann@hill.edu\n");
    let blank = "\n".repeat(1 << 20);
    (0..MORE_THAN_WAITS >> 20).for_each(|_| chunk(&blank));
    let id = text(&token["id"]);
    let gone = institution.path(&format!("/tokens/{id}"));
    institution.api.delete(&gone).await.body(204);
    chunk("bob@hill.edu\n");
    chunk("");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert_eq!(batches(&institution).await, 0);
    let pending = institution.get("/invites").await.body(200);
    assert_eq!(pending["items"], json!([]));
}

#[tokio::test]
async fn a_file_that_breaks_off_leaves_nothing() {
    use std::io::{Read as _, Write as _};
    let (institution, link) = with_link(9, json!({})).await;
    let path = institution.path(&format!("/invites/import?link_id={link}"));
    let rows: String = (0..20_000).fold("email\n".to_owned(), |mut all, i| {
        writeln!(all, "p{i}@hill.edu").unwrap();
        all
    });
    let framing = format!("Content-Length: {}", rows.len() + 10);
    let mut stream = begun(sent(&institution.api, &path, ""), &framing);
    stream.write_all(rows.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.contains(" 202 "), "{answer}");
    assert_eq!(batches(&institution).await, 0);
}
