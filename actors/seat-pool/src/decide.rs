//! Who may sit: pure. Takes what is, changes the books, says what to write.

use contract::{
    DomainName, Kind, Stamp, Timestamp,
    ids::{AccountId, InviteId, LinkId, MembershipId, OrganisationId, PlanId},
    organisations::{InviteAcceptance, JoinProof},
    seats::{Admit, Admitted, Door, Status},
};

use crate::{
    books::{Books, Change},
    load::{Invites, LinkState, Links, MembershipState, People, PersonState, link_of},
};

/// A membership to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewMembership {
    pub(crate) id: MembershipId,
    pub(crate) organisation: OrganisationId,
    pub(crate) account: AccountId,
    pub(crate) plan: PlanId,
    pub(crate) door: Door,
    pub(crate) link: LinkId,
    /// Of which domain the address is that is let in.
    pub(crate) domain: Option<DomainName>,
    pub(crate) status: Status,
    pub(crate) proof_due_at: Option<Timestamp>,
}

/// An invite that is accepted by this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acceptance {
    pub(crate) invite: InviteId,
    pub(crate) organisation: OrganisationId,
    pub(crate) membership: MembershipId,
    pub(crate) account: AccountId,
    /// To whom it was sent.
    pub(crate) invited: String,
    /// The address that accepts it.
    pub(crate) accepting: String,
}

/// What is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Writing {
    pub(crate) membership: Option<NewMembership>,
    pub(crate) acceptance: Option<Acceptance>,
}

/// The answer, and what is to be written for it.
pub(crate) type Decision = Result<(Admitted, Writing), Kind>;

/// What a decision is made from, and what it changes: the next of the batch sees it.
pub(crate) struct State<'a> {
    pub(crate) people: &'a mut People,
    pub(crate) links: &'a mut Links,
    pub(crate) invites: &'a mut Invites,
    pub(crate) books: &'a mut Books,
}

/// Decides one admission. What it consumes it takes from the state at once, and the membership it
/// makes it notes there.
pub(crate) fn admit(
    asked: &Admit,
    fresh: MembershipId,
    state: State<'_>,
    stamp: &Stamp,
) -> Decision {
    let State {
        people,
        links,
        invites,
        books,
    } = state;
    let person = people
        .get_mut(&(asked.organisation, asked.account_id))
        .ok_or(Kind::NotFound)?;
    // Whoever has a place keeps it, whatever became of the link meanwhile.
    if let Some(place) = &person.membership {
        return match place.status {
            Status::Revoked => Err(Kind::MembershipRevoked),
            Status::Assigned | Status::Held | Status::Waiting => {
                let acceptance = accept(asked, place.id, (person, links, invites), stamp.now);
                let acceptance = acceptance.ok().flatten();
                note(acceptance.as_ref(), invites);
                Ok((
                    answer(place, false),
                    Writing {
                        membership: None,
                        acceptance,
                    },
                ))
            }
        };
    }
    let acceptance = accept(asked, fresh, (person, links, invites), stamp.now)?;
    let link_id = link_of(asked.door, invites).ok_or(Kind::LinkUnknown)?;
    let link = links.get_mut(&link_id).ok_or(Kind::LinkUnknown)?;
    let plan = books.plan(link.plan).ok_or(Kind::LinkUnknown)?;
    let is_use = matches!(asked.door, Door::Link { .. });
    if is_use {
        may_use(link, asked.organisation, stamp.now)?;
    }
    if plan.has_ended(stamp.now) {
        return Err(Kind::PlanEnded);
    }
    if is_use && !allows(link, person.domain.as_ref()) {
        return Err(Kind::DomainNotAllowed);
    }
    let (status, change) = if plan.free() == 0 {
        (Status::Waiting, Change::Wait)
    } else if must_prove_first(link, person) {
        (Status::Held, Change::Hold)
    } else {
        (Status::Assigned, Change::Assign)
    };
    if is_use && status != Status::Waiting {
        link.uses += 1;
    }
    let proof_due_at = due(link, person, status, stamp.now);
    let used = is_use.then_some(link_id);
    books.enter(link.plan, change, Some((fresh, used)), stamp);
    let place = MembershipState {
        id: fresh,
        plan: link.plan,
        status,
        proof_due_at,
    };
    let admitted = answer(&place, true);
    person.membership = Some(place);
    note(acceptance.as_ref(), invites);
    let membership = Some(NewMembership {
        id: fresh,
        organisation: asked.organisation,
        account: asked.account_id,
        plan: link.plan,
        door: asked.door,
        link: link_id,
        domain: person.domain.clone(),
        status,
        proof_due_at,
    });
    Ok((
        admitted,
        Writing {
            membership,
            acceptance,
        },
    ))
}

/// Accepts the invite that they hold, when it is theirs to accept now. Nothing to write when they
/// have accepted it before, or hold none.
fn accept(
    asked: &Admit,
    membership: MembershipId,
    (person, links, invites): (&PersonState, &Links, &Invites),
    now: Timestamp,
) -> Result<Option<Acceptance>, Kind> {
    let Door::Invite { invite_id } = asked.door else {
        return Ok(None);
    };
    let ours = invites.get(&invite_id);
    let ours = ours.filter(|invite| invite.organisation == asked.organisation && invite.is_sent);
    let invite = ours.ok_or(Kind::InviteUnknown)?;
    match invite.used_by {
        // Their place is gone: an invite gives one, once.
        Some(_) if person.membership.is_none() => return Err(Kind::InviteUsed),
        Some(account) if account == asked.account_id => return Ok(None),
        Some(_) => return Err(Kind::InviteUsed),
        None => {}
    }
    let link = links.get(&invite.link).ok_or(Kind::InviteUnknown)?;
    if invite.cancelled_at.is_some() || link.archived_at.is_some() {
        return Err(Kind::InviteCancelled);
    }
    if invite.expires_at.is_some_and(|end| end <= now) {
        return Err(Kind::InviteExpired);
    }
    let is_theirs = invite.email_key == person.email_key;
    let is_lenient = link.policies.invite_acceptance == InviteAcceptance::Lenient;
    let may_be_theirs = is_lenient && allows(link, person.domain.as_ref());
    if !is_theirs && !may_be_theirs {
        return Err(Kind::InviteForAnother);
    }
    Ok(Some(Acceptance {
        invite: invite_id,
        organisation: asked.organisation,
        membership,
        account: asked.account_id,
        invited: invite.email_key.clone(),
        accepting: person.email_key.clone(),
    }))
}

/// The next of the batch sees that an invite was accepted.
fn note(acceptance: Option<&Acceptance>, invites: &mut Invites) {
    if let Some(acceptance) = acceptance
        && let Some(invite) = invites.get_mut(&acceptance.invite)
    {
        invite.used_by = Some(acceptance.account);
    }
}

fn answer(place: &MembershipState, is_new: bool) -> Admitted {
    Admitted {
        membership_id: place.id,
        plan_id: place.plan,
        status: place.status,
        proof_due_at: place.proof_due_at,
        is_new,
    }
}

fn may_use(link: &LinkState, organisation: OrganisationId, now: Timestamp) -> Result<(), Kind> {
    if link.organisation != organisation || link.disabled_at.is_some() || link.archived_at.is_some()
    {
        return Err(Kind::LinkUnknown);
    }
    if link.expires_at.is_some_and(|end| end <= now) {
        return Err(Kind::LinkExpired);
    }
    if link.is_used_up() {
        return Err(Kind::LinkUsedUp);
    }
    Ok(())
}

fn allows(link: &LinkState, domain: Option<&DomainName>) -> bool {
    link.allowed_domains.is_empty()
        || domain.is_some_and(|domain| link.allowed_domains.contains(domain))
}

/// Whether the seat is only held until the address is proved.
pub(crate) fn must_prove_first(link: &LinkState, person: &PersonState) -> bool {
    person.proved_at.is_none()
        && (!link.allowed_domains.is_empty() || link.policies.join_proof == JoinProof::First)
}

/// Until when the address must be proved.
pub(crate) fn due(
    link: &LinkState,
    person: &PersonState,
    status: Status,
    now: Timestamp,
) -> Option<Timestamp> {
    let has_seat = matches!(status, Status::Assigned | Status::Held);
    (has_seat && person.proved_at.is_none())
        .then(|| now.plus_days(i64::from(link.policies.proof_days)))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use contract::{ids::PlanId, organisations::Policies, text::Tag};
    use proptest::prelude::*;

    use super::*;
    use crate::books::PlanBook;

    /// Ids that count: the n-th of each kind.
    fn ulid(n: u64) -> contract::ids::Ulid {
        contract::ids::Ulid::from_parts(1, u128::from(n))
    }

    struct World {
        people: People,
        links: Links,
        invites: Invites,
        books: Books,
        plan: PlanId,
        organisation: OrganisationId,
    }

    /// One plan with so many seats, two links with so many uses, and twenty people of whom every
    /// third has proved the address and every second is of the domain that the second link allows.
    fn world(seats: i64, most: [Option<i64>; 2]) -> World {
        let organisation = OrganisationId::new(ulid(1));
        let plan = PlanId::new(ulid(1));
        let book = PlanBook {
            organisation,
            purchased: seats,
            held: 0,
            assigned: 0,
            waiting: 0,
            ends_at: None,
            entries: 0,
        };
        let link = |max_uses, domains: &[&str]| LinkState {
            organisation,
            plan,
            tags: vec![Tag::parse("law").unwrap()],
            allowed_domains: domains
                .iter()
                .map(|d| DomainName::parse(d).unwrap())
                .collect(),
            max_uses,
            uses: 0,
            expires_at: None,
            disabled_at: None,
            archived_at: None,
            policies: Policies::default(),
        };
        let links = HashMap::from([
            (LinkId::new(ulid(0)), link(most[0], &[])),
            (LinkId::new(ulid(1)), link(most[1], &["uni.edu"])),
        ]);
        let people = (0..20).map(|n| {
            let domain = if n % 2 == 0 {
                "uni.edu"
            } else {
                "elsewhere.org"
            };
            let person = PersonState {
                email_key: format!("person-{n}@{domain}"),
                domain: DomainName::parse(domain).ok(),
                proved_at: (n % 3 == 0).then_some(Timestamp::from_micros(0)),
                membership: None,
            };
            ((organisation, AccountId::new(ulid(n))), person)
        });
        let people = people.collect();
        World {
            people,
            links,
            invites: Invites::new(),
            books: Books::of(BTreeMap::from([(plan, book)])),
            plan,
            organisation,
        }
    }

    fn stamp() -> Stamp {
        let now = Timestamp::from_micros(1_000_000);
        Stamp {
            now,
            actor: "public".to_owned(),
            request_id: "r".to_owned(),
        }
    }

    impl World {
        fn ask(&mut self, person: u64, link: u64, fresh: u64) -> Decision {
            let asked = Admit {
                organisation: self.organisation,
                account_id: AccountId::new(ulid(person)),
                door: Door::Link {
                    link_id: LinkId::new(ulid(link)),
                },
            };
            let state = State {
                people: &mut self.people,
                links: &mut self.links,
                invites: &mut self.invites,
                books: &mut self.books,
            };
            admit(&asked, MembershipId::new(ulid(fresh)), state, &stamp())
        }
    }

    proptest! {
        #[test]
        fn no_order_of_asking_sells_a_seat_twice_or_gives_a_use_twice(
            seats in 0_i64..12,
            most in [proptest::option::of(0_i64..8), proptest::option::of(0_i64..8)],
            asked in proptest::collection::vec((0_u64..20, 0_u64..2), 1..80),
        ) {
            let mut world = world(seats, most);
            let mut first_answers: HashMap<u64, Admitted> = HashMap::new();
            for (fresh, (person, link)) in asked.into_iter().enumerate() {
                let answer = world.ask(person, link, fresh as u64 + 100);
                if let Ok((admitted, written)) = &answer {
                    prop_assert_eq!(admitted.is_new, written.membership.is_some());
                    let first = first_answers.entry(person).or_insert_with(|| admitted.clone());
                    // The same answer again, whatever link it is asked through.
                    let repeated = Admitted { is_new: first.is_new, ..admitted.clone() };
                    prop_assert_eq!(&repeated, &*first);
                } else {
                    prop_assert!(!first_answers.contains_key(&person));
                }
                let plan = world.books.plan(world.plan).unwrap();
                prop_assert!(plan.held + plan.assigned <= plan.purchased);
                prop_assert_eq!(plan.purchased - plan.held - plan.assigned, plan.free());
                for link in world.links.values() {
                    prop_assert!(link.max_uses.is_none_or(|most| link.uses <= most));
                }
                let seated = first_answers.values().filter(|a| a.status != Status::Waiting).count();
                let used: i64 = world.links.values().map(|link| link.uses).sum();
                prop_assert_eq!(i64::try_from(seated).unwrap(), used);
                prop_assert_eq!(plan.held + plan.assigned, used);
            }
        }
    }

    #[test]
    fn an_open_link_assigns_at_once_and_a_restricted_one_holds_until_proved() {
        let mut world = world(10, [None, None]);
        let mut status = |person, link| {
            world
                .ask(person, link, person + 100)
                .map(|(admitted, _)| admitted.status)
        };
        assert_eq!(status(1, 0), Ok(Status::Assigned));
        assert_eq!(status(2, 1), Ok(Status::Held));
        assert_eq!(status(6, 1), Ok(Status::Assigned), "proved already");
        assert_eq!(status(5, 1), Err(Kind::DomainNotAllowed));
    }

    #[test]
    fn an_unproved_address_has_a_date_and_a_proved_one_has_none() {
        let mut world = world(10, [None, None]);
        let due = |decision: Decision| decision.unwrap().0.proof_due_at;
        assert_eq!(due(world.ask(1, 0, 101)), Some(stamp().now.plus_days(7)));
        assert_eq!(due(world.ask(3, 0, 103)), None);
    }

    #[test]
    fn an_empty_pool_makes_people_wait_and_takes_no_use() {
        let mut world = world(1, [None, None]);
        assert_eq!(world.ask(1, 0, 101).unwrap().0.status, Status::Assigned);
        let waiting = world.ask(3, 0, 103).unwrap().0;
        assert_eq!(
            (waiting.status, waiting.proof_due_at),
            (Status::Waiting, None)
        );
        assert_eq!(world.links[&LinkId::new(ulid(0))].uses, 1);
    }

    #[test]
    fn a_link_that_is_closed_or_foreign_admits_nobody() {
        type Close = fn(&mut LinkState, Timestamp);
        let now = stamp().now;
        let closed: [(Close, Kind); 5] = [
            (|link, now| link.disabled_at = Some(now), Kind::LinkUnknown),
            (|link, now| link.archived_at = Some(now), Kind::LinkUnknown),
            (|link, now| link.expires_at = Some(now), Kind::LinkExpired),
            (|link, _| link.max_uses = Some(0), Kind::LinkUsedUp),
            (
                |link, _| link.organisation = OrganisationId::new(ulid(2)),
                Kind::LinkUnknown,
            ),
        ];
        for (close, kind) in closed {
            let mut world = world(10, [None, None]);
            close(world.links.get_mut(&LinkId::new(ulid(0))).unwrap(), now);
            assert_eq!(world.ask(1, 0, 101), Err(kind));
        }
        let mut world = world(10, [None, None]);
        world.books.set_end(world.plan, Some(now));
        assert_eq!(world.ask(1, 0, 101), Err(Kind::PlanEnded));
    }

    #[test]
    fn a_revoked_person_stays_revoked_at_every_link() {
        let mut world = world(10, [None, None]);
        let key = (world.organisation, AccountId::new(ulid(1)));
        world.people.get_mut(&key).unwrap().membership = Some(MembershipState {
            id: MembershipId::new(ulid(7)),
            plan: world.plan,
            status: Status::Revoked,
            proof_due_at: None,
        });
        assert_eq!(world.ask(1, 0, 101), Err(Kind::MembershipRevoked));
        assert_eq!(world.ask(1, 1, 102), Err(Kind::MembershipRevoked));
    }
}
