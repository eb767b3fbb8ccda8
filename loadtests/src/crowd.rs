//! The people of a large organisation, as they come in life: one year after the other, each with a tag.

use anyhow::Result;
use contract::{
    Clock, Cursor,
    ids::{AccountId, LinkId, MembershipId, PlanId},
    users::UserSort,
};
use serde::Serialize;

use crate::house::House;

pub(crate) const PEOPLE: u32 = 200_000;
/// So many have the plan and the link of the first year.
const OF_A_YEAR: u32 = PEOPLE / 6;

store::statements! {
    PUT_ACCOUNTS = "
        insert into accounts (id, email, email_key, first_name, last_name, name_key, last_active_at,
            created_at)
        select rows.value ->> 'account', rows.value ->> 'email', rows.value ->> 'email',
            rows.value ->> 'first', rows.value ->> 'last', rows.value ->> 'key',
            cast(rows.value ->> 'seen' as bigint), 0
        from rows($1)";
    PUT_PLACES = "
        insert into memberships (id, organisation_id, account_id, plan_id, status, door, link_id,
            redeemed_at, waiting_since, revoked_at, created_at, name_key, name_sort, email_key,
            last_active_at)
        select rows.value ->> 'id', $2, rows.value ->> 'account', rows.value ->> 'plan',
            rows.value ->> 'status', 'link',
            rows.value ->> 'link', cast(rows.value ->> 'redeemed' as bigint), cast(rows.value ->> 'waiting' as bigint),
            cast(rows.value ->> 'revoked' as bigint), cast(rows.value ->> 'joined' as bigint),
            rows.value ->> 'key',
            substr(rows.value ->> 'key', 1, 100), rows.value ->> 'email',
            cast(rows.value ->> 'seen' as bigint)
        from rows($1)";
    PUT_TAGS = "
        insert into membership_tags (membership_id, organisation_id, tag, redeemed_at, last_active_at)
        select m.id, m.organisation_id, rows.value ->> 'tag', m.redeemed_at, m.last_active_at
        from rows($1)
        join memberships m on m.id = rows.value ->> 'id'";
    PUT_PLAN = "
        insert into plans (id, organisation_id, name, purchased, created_at)
        values ($1, $2, 'Of a year', 100000, 1)";
    PUT_LINK = "
        insert into links (id, organisation_id, plan_id, name, token_hash, token_sealed, tags,
            allowed_domains, created_by, created_at)
        values ($1, $2, $3, 'Of a year', $1, 'sealed', '[]', '[]', 'operator', 1)";
}

/// Somebody, as both rows have them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Person {
    id: MembershipId,
    account: AccountId,
    first: String,
    last: String,
    pub(crate) email: String,
    key: String,
    plan: PlanId,
    link: LinkId,
    status: &'static str,
    seen: Option<i64>,
    redeemed: Option<i64>,
    waiting: Option<i64>,
    revoked: Option<i64>,
    joined: i64,
}

#[derive(Debug, Serialize)]
struct Tagged<'a> {
    id: MembershipId,
    tag: &'a str,
}

/// Numbers that look drawn, and are the same in every run.
pub(crate) fn draw(number: u32, salt: u32) -> u32 {
    let mixed = (number ^ salt.wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
    (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35) >> 8
}

/// A name of so many syllables.
pub(crate) fn name(mut drawn: u32, syllables: u32) -> String {
    const SYLLABLES: [&str; 16] = [
        "an", "be", "cla", "do", "el", "fri", "ge", "ha", "in", "jo", "ka", "lu", "mar", "ni",
        "or", "pe",
    ];
    let mut name = String::new();
    for _ in 0..syllables {
        name.push_str(
            SYLLABLES
                .get(drawn as usize % 16)
                .copied()
                .unwrap_or_default(),
        );
        drawn /= 16;
    }
    name
}

/// A day of the thousand that people joined in, a little later for each number.
fn day(day: u32, number: u32) -> i64 {
    i64::from(day) * 86_400_000_000 + i64::from(number)
}

impl Person {
    fn of(number: u32, clock: &dyn Clock, (plan, link): (PlanId, LinkId)) -> Self {
        let (first, last) = (name(draw(number, 1), 2), name(draw(number, 2), 3));
        let email = format!("{first}.{last}.{number}@students.load.example");
        let status = match number {
            _ if number.is_multiple_of(1_000) => "waiting",
            0..4_000 => "revoked",
            _ => "assigned",
        };
        // One after the other, and whoever joined long ago is seldom seen lately. Most have their seat since
        // they joined, some waited for it.
        let joined = number / (PEOPLE / 1_000);
        let given = if number.is_multiple_of(20) {
            joined.max(draw(number, 5) % 1_000)
        } else {
            joined
        };
        let seen = (joined + draw(number, 4) % 300).min(999);
        Self {
            id: MembershipId::new(clock.ulid()),
            account: AccountId::new(clock.ulid()),
            key: format!("{first} {last} {email}"),
            first,
            last,
            email,
            plan,
            link,
            status,
            seen: (draw(number, 3) % 10 > 2).then(|| day(seen, number)),
            redeemed: (status != "waiting").then(|| day(given, number)),
            waiting: (status == "waiting").then_some(1),
            revoked: (status == "revoked").then_some(1),
            joined: day(joined, number),
        }
    }

    /// Where the page behind them begins.
    pub(crate) fn cursor(&self, sort: UserSort) -> Cursor {
        let number = |at: Option<i64>| at.unwrap_or_default().to_string();
        let key = match sort {
            UserSort::Newest | UserSort::Oldest => String::new(),
            UserSort::Name => self.key.chars().take(100).collect(),
            UserSort::Email => self.email.clone(),
            UserSort::Redeemed => number(self.redeemed),
            UserSort::LastActive => number(self.seen),
        };
        Cursor(format!("{}:{}:{key}", sort.name(), self.id))
    }

    fn tags(&self, number: u32) -> Vec<Tagged<'static>> {
        const YEARS: [&str; 6] = ["2021", "2022", "2023", "2024", "2025", "2026"];
        let year = YEARS.get(number as usize * 6 / PEOPLE as usize).copied();
        let tag = |tag| Tagged { id: self.id, tag };
        let mut tags = vec![tag("law"), tag(year.unwrap_or("2026"))];
        if number.is_multiple_of(4_001) {
            tags.push(tag("rare"));
        }
        if number.is_multiple_of(21) {
            tags.push(tag("seminar"));
        }
        if number.is_multiple_of(3) {
            tags.push(tag("night"));
        }
        tags
    }
}

/// The plan and the link of the oldest sixth, whose year is over.
pub(crate) type OfAYear = (PlanId, LinkId);

pub(crate) async fn fill(house: &House) -> Result<(Vec<Person>, OfAYear)> {
    let clock = &*house.clock;
    let of_a_year = (PlanId::new(clock.ulid()), LinkId::new(clock.ulid()));
    let mut tx = house.begin().await?;
    let (plan, link) = of_a_year;
    let plan = PUT_PLAN.bind(plan).bind(house.organisation);
    plan.execute(&mut tx).await?;
    let link = PUT_LINK
        .bind(link)
        .bind(house.organisation)
        .bind(of_a_year.0);
    link.execute(&mut tx).await?;
    tx.commit().await?;
    let way = |number| match number {
        0..OF_A_YEAR => of_a_year,
        _ => (house.plan, house.link),
    };
    let people: Vec<_> = (0..PEOPLE)
        .map(|number| Person::of(number, clock, way(number)))
        .collect();
    let numbered: Vec<_> = (0_u32..).zip(&people).collect();
    for (some, tags) in people.chunks(5_000).zip(numbered.chunks(5_000)) {
        let tags = tags
            .iter()
            .flat_map(|(number, person)| person.tags(*number));
        let tags: Vec<_> = tags.collect();
        let mut tx = house.begin().await?;
        PUT_ACCOUNTS.bind_rows(some).execute(&mut tx).await?;
        PUT_PLACES
            .bind_rows(some)
            .bind(house.organisation)
            .execute(&mut tx)
            .await?;
        PUT_TAGS.bind_rows(&tags).execute(&mut tx).await?;
        tx.commit().await?;
    }
    Ok((people, of_a_year))
}
