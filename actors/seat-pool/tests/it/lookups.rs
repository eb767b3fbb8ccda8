//! Who is asked for by a list of ids is found by them, however many others there are.

use std::collections::HashMap;

use contract::{ManualClock, Secret, Timestamp};
use seat_pool::STATEMENTS;
use store::{Database, DatabaseOptions, Row, Statement};
use testkit::Engine;

/// A step of a plan of SQLite: which, below which, what.
fn step(row: &Row) -> (i64, i64, String) {
    let get = |column| row.get(column).unwrap();
    (get("id"), get("parent"), row.get("detail").unwrap())
}

/// The step that goes through the list again for each row of what comes before it.
fn again_and_again(plan: &[(i64, i64, String)]) -> Option<&str> {
    let mut before: HashMap<i64, Vec<&str>> = HashMap::new();
    let details: HashMap<_, _> = plan.iter().map(|(id, _, what)| (id, what)).collect();
    for (_, parent, what) in plan {
        let siblings = before.entry(*parent).or_default();
        let is_below_each = details
            .get(parent)
            .is_some_and(|above| above.starts_with("CORRELATED"));
        // Rows that a list has chosen already are no more than the list is long.
        let is_inner =
            !siblings.is_empty() && !siblings.iter().any(|one| one.starts_with("LIST SUBQUERY"));
        if what.starts_with("SCAN rows ") && (is_below_each || is_inner) {
            return Some(what);
        }
        siblings.push(what);
    }
    None
}

#[actix_rt::test]
async fn no_list_is_gone_through_for_each_row_of_a_table() {
    let (file, clock) = (
        Engine::Sqlite.fresh(),
        ManualClock::at(Timestamp::from_micros(1)),
    );
    let options = DatabaseOptions::new(Secret::new(file.url()), clock);
    let database = Database::connect(&options).await.unwrap();
    database.migrate().await.unwrap();
    let db = database.open("plans").await.unwrap();
    let statements = STATEMENTS.iter().flat_map(|module| module.iter());
    // A link's domains are a list of its own, and short.
    let by_lists = statements.filter(|statement| {
        statement.text().contains("rows($") && !statement.text().contains("rows(l.")
    });
    let mut looked_at = 0;
    for statement in by_lists {
        let text = format!("explain query plan {}", statement.text());
        let explain: &'static Statement =
            Box::leak(Box::new(Statement::new(statement.name(), text.leak())));
        let mut reader = db.read().await.unwrap();
        let plan = explain.query().fetch_all(&mut reader).await.unwrap();
        let plan: Vec<_> = plan.iter().map(step).collect();
        let name = statement.name();
        assert_eq!(again_and_again(&plan), None, "{name}: {plan:#?}");
        looked_at += 1;
    }
    assert!(looked_at > 20, "{looked_at}");
}
