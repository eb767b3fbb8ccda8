//! What this courier has of the relay: together couriers never have more than its limits.

use std::time::Duration;

use store::{Row, StoreError, Tx};

use super::{held::Holds, sql};

/// How long a courier counts as alive after it last said so: it beats each second, and takes nothing once it
/// is silent for so long.
pub(super) const ALIVE: Duration = Duration::from_millis(3_500);

/// A part of the relay's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// Mails a minute; 0 where there is no limit.
    pub(super) per_minute: u64,
    /// Connections at the same time.
    pub(super) connections: u64,
    /// Those that are not given back yet: these, or as many more as are still open.
    pub(super) held: u64,
    /// How many couriers share: those that a connection falls to.
    pub(super) couriers: u64,
}

impl Share {
    /// What is part of both.
    pub(super) fn least(self, other: Self) -> Self {
        Self {
            per_minute: self.per_minute.min(other.per_minute),
            connections: self.connections.min(other.connections),
            held: other.held,
            couriers: self.couriers.max(other.couriers),
        }
    }
}

/// What a courier has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Holding {
    id: String,
    per_minute: u64,
    connections: u64,
}

/// What of a limit falls to `me`, among all that are alive: to the first `among` by id an equal part,
/// the first of them getting what does not divide; of that only what the others have given back already.
fn part(limit: u64, among: u64, me: &str, others: &[(&str, u64)]) -> u64 {
    let before = others.iter().filter(|(id, _)| *id < me).count() as u64;
    if before >= among {
        return 0;
    }
    let fair = limit / among + u64::from(before < limit % among);
    let held: u64 = others.iter().map(|(_, held)| held).sum();
    fair.min(limit.saturating_sub(held))
}

fn decide(limits: Share, open: u64, me: &str, others: &[Holding]) -> Share {
    let rates: Vec<_> = others
        .iter()
        .map(|other| (other.id.as_str(), other.per_minute))
        .collect();
    let connections: Vec<_> = others
        .iter()
        .map(|other| (other.id.as_str(), other.connections))
        .collect();
    // Whoever no connection falls to could use nothing of a rate.
    let among = limits.connections.min(others.len() as u64 + 1);
    let connections = part(limits.connections, among, me, &connections);
    Share {
        per_minute: part(limits.per_minute, among, me, &rates),
        connections,
        // A connection is given back once it is closed.
        held: connections.max(open),
        couriers: among,
    }
}

/// Says that this courier lives and what holds its mail back, and takes its share of `limits` while
/// `open` connections are open.
pub(super) async fn keep(
    tx: &mut Tx,
    me: &str,
    limits: Share,
    open: u64,
    holds: &Holds,
) -> Result<Share, StoreError> {
    sql::MAKE_DOOR.query().execute(tx).await?;
    sql::LOCK_DOOR.query().fetch_one(tx).await?;
    sql::BURY_COURIERS.query().execute(tx).await?;
    let rows = sql::LIST_SHARES.query().fetch_all(tx).await?;
    let holdings = rows.iter().map(holding).collect::<Result<Vec<_>, _>>()?;
    let others: Vec<_> = holdings.into_iter().filter(|row| row.id != me).collect();
    let share = decide(limits, open, me, &others);
    let hindrance = serde_json::to_string(holds).unwrap_or_default();
    sql::KEEP_SHARE
        .bind(me)
        .bind(super::micros(ALIVE))
        .bind(share.per_minute)
        .bind(share.held)
        .bind(hindrance)
        .execute(tx)
        .await?;
    Ok(share)
}

fn holding(row: &Row) -> Result<Holding, StoreError> {
    Ok(Holding {
        id: row.get("id")?,
        per_minute: row.get("per_minute")?,
        connections: row.get("connections")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Share = Share {
        per_minute: 3_000,
        connections: 10,
        held: 0,
        couriers: 0,
    };

    /// Lets a courier say that it lives, while so many connections are open.
    fn round(holdings: &mut Vec<Holding>, id: &str, open: u64) -> Share {
        round_of(LIMITS, holdings, id, open)
    }

    fn round_of(limits: Share, holdings: &mut Vec<Holding>, id: &str, open: u64) -> Share {
        let others: Vec<_> = holdings
            .iter()
            .filter(|held| held.id != id)
            .cloned()
            .collect();
        let share = decide(limits, open, id, &others);
        *holdings = others;
        holdings.push(Holding {
            id: id.to_owned(),
            per_minute: share.per_minute,
            connections: share.held,
        });
        let rates: u64 = holdings.iter().map(|held| held.per_minute).sum();
        let connections: u64 = holdings.iter().map(|held| held.connections).sum();
        let is_within = rates <= limits.per_minute && connections <= limits.connections;
        assert!(is_within, "{holdings:?}");
        share
    }

    fn of(holdings: &[Holding], id: &str) -> (u64, u64) {
        let held = holdings.iter().find(|held| held.id == id).unwrap();
        (held.per_minute, held.connections)
    }

    #[test]
    fn one_courier_has_all_and_a_newcomer_what_it_gives_back() {
        let mut holdings = Vec::new();
        round(&mut holdings, "a", 0);
        assert_eq!(of(&holdings, "a"), (3_000, 10));
        round(&mut holdings, "b", 0);
        assert_eq!(of(&holdings, "b"), (0, 0), "nothing was given back yet");
        let share = round(&mut holdings, "a", 8);
        assert_eq!(share.connections, 5, "three are to end");
        assert_eq!(of(&holdings, "a"), (1_500, 8), "eight are still open");
        round(&mut holdings, "b", 0);
        assert_eq!(of(&holdings, "b"), (1_500, 2));
        round(&mut holdings, "a", 5);
        round(&mut holdings, "b", 2);
        assert_eq!(of(&holdings, "b"), (1_500, 5));
    }

    #[test]
    fn what_does_not_divide_goes_to_the_first_and_nothing_is_left_over() {
        let mut holdings = Vec::new();
        for _ in 0..3 {
            for id in ["a", "b", "c"] {
                round(&mut holdings, id, 0);
            }
        }
        let shares = ["a", "b", "c"].map(|id| of(&holdings, id));
        assert_eq!(shares, [(1_000, 4), (1_000, 3), (1_000, 3)]);
    }

    #[test]
    fn the_share_of_a_dead_courier_is_shared_again() {
        let mut holdings = Vec::new();
        for id in ["a", "b", "a", "b"] {
            round(&mut holdings, id, 0);
        }
        holdings.retain(|held| held.id == "b");
        round(&mut holdings, "b", 5);
        assert_eq!(of(&holdings, "b"), (3_000, 10));
    }

    #[test]
    fn with_fewer_connections_than_couriers_those_that_have_one_have_all_of_the_rate() {
        for connections in 1..=3 {
            let limits = Share {
                connections,
                ..LIMITS
            };
            let (mut holdings, ids) = (Vec::new(), ["a", "b", "c", "d"]);
            let mut shares = Vec::new();
            for _ in 0..3 {
                shares = ids
                    .map(|id| round_of(limits, &mut holdings, id, 0))
                    .to_vec();
            }
            for (n, share) in (0..).zip(&shares) {
                let mine = u64::from(n < connections);
                let rate = 3_000 / connections * mine;
                assert_eq!((share.connections, share.per_minute), (mine, rate));
                assert_eq!(share.couriers, connections, "so do other rates");
            }
        }
    }

    #[test]
    fn whoever_is_to_give_its_connection_back_keeps_it_from_others_until_it_is_closed() {
        let limits = Share {
            connections: 1,
            ..LIMITS
        };
        let mut holdings = Vec::new();
        round_of(limits, &mut holdings, "b", 0);
        round_of(limits, &mut holdings, "a", 0);
        assert_eq!(of(&holdings, "a"), (0, 0), "nothing was given back yet");
        let share = round_of(limits, &mut holdings, "b", 1);
        assert_eq!((share.connections, share.per_minute), (0, 0));
        round_of(limits, &mut holdings, "a", 0);
        assert_eq!(of(&holdings, "a"), (3_000, 0), "it is still open");
        round_of(limits, &mut holdings, "b", 0);
        round_of(limits, &mut holdings, "a", 0);
        assert_eq!(of(&holdings, "a"), (3_000, 1));
    }

    #[test]
    fn less_than_one_mail_a_second_is_shared_too() {
        let others = [("a", 15), ("b", 15)];
        assert_eq!(part(60, 3, "c", &others), 20);
        assert_eq!(part(0, 2, "c", &[("a", 0)]), 0, "no limit");
    }
}
