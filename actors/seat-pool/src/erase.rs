//! Serves [`EraseMembership`].

use contract::{
    Problem,
    events::Event,
    memberships::{EraseMembership, Erased},
    seats::Status,
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::Redaction;

use crate::{
    SeatPool,
    books::{Books, Change},
    place::{self, keys},
    queue, sql,
};

impl Serve<EraseMembership> for SeatPool {
    async fn serve(&mut self, message: EraseMembership, cx: &Cx) -> Result<Erased, Problem> {
        let organisation = message.organisation;
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        tx.lock_histories(&[organisation]).await?;
        let mover = place::find_one(&mut tx, organisation, message.membership_id)
            .await?
            .mover;
        let mut books = Books::open(&mut tx, [mover.plan]).await?;
        if mover.status != Status::Revoked {
            let change = Change::Erase(mover.status);
            books.enter(mover.plan, change, Some((mover.id, mover.link)), &stamp);
        }
        let key = keys([mover.id]);
        sql::DELETE_TAGS.bind_rows(&key).execute(&mut tx).await?;
        sql::DELETE_MEMBERSHIPS
            .bind_rows(&key)
            .execute(&mut tx)
            .await?;
        sql::FORGET_USES.bind(mover.id).execute(&mut tx).await?;
        tx.redact(organisation, &[Redaction::of(mover.id)]).await?;
        let erasure = sql::INSERT_ERASURE.bind(mover.account).bind(organisation);
        let erasure = erasure.bind(tx.stamp().now);
        erasure.execute(&mut tx).await?;
        queue::promote(&mut tx, &mut books, mover.plan).await?;
        books.write(&mut tx).await?;
        let erased = Event::MembershipErased {
            membership_id: mover.id,
            plan_id: mover.plan,
        };
        tx.publish(organisation, erased);
        let change = json!({ "status": mover.status });
        tx.audit(organisation, "user.erase", mover.id, change);
        tx.commit().await?;
        Ok(Erased {
            account_id: mover.account,
        })
    }
}
