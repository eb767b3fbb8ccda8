//! What tests cannot wait for, or cannot ask for: the node reads real clocks, so its rows are moved
//! into the past instead.

use contract::{Secret, Stamp, SystemClock};
use store::{Database, DatabaseOptions, Query};

use crate::server::database_url;

store::statements! {
    /// An hour passes for the invites of an organisation.
    pub(crate) AN_HOUR_PASSES = "
        update invites
        set sent_at = sent_at - 3600000000, queued_at = queued_at - 3600000000
        where organisation_id = $1";

    /// Somebody wants no invites of an organisation.
    pub(crate) SUPPRESS = "
        insert into suppressions (email_key, organisation_id, email, reason, created_by, created_at)
        values ($1, $2, $1, 'manual', 'operator', 0)";
}

/// Changes rows of the node of this test binary.
pub(crate) async fn change(query: Query) {
    let clock = SystemClock::shared();
    let stamp = Stamp {
        now: clock.now(),
        actor: "operator".to_owned(),
        request_id: "fixture".to_owned(),
    };
    let options = DatabaseOptions::new(Secret::new(database_url()), clock);
    let database = Database::connect(&options).await.unwrap();
    let db = database.open("fixture").await.unwrap();
    let mut tx = db.write(&stamp).await.unwrap();
    query.execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}
