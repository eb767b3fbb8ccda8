//! Serves [`GetBulk`].

use contract::{
    Problem,
    bulk::{Bulk, GetBulk},
};
use kernel::{Cx, Serve};

use super::{found, sql};
use crate::SeatPool;

impl Serve<GetBulk> for SeatPool {
    async fn serve(&mut self, message: GetBulk, _: &Cx) -> Result<Bulk, Problem> {
        let mut reader = self.db.read().await?;
        let find = sql::FIND_BULK
            .bind(message.organisation)
            .bind(message.bulk_id);
        found(find.fetch_optional(&mut reader).await?)
    }
}
