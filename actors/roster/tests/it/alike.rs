//! Whatever is asked, the answer is what a plain look at everybody finds.

use std::{cmp::Reverse, collections::HashSet};

use contract::{
    PageRequest, Timestamp,
    ids::MembershipId,
    seats::Status,
    text::Tag,
    users::{ListUserIds, ListUsers, UserFilter, UserSort},
};
use rstest::rstest;
use serde::Serialize;
use testkit::Engine;

use crate::{
    scene::{Campus, Scene},
    sql,
};

/// Twice as many as are few, so that two tags of many can leave few.
const PEOPLE: u32 = 24_000;

#[derive(Serialize)]
struct Person {
    id: MembershipId,
    account: String,
    name: String,
    email: String,
    status: &'static str,
    door: &'static str,
    plan: String,
    link: Option<String>,
    redeemed: Option<i64>,
    seen: Option<i64>,
    joined: i64,
    tags: Vec<&'static str>,
}

#[derive(Serialize)]
struct Tagged {
    id: MembershipId,
    tag: &'static str,
}

impl Person {
    fn of(n: u32, first: Campus, second: Campus) -> Self {
        let every = |of: u32| n.is_multiple_of(of);
        // Those who have a thing stand apart from each other, or all at one end.
        let tags = [
            ("law", true),
            ("odd", !every(2)),
            ("third", every(3)),
            ("early", n < 10_800),
            ("late", n >= 10_500),
            ("rare", every(700)),
        ];
        let family = match n {
            _ if every(1_100) => "rara",
            _ if every(7) => "lee",
            20_000.. => "wu",
            _ => "poe",
        };
        Self {
            id: format!("mbr_01KAV9FT00{n:016}").parse().unwrap(),
            account: format!("acc_01KAV9FT00{n:016}"),
            name: format!("{:03} {family} {n}@hill.edu", n * 7 % 1_000),
            email: format!("{n}@hill.edu"),
            status: if every(900) {
                Status::Waiting.name()
            } else if every(31) {
                Status::Revoked.name()
            } else {
                Status::Assigned.name()
            },
            door: if every(4) { "invite" } else { "link" },
            plan: if every(5) { second } else { first }.plan.to_string(),
            link: (!every(4)).then(|| if every(6) { second } else { first }.link.to_string()),
            redeemed: (!every(11)).then(|| i64::from(n / 10)),
            seen: (!every(3)).then(|| i64::from(PEOPLE - n) / 3),
            joined: i64::from(n / 6),
            tags: tags.iter().filter(|tag| tag.1).map(|tag| tag.0).collect(),
        }
    }

    fn last_seen(&self) -> i64 {
        let given = self.redeemed.unwrap_or(0);
        self.joined.max(given).max(self.seen.unwrap_or(0))
    }

    fn is_wanted(&self, filter: &UserFilter) -> bool {
        let since = filter.inactive_since.map(Timestamp::micros);
        let tags = filter.tags.iter().map(Tag::as_str);
        filter.q.as_ref().is_none_or(|q| self.name.contains(q))
            && filter
                .status
                .is_none_or(|other| other.name() == self.status)
            && filter
                .plan
                .is_none_or(|other| other.to_string() == self.plan)
            && filter
                .link
                .is_none_or(|other| Some(other.to_string()) == self.link)
            && filter.door.as_ref().is_none_or(|other| other == self.door)
            && since.is_none_or(|since| self.last_seen() < since)
            && tags.into_iter().all(|tag| self.tags.contains(&tag))
    }
}

fn sort(people: &mut [&Person], by: UserSort) {
    match by {
        UserSort::Newest => people.sort_by_key(|person| Reverse(person.id)),
        UserSort::Oldest => people.sort_by_key(|person| person.id),
        UserSort::Name => people.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id))),
        UserSort::Email => people.sort_by(|a, b| (&a.email, a.id).cmp(&(&b.email, b.id))),
        UserSort::Redeemed => {
            people.sort_by_key(|person| Reverse((person.redeemed.unwrap_or(0), person.id)));
        }
        UserSort::LastActive => {
            people.sort_by_key(|person| Reverse((person.seen.unwrap_or(0), person.id)));
        }
    }
}

/// Numbers that look drawn, and are the same in every run.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    /// One of some, or none of them.
    fn some<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let at = self.below(2 * of.len());
        of.get(at).cloned()
    }

    fn filter(&mut self, campuses: [Campus; 2]) -> UserFilter {
        // One in 70 is called `0 lee`: several.
        let texts = [
            "lee", "wu", "poe", "rara", "0 lee", "hill", "1", "77 l", "nobody",
        ];
        let tags = ["law", "odd", "third", "early", "late", "rare", "none"];
        let tags = (0..3).filter_map(|_| self.some(&tags));
        UserFilter {
            tags: tags.map(|tag| Tag::parse(tag).unwrap()).collect(),
            q: self.some(&texts).map(str::to_owned),
            status: self.some(&[Status::Assigned, Status::Waiting, Status::Revoked]),
            plan: self.some(&campuses.map(|campus| campus.plan)),
            link: self.some(&campuses.map(|campus| campus.link)),
            door: self.some(&["link", "invite"]).map(str::to_owned),
            inactive_since: self.some(&[1, 500, 4_000]).map(Timestamp::from_micros),
        }
    }

    /// The same with one thing asked less, or several: of many filters few find anybody.
    fn fewer(&mut self, mut filter: UserFilter) -> UserFilter {
        let kept = self.below(128);
        filter.tags.truncate(kept % 4);
        filter.status = filter.status.filter(|_| kept & 4 == 0);
        filter.plan = filter.plan.filter(|_| kept & 8 == 0);
        filter.link = filter.link.filter(|_| kept & 16 == 0);
        filter.door = filter.door.filter(|_| kept & 32 == 0);
        filter.inactive_since = filter.inactive_since.filter(|_| kept & 64 == 0);
        filter
    }
}

#[rstest]
#[actix_rt::test]
async fn every_combination_of_filters_finds_whom_a_plain_look_at_everybody_finds(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let scene = Scene::open(engine).await;
    let campuses = [scene.ours, scene.second_campus().await];
    let [first, second] = campuses;
    let everybody: Vec<_> = (0..PEOPLE).map(|n| Person::of(n, first, second)).collect();
    // No statement takes as long as statements may, whatever else the machine does.
    for some in everybody.chunks(2_000) {
        scene.change(sql::PUT_ACCOUNTS.bind_rows(some)).await;
        let places = sql::PUT_PLACES.bind_rows(some);
        scene.change(places.bind(first.id)).await;
        let tags = some.iter().flat_map(|person| {
            let id = person.id;
            person.tags.iter().map(move |tag| Tagged { id, tag })
        });
        let tags: Vec<_> = tags.collect();
        scene.change(sql::PUT_TAGS.bind_rows(&tags)).await;
    }
    scene.change(sql::ANALYZE.query()).await;

    let (mut drawn, mut sizes) = (Drawn(4), HashSet::new());
    for n in 0..160 {
        let filter = drawn.filter(campuses);
        let filter = drawn.fewer(filter);
        let mut wanted: Vec<_> = everybody.iter().collect();
        wanted.retain(|person| person.is_wanted(&filter));
        sizes.insert(wanted.len().checked_ilog2());
        let by = UserSort::ALL[n % UserSort::ALL.len()];
        sort(&mut wanted, by);
        let mut wanted = wanted.iter().map(|person| person.id);
        let mut cursor = None;
        for number in 0..2 {
            let page = PageRequest {
                cursor,
                limit: Some(20),
            };
            let list = ListUsers {
                organisation: first.id,
                filter: filter.clone(),
                sort: by,
                page,
            };
            let page = scene.list(list).await;
            let found: Vec<_> = page.items.iter().map(|user| user.id).collect();
            let expected: Vec<_> = wanted.by_ref().take(20).collect();
            assert_eq!(found, expected, "{filter:?} {by:?}, page {number}");
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(cursor.is_some(), wanted.len() > 0, "{filter:?} {by:?}");
        let mut ids: Vec<_> = everybody
            .iter()
            .filter(|person| person.is_wanted(&filter))
            .collect();
        sort(&mut ids, UserSort::Newest);
        let ids: Vec<_> = ids.iter().map(|person| person.id).collect();
        let asked = ListUserIds {
            organisation: first.id,
            filter: filter.clone(),
            after: None,
        };
        let found = scene.ask_as(first.id, asked).await.unwrap();
        let expected = ids.get(..found.ids.len()).unwrap();
        assert_eq!(found.ids, expected, "{filter:?}");
        assert!(
            found.next.is_some() || found.ids.len() == ids.len(),
            "{filter:?}"
        );
    }
    // Nobody, some, few and many were asked for.
    assert!(sizes.len() > 8, "{sizes:?}");
}
