//! One organisation.

use contract::{
    Kind, Problem,
    organisations::{GetOrganisation, Organisation},
};
use kernel::{Cx, Serve};

use super::organisation;
use crate::{AdminDirectory, sql};

impl Serve<GetOrganisation> for AdminDirectory {
    async fn serve(&mut self, message: GetOrganisation, _: &Cx) -> Result<Organisation, Problem> {
        let mut db = self.db.read().await?;
        let row = sql::FIND_ORGANISATION
            .bind(message.organisation)
            .fetch_optional(&mut db)
            .await?;
        Ok(organisation(
            &row.ok_or_else(|| Problem::new(Kind::NotFound))?,
        )?)
    }
}
