//! Serves [`GetPlan`].

use contract::{
    Kind, Problem,
    plans::{GetPlan, Plan, SeatCount},
};
use kernel::{Cx, Serve};
use store::{Row, StoreError};

use crate::{SeatPool, sql};

impl Serve<GetPlan> for SeatPool {
    async fn serve(&mut self, message: GetPlan, _: &Cx) -> Result<Plan, Problem> {
        let mut reader = self.db.read().await?;
        let find = sql::FIND_PLAN
            .bind(message.organisation)
            .bind(message.plan_id);
        let row = find.fetch_optional(&mut reader).await?;
        Ok(plan(&row.ok_or_else(|| Problem::new(Kind::NotFound))?)?)
    }
}

/// A plan from its row.
pub(crate) fn plan(row: &Row) -> Result<Plan, StoreError> {
    Ok(Plan {
        id: row.get("id")?,
        name: row.get("name")?,
        seats: SeatCount::new(
            row.get("purchased")?,
            row.get("held")?,
            row.get("assigned")?,
        ),
        waiting: row.get("waiting")?,
        ends_at: row.get("ends_at")?,
        created_at: row.get("created_at")?,
    })
}
