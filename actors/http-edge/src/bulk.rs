//! A change for many people: who they are is settled first, then it is a job.

use std::collections::BTreeSet;

use contract::{
    Call, Kind, Problem, Timestamp,
    bulk::{AddToBulk, BULK_PIECE, Bulk, BulkAction, OpenBulk},
    ids::{MembershipId, OrganisationId},
    users::{ListUserIds, UserFilter},
};
use kernel::{Bus, Cx};

use crate::request::renewed_at;

/// For how many seconds calls begin: with the last one they end before proxies give up, as a rule.
const WHOLE_SECONDS: i64 = 40;
/// After how many seconds it may be tried again.
const LATER: u32 = 30;

/// Whom a change is about.
#[derive(Clone, Debug)]
pub(crate) enum Whom {
    /// Everybody that a filter finds now.
    Filter(UserFilter),
    /// These, as far as they are people of the organisation.
    Ids(Vec<MembershipId>),
}

impl Whom {
    /// How many they are.
    pub(crate) async fn count(
        &self,
        bus: &Bus,
        cx: &Cx,
        organisation: OrganisationId,
    ) -> Result<u64, Problem> {
        match self {
            Self::Filter(filter) => {
                let search = Search::begin(bus, cx);
                let mut pages = Pages::of(organisation, filter);
                let mut count = 0;
                while let Some(ids) = pages.next(&search).await? {
                    count += ids.len() as u64;
                }
                Ok(count)
            }
            // A job that is never started is how ids are checked: it is forgotten.
            Self::Ids(_) => {
                let action = BulkAction::Revoke;
                Ok(self.stage(bus, cx, organisation, action).await?.count)
            }
        }
    }

    /// A job about them that is yet to be started.
    pub(crate) async fn stage(
        &self,
        bus: &Bus,
        cx: &Cx,
        organisation: OrganisationId,
        action: BulkAction,
    ) -> Result<Bulk, Problem> {
        let search = Search::begin(bus, cx);
        let open = OpenBulk {
            organisation,
            action,
        };
        let mut bulk = search.call(&open).await?;
        let bulk_id = bulk.id;
        let add = |membership_ids| AddToBulk {
            organisation,
            bulk_id,
            membership_ids,
        };
        match self {
            Self::Filter(filter) => {
                let mut pages = Pages::of(organisation, filter);
                while let Some(ids) = pages.next(&search).await? {
                    bulk = search.call(&add(ids)).await?;
                }
            }
            Self::Ids(ids) => {
                let ids: BTreeSet<_> = ids.iter().copied().collect();
                let ids: Vec<_> = ids.into_iter().collect();
                for piece in ids.chunks(BULK_PIECE) {
                    bulk = search.call(&add(piece.to_vec())).await?;
                }
            }
        }
        Ok(bulk)
    }
}

/// Call by call whom a change is about: each has the patience of a request of its own, all of them
/// together have an end.
struct Search<'b> {
    bus: &'b Bus,
    cx: &'b Cx,
    ends: Timestamp,
}

impl<'b> Search<'b> {
    fn begin(bus: &'b Bus, cx: &'b Cx) -> Self {
        let ends = bus.clock().now().plus_seconds(WHOLE_SECONDS);
        Self { bus, cx, ends }
    }

    async fn call<M: Call>(&self, message: &M) -> Result<M::Reply, Problem> {
        let clock = &**self.bus.clock();
        if clock.now() >= self.ends {
            return Err(nothing_happened("Finding everybody took too long."));
        }
        let answer = self.bus.call(message, &renewed_at(clock, self.cx)).await;
        // A job that was not started does nothing: there is no doubt about what it did.
        answer.map_err(|problem| {
            if !problem.kind.is_in_doubt() {
                return problem;
            }
            Problem {
                instance: problem.instance,
                ..nothing_happened("The answer was lost while everybody was looked for.")
            }
        })
    }
}

fn nothing_happened(why: &str) -> Problem {
    Problem {
        retry_after: Some(LATER),
        ..Problem::new(Kind::Unavailable).detail(format!("{why} Nothing was changed."))
    }
}

/// The ids that a filter finds, page by page.
struct Pages(Option<ListUserIds>);

impl Pages {
    fn of(organisation: OrganisationId, filter: &UserFilter) -> Self {
        Self(Some(ListUserIds {
            organisation,
            filter: filter.clone(),
            after: None,
        }))
    }

    async fn next(&mut self, search: &Search<'_>) -> Result<Option<Vec<MembershipId>>, Problem> {
        let Some(list) = self.0.take() else {
            return Ok(None);
        };
        let found = search.call(&list).await?;
        self.0 = found.next.map(|after| ListUserIds {
            after: Some(after),
            ..list
        });
        Ok(Some(found.ids))
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc, sync::Arc};

    use contract::{
        Caller, Clock as _, ManualClock, Principal, Role, Secret, Service,
        ids::{AdministratorId, BulkId, Ulid},
        users::UserIds,
    };
    use kernel::{
        Behaviour, BusKey, BusOptions, Health, KernelMetrics, Routes, Serve, Stage, StageOptions,
        bus::LocalBus,
    };
    use prometheus::Registry;

    use super::*;

    /// Whoever answers, after some time.
    #[derive(Clone)]
    struct Slow {
        clock: Arc<ManualClock>,
        takes: i64,
        /// How many pages of people are left.
        pages: usize,
        /// For how long each call would have been waited for.
        patience: Rc<RefCell<Vec<u64>>>,
        /// Answers the last page with this.
        refusal: Option<Kind>,
    }

    impl Slow {
        fn turn(&self, cx: &Cx) {
            let patience = cx.remaining(self.clock.now()).unwrap();
            self.patience.borrow_mut().push(patience.as_secs());
            self.clock.advance_seconds(self.takes);
        }

        fn bulk(&self) -> Bulk {
            Bulk {
                id: BulkId::new(Ulid::from_parts(1, 1)),
                action: BulkAction::Revoke,
                count: 7,
                done: 0,
                refused: 0,
                started_at: None,
                finished_at: None,
                given_up: None,
                created_at: self.clock.now(),
            }
        }
    }

    impl Behaviour for Slow {
        const SERVICE: Service = Service::SeatPool;

        fn routes(routes: &mut Routes<Self>) {
            routes
                .one::<ListUserIds>()
                .one::<OpenBulk>()
                .one::<AddToBulk>();
        }
    }

    impl Serve<ListUserIds> for Slow {
        async fn serve(&mut self, _: ListUserIds, cx: &Cx) -> Result<UserIds, Problem> {
            self.turn(cx);
            self.pages -= 1;
            let somebody = MembershipId::new(Ulid::from_parts(1, 1));
            match (self.pages, self.refusal) {
                (0, Some(kind)) => Err(Problem::new(kind)),
                (left, _) => Ok(UserIds {
                    ids: vec![somebody],
                    next: (left > 0).then_some(somebody),
                }),
            }
        }
    }

    impl Serve<OpenBulk> for Slow {
        async fn serve(&mut self, _: OpenBulk, cx: &Cx) -> Result<Bulk, Problem> {
            self.turn(cx);
            Ok(self.bulk())
        }
    }

    impl Serve<AddToBulk> for Slow {
        async fn serve(&mut self, _: AddToBulk, cx: &Cx) -> Result<Bulk, Problem> {
            self.turn(cx);
            Ok(self.bulk())
        }
    }

    /// What a job about everybody comes to, and the patience of each call.
    async fn staged(
        takes: i64,
        pages: usize,
        refusal: Option<Kind>,
    ) -> (Result<u64, Problem>, Vec<u64>) {
        let clock = ManualClock::at(Timestamp::from_micros(1_795_521_600_000_000));
        let options = BusOptions {
            service: Service::HttpEdge,
            key: BusKey::new(&Secret::new("a key of thirty-two characters..")),
            clock: clock.clone(),
            metrics: KernelMetrics::register(&Registry::new()).unwrap(),
        };
        let bus = Bus::new(Arc::new(LocalBus::new()), options);
        let slow = Slow {
            clock: clock.clone(),
            takes,
            pages,
            patience: Rc::default(),
            refusal,
        };
        let patience = Rc::clone(&slow.patience);
        let mut stage = Stage::new(bus.clone(), Health::default(), StageOptions::default());
        stage.actor(1, move || slow.clone()).await.unwrap();
        let organisation = OrganisationId::new(Ulid::from_parts(1, 1));
        let cx = Cx::begin(
            Caller::public(Service::HttpEdge, clock.now()),
            "request",
            &*clock,
        );
        let manager = Principal::Administrator(AdministratorId::new(Ulid::from_parts(1, 1)));
        let cx = cx.on_behalf_of(manager, Some((organisation, Role::Manager)));
        let everybody = Whom::Filter(UserFilter::default());
        let staged = everybody.stage(&bus, &cx, organisation, BulkAction::Revoke);
        let staged = staged.await.map(|bulk| bulk.count);
        stage.stop().await;
        (staged, patience.take())
    }

    #[actix_web::test]
    async fn each_call_for_many_has_the_patience_of_a_request_of_its_own() {
        let (staged, patience) = staged(4, 4, None).await;
        assert_eq!(staged, Ok(7));
        assert_eq!(patience, [Cx::PATIENCE.as_secs(); 9]);
    }

    #[actix_web::test]
    async fn looking_for_everybody_has_an_end_and_leaves_no_doubt() {
        let (staged, patience) = staged(9, usize::MAX, None).await;
        let refused = staged.unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
        assert_eq!(refused.retry_after, Some(LATER));
        assert_eq!(patience.len(), 5, "none begins after 40 seconds");
    }

    #[actix_web::test]
    async fn an_answer_that_is_lost_while_everybody_is_looked_for_leaves_no_doubt() {
        for (lost, told) in [
            (Kind::InDoubt, Kind::Unavailable),
            (Kind::DeadlinePassed, Kind::Unavailable),
            (Kind::Invalid, Kind::Invalid),
        ] {
            let (staged, _) = staged(1, 2, Some(lost)).await;
            assert_eq!(staged.unwrap_err().kind, told, "{lost:?}");
        }
    }
}
