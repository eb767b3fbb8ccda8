//! Serves [`CreatePlan`].

use contract::{
    Kind, Problem,
    events::Event,
    ids::PlanId,
    plans::{CreatePlan, MOST_SEATS, Plan, SeatCount},
};
use kernel::{Cx, Serve};
use serde_json::json;

use crate::{
    SeatPool,
    books::{Books, Change},
    sql,
};

impl Serve<CreatePlan> for SeatPool {
    async fn serve(&mut self, message: CreatePlan, cx: &Cx) -> Result<Plan, Problem> {
        let seats = seats(message.seats)?;
        let stamp = cx.stamp(&*self.clock);
        if message.ends_at.is_some_and(|end| end <= stamp.now) {
            return Err(Problem::invalid("ends_at", "past", "must be in the future"));
        }
        let id = PlanId::new(self.clock.ulid());
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[message.organisation]).await?;
        let made = sql::INSERT_PLAN
            .bind(id)
            .bind(message.organisation)
            .bind(&message.name)
            .bind(message.ends_at)
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        if made == 0 {
            return Err(Problem::new(Kind::NotFound));
        }
        let mut books = Books::open(&mut tx, [id]).await?;
        books.enter(id, Change::Purchase(seats), None, &stamp);
        books.write(&mut tx).await?;
        tx.publish(message.organisation, Event::PlanCreated { plan_id: id });
        let change = json!({ "name": message.name, "seats": seats, "ends_at": message.ends_at });
        tx.audit(message.organisation, "plan.create", id, change);
        tx.commit().await?;
        Ok(Plan {
            id,
            name: message.name,
            seats: SeatCount::new(message.seats, 0, 0),
            waiting: 0,
            ends_at: message.ends_at,
            created_at: stamp.now,
        })
    }
}

/// A number of seats that a plan may have.
pub(crate) fn seats(seats: u64) -> Result<i64, Problem> {
    i64::try_from(seats)
        .ok()
        .filter(|_| seats <= MOST_SEATS)
        .ok_or_else(|| {
            Problem::invalid("seats", "too-many", format!("must be at most {MOST_SEATS}"))
        })
}
