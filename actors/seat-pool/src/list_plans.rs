//! Serves [`ListPlans`].

use contract::{
    Cursor, Page, Problem,
    ids::PlanId,
    plans::{ListPlans, Plan},
};
use kernel::{Cx, Serve};

use crate::{SeatPool, get_plan::plan, sql};

impl Serve<ListPlans> for SeatPool {
    async fn serve(&mut self, message: ListPlans, _: &Cx) -> Result<Page<Plan>, Problem> {
        let wanted = message.page.rows();
        let after = message.page.after::<PlanId>()?;
        let after = after.map_or_else(String::new, |id| id.to_string());
        let mut reader = self.db.read().await?;
        let rows = sql::LIST_PLANS
            .bind(message.organisation)
            .bind(after)
            .bind(i64::try_from(wanted + 1).unwrap_or(i64::MAX))
            .fetch_all(&mut reader)
            .await?;
        let plans = rows.iter().map(plan).collect::<Result<_, _>>()?;
        Ok(Page::cut(plans, wanted, |plan| Cursor(plan.id.to_string())))
    }
}
