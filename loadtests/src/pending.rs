//! Invite Pending in Manage Users: 100,000 people who were invited and have not answered, beside as
//! many who have. Asked in the same house as [`crate::roster`].

use anyhow::Result;
use contract::{
    Clock, PageRequest,
    ids::{InviteId, OrganisationId},
    invited::ListPending,
    text::Tag,
    users::{UserFilter, UserSort},
};
use serde::Serialize;

use crate::{
    crowd::{draw, name},
    house::House,
    roster::{Kind, search},
};

/// As many are pending, and as many are not any more.
pub(crate) const PENDING: u32 = 100_000;

store::statements! {
    PUT_BATCH = "
        insert into batches (id, organisation_id, link_id, source, language, most, given, created_by,
            created_at, sealed_at, sent_at)
        values ('bat_load', $1, $2, 'file', 'en', 1000000, 200000, 'load', 0, 1, 2)";
    PUT_INVITES = "
        insert into invites (id, organisation_id, batch_id, link_id, position, line, email, email_key,
            domain, name, name_key, state, queued_at, sent_at, expires_at, closed_at, created_at)
        select rows.value ->> 'id', $2, 'bat_load', $3, cast(rows.value ->> 'number' as bigint), 1,
            rows.value ->> 'email', rows.value ->> 'email', 'students.load.example',
            rows.value ->> 'name', rows.value ->> 'key', 'sent', 2, 3, $4,
            cast(rows.value ->> 'closed' as bigint), 0
        from rows($1)";
}

#[derive(Debug, Serialize)]
struct Invited {
    id: InviteId,
    number: u32,
    name: String,
    email: String,
    key: String,
    closed: Option<i64>,
}

impl Invited {
    fn of(number: u32, clock: &dyn Clock) -> Self {
        let called = format!("{} {}", name(draw(number, 1), 2), name(draw(number, 2), 3));
        let email = format!(
            "{}.{number}@students.load.example",
            called.replace(' ', ".")
        );
        Self {
            id: InviteId::new(clock.ulid()),
            number,
            key: format!("{called} {email}"),
            name: called,
            email,
            closed: number.is_multiple_of(2).then_some(4),
        }
    }
}

/// Puts them into a house.
pub(crate) async fn fill(house: &House) -> Result<()> {
    let clock = &*house.clock;
    let day = i64::from(24 * 60 * 60) * 1_000_000;
    let expires_at = clock.now().micros() + 30 * day;
    let invited: Vec<_> = (0..2 * PENDING).map(|n| Invited::of(n, clock)).collect();
    let mut tx = house.begin().await?;
    let batch = PUT_BATCH.bind(house.organisation).bind(house.link);
    batch.execute(&mut tx).await?;
    for some in invited.chunks(5_000) {
        let rows = PUT_INVITES.bind_rows(some).bind(house.organisation);
        let rows = rows.bind(house.link).bind(expires_at);
        rows.execute(&mut tx).await?;
    }
    Ok(tx.commit().await?)
}

/// Pages in every order, a tag and searches.
pub(crate) fn kinds(organisation: OrganisationId) -> Vec<Kind<ListPending>> {
    let ask = move |filter: UserFilter, sort| {
        let page = PageRequest::default();
        Ok(ListPending {
            organisation,
            filter,
            sort,
            page,
        })
    };
    let number = |count: usize| u32::try_from(count).unwrap_or_default();
    let mut kinds: Vec<Kind<ListPending>> = Vec::new();
    for (title, sort) in [
        ("pending, newest", UserSort::Newest),
        ("pending, oldest", UserSort::Oldest),
        ("pending by name", UserSort::Name),
        ("pending by address", UserSort::Email),
    ] {
        kinds.push((title, Box::new(move |_| ask(UserFilter::default(), sort))));
    }
    let of_link = UserFilter {
        tags: Tag::parse("load").into_iter().collect(),
        ..UserFilter::default()
    };
    kinds.push((
        "pending of a tag",
        Box::new(move |_| ask(of_link.clone(), UserSort::Name)),
    ));
    let orders = [
        UserSort::Newest,
        UserSort::Name,
        UserSort::Email,
        UserSort::Oldest,
    ];
    let order = move |count: usize| orders.get(count % 4).copied().unwrap_or_default();
    for (title, syllables) in [("pending: a syllable", 1), ("pending: two syllables", 2)] {
        let of = move |count| ask(search(name(number(count), syllables)), order(count));
        kinds.push((title, Box::new(of)));
    }
    kinds.push((
        "pending: a last name",
        Box::new(move |count| ask(search(name(draw(number(count), 9), 3)), order(count))),
    ));
    kinds.push((
        "pending: nobody",
        Box::new(move |count| ask(search(format!("zz{count}zz")), order(count))),
    ));
    kinds
}
