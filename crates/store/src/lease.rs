//! Who may do what one process at a time does, by the database's own clock.

use crate::{database::Db, error::StoreError};

crate::statements! { own
    /// Takes a lease that is free, over, or one's own.
    pub(crate) TAKE_LEASE = "
        insert into leases (name, holder, expires_at)
        values ($1, $2, now_micros() + $3)
        on conflict (name) do update
        set holder = excluded.holder, expires_at = excluded.expires_at
        where leases.holder = excluded.holder or leases.expires_at <= now_micros()
        returning holder";

    /// Gives a lease back.
    pub(crate) RELEASE_LEASE = "
        delete from leases
        where name = $1 and holder = $2";
}

impl Db {
    /// Takes or renews a lease for so many seconds; answers whether `holder` has it now.
    pub async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        seconds: u32,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let micros = i64::from(seconds) * 1_000_000;
        let taken = TAKE_LEASE
            .bind(name)
            .bind(holder)
            .bind(micros)
            .fetch_optional(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(taken.is_some())
    }

    /// Gives a lease back early, if it is still `holder`'s.
    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        RELEASE_LEASE
            .bind(name)
            .bind(holder)
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }
}
