//! Serves [`UpdatePlan`].

use contract::{
    Kind, Problem,
    events::Event,
    plans::{Plan, UpdatePlan},
};
use kernel::{Cx, Serve};
use serde_json::json;

use crate::{
    SeatPool,
    books::{Books, Change},
    create_plan::seats,
    get_plan::plan,
    queue, sql,
};

impl Serve<UpdatePlan> for SeatPool {
    async fn serve(&mut self, message: UpdatePlan, cx: &Cx) -> Result<Plan, Problem> {
        let wanted = message.seats.map(seats).transpose()?;
        let (organisation, id) = (message.organisation, message.plan_id);
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let find = sql::FIND_PLAN.bind(organisation).bind(id);
        let row = find.fetch_optional(&mut tx).await?;
        let before = plan(&row.ok_or_else(|| Problem::new(Kind::NotFound))?)?;

        let name = message.name.unwrap_or_else(|| before.name.clone());
        let ends_at = message.ends_at.unwrap_or(before.ends_at);
        let mut books = Books::open(&mut tx, [id]).await?;
        let bought = books.plan(id).map_or(0, |book| book.purchased);
        let wanted = wanted.unwrap_or(bought);
        if (&name, ends_at, wanted) == (&before.name, before.ends_at, bought) {
            return Ok(before);
        }
        sql::RENAME_PLAN
            .bind(id)
            .bind(&name)
            .bind(ends_at)
            .execute(&mut tx)
            .await?;
        if wanted != bought {
            books.enter(id, Change::Purchase(wanted - bought), None, &stamp);
        }
        books.set_end(id, ends_at);
        queue::promote(&mut tx, &mut books, id).await?;
        books.write(&mut tx).await?;
        tx.publish(organisation, Event::PlanUpdated { plan_id: id });
        let change = json!({
            "name": { "from": before.name, "to": name },
            "seats": { "from": bought, "to": wanted },
            "ends_at": { "from": before.ends_at, "to": ends_at },
        });
        tx.audit(organisation, "plan.update", id, change);
        let row = sql::FIND_PLAN
            .bind(organisation)
            .bind(id)
            .fetch_one(&mut tx)
            .await?;
        let after = plan(&row)?;
        tx.commit().await?;
        Ok(after)
    }
}
