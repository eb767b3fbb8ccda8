//! What couriers ask for in each turn is a range of an index, in its order. How much of it PostgreSQL
//! reads is tested with its own counts.

use contract::{ManualClock, Secret, Timestamp};
use store::{Database, DatabaseOptions};
use testkit::Engine;

store::statements! {
    LEASE_FIRST = concat!("explain query plan ", lease!(""));
    LEASE_LAST = concat!("explain query plan ", lease!(" desc"));
    FIND_FIRST = concat!("explain query plan ", due!("i.id", "", "$2"));
    FIND_LAST = concat!("explain query plan ", due!("i.id", " desc", "$2"));
}

#[actix_rt::test]
async fn what_is_due_is_a_range_of_its_index_from_either_end() {
    let (file, clock) = (
        Engine::Sqlite.fresh(),
        ManualClock::at(Timestamp::from_micros(1)),
    );
    let options = DatabaseOptions::new(Secret::new(file.url()), clock);
    let database = Database::connect(&options).await.unwrap();
    database.migrate().await.unwrap();
    let db = database.open("plans").await.unwrap();
    for statement in STATEMENTS {
        let mut reader = db.read().await.unwrap();
        let rows = statement.query().fetch_all(&mut reader).await.unwrap();
        let lines = rows.iter().map(|row| row.get::<String>("detail").unwrap());
        let plan: Vec<_> = lines.collect();
        let name = statement.name();
        let range = "SEARCH i USING INDEX invites_due (batch_id=? AND due_at<?)";
        assert!(plan.iter().any(|line| line == range), "{name}: {plan:#?}");
        assert!(
            !plan.iter().any(|line| line.contains("B-TREE")),
            "{name}: {plan:#?}"
        );
    }
}
