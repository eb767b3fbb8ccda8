//! Manage Users of an organisation with 200,000 people: pages in every order, filters and searches,
//! through the roster on the bus. There is no baseline: what counts is how long somebody waits, so
//! the median and the 95th of a hundred stand beside the aim.

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use contract::{
    Call, Caller, Clock, Cursor, Page, PageRequest, Principal, Role, Service, Timestamp,
    ids::{AccountId, AdministratorId, LinkId, MembershipId, OrganisationId, PlanId, Ulid},
    seats::Status,
    text::Tag,
    users::{ListUsers, UserFilter, UserSort},
};
use kernel::{Bus, Cx, Health, Stage, StageOptions, bus::LocalBus};
use roster::Roster;
use serde::Serialize;
use testkit::{PostgresServer, SqliteFile};

use crate::{bus::bus_options, house::House, pending, rounds::Pace};

const PEOPLE: u32 = 200_000;
/// So many have the plan and the link of the first year.
const OF_A_YEAR: u32 = PEOPLE / 6;
/// What a page may take, in milliseconds.
const AIM: f64 = 100.0;

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
struct Person {
    id: MembershipId,
    account: AccountId,
    first: String,
    last: String,
    email: String,
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
    fn cursor(&self, sort: UserSort) -> Cursor {
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
type OfAYear = (PlanId, LinkId);

async fn fill(house: &House) -> Result<(Vec<Person>, OfAYear)> {
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
            .bind(house.plan)
            .execute(&mut tx)
            .await?;
        PUT_TAGS.bind_rows(&tags).execute(&mut tx).await?;
        tx.commit().await?;
    }
    Ok((people, of_a_year))
}

/// A kind of question: the n-th asks a little differently from the one before.
pub(crate) type Kind<M> = (&'static str, Box<dyn Fn(usize) -> Result<M>>);

fn kinds(house: &House, (people, of_a_year): (Vec<Person>, OfAYear)) -> Vec<Kind<ListUsers>> {
    let people = Arc::new(people);
    let mut kinds = pages(house.organisation, &people);
    kinds.extend(filters(house, of_a_year));
    kinds.extend(searches(house.organisation, people));
    kinds
}

fn list(
    organisation: OrganisationId,
    filter: UserFilter,
    sort: UserSort,
    cursor: Option<Cursor>,
) -> ListUsers {
    let page = PageRequest {
        cursor,
        limit: None,
    };
    ListUsers {
        organisation,
        filter,
        sort,
        page,
    }
}

/// The first page of each order, and any other.
fn pages(organisation: OrganisationId, people: &Arc<Vec<Person>>) -> Vec<Kind<ListUsers>> {
    let mut kinds: Vec<Kind<ListUsers>> = Vec::new();
    for (first, any, sort) in [
        ("first page, newest", "any page, newest", UserSort::Newest),
        ("first page, oldest", "any page, oldest", UserSort::Oldest),
        ("first page by name", "any page by name", UserSort::Name),
        (
            "first page by address",
            "any page by address",
            UserSort::Email,
        ),
        (
            "first page by redemption",
            "any page by redemption",
            UserSort::Redeemed,
        ),
        (
            "first page by activity",
            "any page by activity",
            UserSort::LastActive,
        ),
    ] {
        let of_first = move |_| Ok(list(organisation, UserFilter::default(), sort, None));
        kinds.push((first, Box::new(of_first)));
        let people = Arc::clone(people);
        let of_any = move |count: usize| {
            let person = people.get(count * 7_919 % people.len());
            let cursor = Some(person.context("a person")?.cursor(sort));
            Ok(list(organisation, UserFilter::default(), sort, cursor))
        };
        kinds.push((any, Box::new(of_any)));
    }
    kinds
}

fn tagged(tags: &[&str]) -> UserFilter {
    let tags = tags.iter().filter_map(|tag| Tag::parse(tag).ok());
    UserFilter {
        tags: tags.collect(),
        ..UserFilter::default()
    }
}

/// Each filter by itself, in every order.
fn filters(house: &House, (old_plan, old_link): OfAYear) -> Vec<Kind<ListUsers>> {
    let organisation = house.organisation;
    let state = |status| UserFilter {
        status: Some(status),
        ..UserFilter::default()
    };
    let since = |days: i64| UserFilter {
        inactive_since: Some(Timestamp::from_micros(days * 86_400_000_000)),
        ..UserFilter::default()
    };
    let link = |link| UserFilter {
        link: Some(link),
        ..UserFilter::default()
    };
    let plan = |plan| UserFilter {
        plan: Some(plan),
        ..UserFilter::default()
    };
    let filters = [
        ("status: most are", state(Status::Assigned)),
        ("status: one in 50 is", state(Status::Revoked)),
        ("status: one in 1,000 is", state(Status::Waiting)),
        ("tag of everybody", tagged(&["law"])),
        ("tag of the first sixth", tagged(&["2021"])),
        ("tag of one in 21", tagged(&["seminar"])),
        ("tag of one in 4,000", tagged(&["rare"])),
        ("tags of one in 21 and of all", tagged(&["law", "seminar"])),
        ("tags of all and the first sixth", tagged(&["law", "2021"])),
        ("three tags", tagged(&["2023", "night", "law"])),
        ("two tags that nobody has", tagged(&["2023", "2024"])),
        ("link of most", link(house.link)),
        ("link of the first sixth", link(old_link)),
        ("plan of most", plan(house.plan)),
        ("plan of the first sixth", plan(old_plan)),
        ("not seen since the middle", since(500)),
        ("not seen since the first weeks", since(30)),
        ("not seen since before anybody joined", since(0)),
    ];
    let kind = |(title, filter): (&'static str, UserFilter)| -> Kind<ListUsers> {
        let of = move |count| Ok(list(organisation, filter.clone(), order(count), None));
        (title, Box::new(of))
    };
    filters.into_iter().map(kind).collect()
}

fn order(count: usize) -> UserSort {
    UserSort::ALL
        .get(count % UserSort::ALL.len())
        .copied()
        .unwrap_or_default()
}

pub(crate) fn search(q: String) -> UserFilter {
    UserFilter {
        q: Some(q),
        ..UserFilter::default()
    }
}

/// Searches in every order that find many, few, one and nobody, by themselves and with filters.
fn searches(organisation: OrganisationId, people: Arc<Vec<Person>>) -> Vec<Kind<ListUsers>> {
    let number = |count: usize| u32::try_from(count).unwrap_or_default();
    let ask = move |filter, count| Ok(list(organisation, filter, order(count), None));
    let one = move |count: usize| {
        let email = people.get(count * 7_919 % people.len());
        let email = email.map(|person| person.email.clone());
        ask(search(email.context("a person")?), count)
    };
    let syllables = move |count, many| name(number(count), many);
    let last_name = move |count| name(draw(number(count), 9), 3);
    let both = |q, filter| UserFilter {
        q: Some(q),
        ..filter
    };
    let with = move |q, tags: &[&str]| both(q, tagged(tags));
    let of = move |q, status, tags: &[&str]| UserFilter {
        status: Some(status),
        ..with(q, tags)
    };
    let letter = move |count: usize| {
        let letters = ["e", "z", "j", "b", "o"];
        letters
            .get(count / 6 % 5)
            .copied()
            .unwrap_or_default()
            .to_owned()
    };
    let nobody = |count: usize| format!("zz{count}zz");
    vec![
        (
            "search: a letter",
            Box::new(move |n| ask(search(letter(n)), n)),
        ),
        (
            "search: a syllable",
            Box::new(move |n| ask(search(syllables(n, 1)), n)),
        ),
        (
            "search: two syllables",
            Box::new(move |n| ask(search(syllables(n, 2)), n)),
        ),
        (
            "search: a last name",
            Box::new(move |n| ask(search(last_name(n)), n)),
        ),
        ("search: one address", Box::new(one)),
        (
            "search: nobody",
            Box::new(move |n| ask(search(nobody(n)), n)),
        ),
        (
            "a letter and two tags",
            Box::new(move |n| ask(with(letter(n), &["2021", "night"]), n)),
        ),
        (
            "a letter and tags of nobody",
            Box::new(move |n| ask(with(letter(n), &["2021", "2022"]), n)),
        ),
        (
            "a letter, one in 50",
            Box::new(move |n| ask(of(letter(n), Status::Revoked, &[]), n)),
        ),
        (
            "a syllable and two tags",
            Box::new(move |n| ask(with(syllables(n, 1), &["2021", "night"]), n)),
        ),
        (
            "two syllables, everybody's tag",
            Box::new(move |n| ask(with(syllables(n, 2), &["law"]), n)),
        ),
        (
            "two syllables, tags of nobody",
            Box::new(move |n| ask(with(syllables(n, 2), &["2021", "2022"]), n)),
        ),
        (
            "two syllables, one in 50",
            Box::new(move |n| ask(of(syllables(n, 2), Status::Revoked, &[]), n)),
        ),
        (
            "two syllables, two tags, status",
            Box::new(move |n| ask(of(syllables(n, 2), Status::Assigned, &["2024", "night"]), n)),
        ),
        (
            "a last name and three tags",
            Box::new(move |n| ask(with(last_name(n), &["2023", "night", "law"]), n)),
        ),
        (
            "nobody, two tags and a status",
            Box::new(move |n| ask(of(nobody(n), Status::Assigned, &["2024", "night"]), n)),
        ),
    ]
}

/// The milliseconds that half and 95 of 100 took at most.
fn quantiles(mut latencies: Vec<f64>) -> (f64, f64) {
    latencies.sort_unstable_by(f64::total_cmp);
    let at = |share: usize| {
        let at = latencies.get(latencies.len() * share / 100);
        at.copied().unwrap_or(f64::NAN)
    };
    (at(50), at(95))
}

async fn measure(engine: &str, url: &str, pace: Pace) -> Result<()> {
    let house = House::build(url, 8).await?;
    let people = fill(&house).await?;
    pending::fill(&house).await?;
    if url.starts_with("postgres") {
        house.vacuum().await?;
    }
    house.analyze().await?;
    let (db, clock) = (house.questions.clone(), Arc::clone(&house.clock));
    let bus = Bus::new(Arc::new(LocalBus::new()), bus_options(Service::Roster)?);
    let mut stage = Stage::new(bus, Health::default(), StageOptions::default());
    let make = move || Roster::new(db.clone(), clock.clone());
    stage.actor(2, make).await?;
    let transport = Arc::clone(stage.transport());
    let bus = Bus::new(transport, bus_options(Service::HttpEdge)?);
    println!(
        "Manage Users with {PEOPLE} people and {} pending invites in one organisation, {engine}",
        pending::PENDING
    );
    let there = ask_all(&bus, &house, kinds(&house, people), pace).await?;
    let invited = ask_all(&bus, &house, pending::kinds(house.organisation), pace).await?;
    let worst = if invited.0 > there.0 { invited } else { there };
    let verdict = if worst.0 < AIM { "reached" } else { "MISSED" };
    println!(
        "  aim       p95 < {AIM} ms: {verdict} (worst: {}, {:.2} ms)\n",
        worst.1, worst.0
    );
    Ok(())
}

/// Asks every kind for its time and prints how long the answers took; answers with the worst 95th.
async fn ask_all<T, M: Call<Reply = Page<T>>>(
    bus: &Bus,
    house: &House,
    kinds: Vec<Kind<M>>,
    pace: Pace,
) -> Result<(f64, &'static str)> {
    let clock = &*house.clock;
    let administrator = Principal::Administrator(AdministratorId::new(Ulid::nil()));
    let mut worst = (0.0_f64, "");
    for (title, question) in kinds {
        let (mut latencies, mut found) = (Vec::new(), 0);
        let begun = Instant::now();
        // Some uncounted ones warm statements and caches.
        for count in 0.. {
            let scope = (house.organisation, Role::Viewer);
            let caller =
                Caller::within(Service::HttpEdge, administrator.clone(), scope, clock.now());
            let cx = Cx::begin(caller, crate::bus::REQUEST_ID, clock);
            let asked = Instant::now();
            let answer = bus.call(&question(count)?, &cx).await?;
            if count >= 6 {
                latencies.push(asked.elapsed().as_secs_f64() * 1e3);
                found = found.max(answer.items.len());
            }
            if latencies.len() >= 20 && (begun.elapsed() >= pace.time || latencies.len() >= 500) {
                break;
            }
        }
        let (p50, p95) = quantiles(latencies);
        println!("  {title:<32} p50 {p50:>7.2} ms   p95 {p95:>7.2} ms   up to {found} rows");
        if p95 > worst.0 {
            worst = (p95, title);
        }
    }
    Ok(worst)
}

pub(crate) fn run(pace: Pace) -> Result<()> {
    let file = SqliteFile::fresh();
    actix_rt::System::new().block_on(measure("SQLite", &file.url(), pace))?;
    let server = PostgresServer::durable();
    actix_rt::System::new().block_on(measure("PostgreSQL", &server.fresh_database(), pace))
}
