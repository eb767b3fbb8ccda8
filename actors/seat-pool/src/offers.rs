//! Who is to be told of a seat: noted in the transaction that gives it. The invite dispatcher reads it
//! and writes the letter.

use contract::{Problem, ids::MembershipId, mails::offer_key};
use serde::Serialize;
use store::Tx;

store::statements! {
    /// Notes who was given a seat; the latest seat of a place is the one to tell of.
    pub(crate) NOTE_OFFERS = "
        insert into offers (membership_id, key, at, position)
        select rows.value ->> 'membership_id', rows.value ->> 'key', cast($2 as bigint),
            cast(rows.value ->> 'position' as bigint)
        from rows($1)
        where true
        on conflict (membership_id) do update
        set key = excluded.key, at = excluded.at, position = excluded.position";

    /// Forgets offers whose letter is queued, and those that nobody is told of any more; not the newer one
    /// that took the place of one meanwhile.
    pub(crate) FORGET_OFFERS = "
        delete from offers
        where (membership_id, key) in (
            select o.membership_id, o.key
            from offers o
            left join mails q on q.key = o.key
            where q.id is not null or o.at < $1
            order by o.at
            limit $2)";
}

#[derive(Serialize)]
struct Offer {
    membership_id: MembershipId,
    key: String,
    position: usize,
}

/// Notes that these were given a seat, in this order, behind as many of the same transaction.
pub(crate) async fn note(
    tx: &mut Tx,
    behind: usize,
    seated: impl IntoIterator<Item = MembershipId>,
) -> Result<(), Problem> {
    let now = tx.stamp().now;
    let offers = seated.into_iter().zip(behind..);
    let offers: Vec<_> = offers
        .map(|(membership_id, position)| Offer {
            membership_id,
            key: offer_key(membership_id, now),
            position,
        })
        .collect();
    if !offers.is_empty() {
        NOTE_OFFERS.bind_rows(&offers).bind(now).execute(tx).await?;
    }
    Ok(())
}
