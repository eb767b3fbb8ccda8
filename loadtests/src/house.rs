//! What is measured in: a database with one organisation, one plan of many seats and one link to it.

use std::sync::Arc;

use anyhow::Result;
use contract::{
    Clock, Secret, Stamp, SystemClock,
    ids::{AccountId, LinkId, OrganisationId, PlanId},
};
use serde::Serialize;
use store::{Database, DatabaseOptions, Db, Tx, vault};

store::statements! {
    INSERT_ORGANISATION = "
        insert into organisations (id, name, product_url, policies, created_at)
        values ($1, 'Load', 'https://product.example/', '{}', 0)";
    INSERT_PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ($1, $2, 'Load', 1000000000, 0)";
    INSERT_LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, created_by, created_at)
        values ($1, $2, $3, 'Load', $4, '', '[\"load\"]', '[]', 'load', 0)";
    INSERT_ACCOUNTS = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, created_at)
        select rows.value ->> 'id', rows.value ->> 'email', rows.value ->> 'email', 'A', 'B', 'a b', 0
        from rows($1)";
    ANALYZE = "analyze";
    VACUUM = "vacuum";
    COUNT_SEATS = "
        select assigned, (select count(*) from memberships where plan_id = plans.id) as people,
            (select count(*) from ledger where plan_id = plans.id) as entries
        from plans
        where id = $1";
}

/// A furnished database.
pub(crate) struct House {
    pub(crate) db: Db,
    /// As the roster opens it.
    pub(crate) questions: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) organisation: OrganisationId,
    pub(crate) plan: PlanId,
    pub(crate) link: LinkId,
    /// What opens the link.
    pub(crate) token: Secret,
}

#[derive(Serialize)]
struct Account {
    id: AccountId,
    email: String,
}

impl House {
    /// Builds one in an empty database.
    pub(crate) async fn build(url: &str, connections: u32) -> Result<Self> {
        let clock = SystemClock::shared();
        let mut options = DatabaseOptions::new(Secret::new(url), Arc::clone(&clock));
        options.connections = connections;
        let database = Database::connect(&options).await?;
        database.migrate().await?;
        let db = database.open("load").await?;
        let questions = database.open_for_questions("roster").await?;
        let organisation = OrganisationId::new(clock.ulid());
        let (plan, link) = (PlanId::new(clock.ulid()), LinkId::new(clock.ulid()));
        let token = vault::draw_token();

        let mut tx = db.write(&stamp(&*clock)).await?;
        INSERT_ORGANISATION
            .bind(organisation)
            .execute(&mut tx)
            .await?;
        INSERT_PLAN
            .bind(plan)
            .bind(organisation)
            .execute(&mut tx)
            .await?;
        INSERT_LINK
            .bind(link)
            .bind(organisation)
            .bind(plan)
            .bind(vault::hash_token(&token))
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(Self {
            db,
            questions,
            clock,
            organisation,
            plan,
            link,
            token,
        })
    }

    /// A transaction that puts rows where something is measured.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(self.db.write(&stamp(&*self.clock)).await?)
    }

    /// Makes accounts of people who have no seat.
    pub(crate) async fn people(&self, many: usize) -> Result<Vec<AccountId>> {
        let accounts: Vec<_> = (0..many)
            .map(|_| {
                let id = AccountId::new(self.clock.ulid());
                let email = format!("{id}@load.example").to_lowercase();
                Account { id, email }
            })
            .collect();
        let mut tx = self.db.write(&stamp(&*self.clock)).await?;
        for chunk in accounts.chunks(5_000) {
            INSERT_ACCOUNTS.bind_rows(chunk).execute(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(accounts.into_iter().map(|account| account.id).collect())
    }

    /// Tells the planner how large the tables are, as autovacuum of PostgreSQL does once a minute:
    /// plans made for empty tables would be what is measured otherwise, most of all in the baseline.
    pub(crate) async fn analyze(&self) -> Result<()> {
        let mut tx = self.db.write(&stamp(&*self.clock)).await?;
        ANALYZE.query().execute(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Notes which pages hold nothing that is on its way, as autovacuum of PostgreSQL does within a
    /// minute or two of so many rows: a range of an index is read without the table then.
    pub(crate) async fn vacuum(&self) -> Result<()> {
        let mut db = self.db.read().await?;
        VACUUM.query().execute(&mut db).await?;
        Ok(())
    }

    /// How many seats are taken; it is an error if number, people and ledger disagree.
    pub(crate) async fn seats_taken(&self) -> Result<i64> {
        let mut db = self.db.read().await?;
        let row = COUNT_SEATS.bind(self.plan).fetch_one(&mut db).await?;
        let taken: i64 = row.get("assigned")?;
        let (people, entries): (i64, i64) = (row.get("people")?, row.get("entries")?);
        anyhow::ensure!(
            taken == people && taken == entries,
            "{taken} seats, {people} people, {entries} entries"
        );
        Ok(taken)
    }
}

fn stamp(clock: &dyn Clock) -> Stamp {
    Stamp {
        now: clock.now(),
        actor: "load".to_owned(),
        request_id: "load".to_owned(),
    }
}
