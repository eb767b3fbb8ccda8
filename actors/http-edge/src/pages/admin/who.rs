//! Who did it, and to whom: what the audit trail and the ledger name by an id, as a page says it.

use std::collections::{BTreeMap, BTreeSet};

use contract::{
    EmailAddress, Kind, Problem,
    audit::{ActorNames, NameActors},
    ids::{AccountId, AdministratorId, InviteId, MembershipId, TokenId},
    text::Name,
    users::{NameUsers, UserName, UserNames},
};
use futures_util::try_join;

use crate::{edge::Edge, pages::frame::Office};

/// What administrators, tokens, people and invites on a page are called. Nobody of another organisation is.
#[derive(Debug, Default)]
pub(super) struct Who {
    administrators: BTreeMap<AdministratorId, EmailAddress>,
    tokens: BTreeMap<TokenId, Name>,
    people: BTreeMap<MembershipId, UserName>,
    accounts: BTreeMap<AccountId, MembershipId>,
    invites: BTreeMap<InviteId, EmailAddress>,
}

/// Somebody or something, as a page names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// What it is called.
    pub(super) words: String,
    /// What tells it from others that are called the same.
    pub(super) more: String,
    /// Its page, within the office.
    pub(super) page: Option<String>,
}

impl Named {
    /// What has nothing but its id.
    pub(super) fn of_id(id: impl ToString) -> Self {
        Self::plain(id.to_string())
    }

    fn plain(words: String) -> Self {
        let (more, page) = (String::new(), None);
        Self { words, more, page }
    }
}

/// What is asked for.
#[derive(Default)]
struct Asked {
    administrators: BTreeSet<AdministratorId>,
    tokens: BTreeSet<TokenId>,
    memberships: BTreeSet<MembershipId>,
    accounts: BTreeSet<AccountId>,
    invites: BTreeSet<InviteId>,
}

impl Asked {
    fn add(&mut self, text: &str) {
        let (_, id) = parts(text);
        let (prefix, _) = id.split_once('_').unwrap_or_default();
        match prefix {
            AdministratorId::PREFIX => self.administrators.extend(id.parse::<AdministratorId>()),
            TokenId::PREFIX => self.tokens.extend(id.parse::<TokenId>()),
            MembershipId::PREFIX => self.memberships.extend(id.parse::<MembershipId>()),
            AccountId::PREFIX => self.accounts.extend(id.parse::<AccountId>()),
            InviteId::PREFIX => self.invites.extend(id.parse::<InviteId>()),
            _ => {}
        }
    }

    async fn actors(&self, edge: &Edge, office: &Office) -> Result<ActorNames, Problem> {
        if self.administrators.is_empty() && self.tokens.is_empty() {
            return Ok(ActorNames::default());
        }
        let name = NameActors {
            organisation: office.organisation,
            administrators: self.administrators.clone(),
            tokens: self.tokens.clone(),
        };
        or_silence(edge.bus.call(&name, &office.cx).await)
    }

    async fn users(&self, edge: &Edge, office: &Office) -> Result<UserNames, Problem> {
        if self.memberships.is_empty() && self.accounts.is_empty() && self.invites.is_empty() {
            return Ok(UserNames::default());
        }
        let name = NameUsers {
            organisation: office.organisation,
            memberships: self.memberships.clone(),
            accounts: self.accounts.clone(),
            invites: self.invites.clone(),
        };
        or_silence(edge.bus.call(&name, &office.cx).await)
    }
}

/// While nobody says, there are no names, which is no reason to show no page.
fn or_silence<T: Default>(names: Result<T, Problem>) -> Result<T, Problem> {
    match names {
        Err(problem) if is_silence(problem.kind) => Ok(T::default()),
        names => names,
    }
}

impl Who {
    /// Of whomever these texts name: actors, or what was acted on.
    pub(super) async fn of(
        edge: &Edge,
        office: &Office,
        texts: impl IntoIterator<Item = &str>,
    ) -> Result<Self, Problem> {
        let mut asked = Asked::default();
        for text in texts {
            asked.add(text);
        }
        let (actors, users) = try_join!(asked.actors(edge, office), asked.users(edge, office))?;
        Ok(Self::from((actors, users)))
    }

    /// Who an actor is. `somebody` is what a visitor is called who acted for themself, whether or not
    /// they were signed in.
    pub(super) fn says(&self, actor: &str, somebody: &str) -> String {
        match parts(actor) {
            ("operator", _) => "the operator".to_owned(),
            ("system", _) => "Usher".to_owned(),
            ("public" | "person", _) => somebody.to_owned(),
            (kind @ ("administrator" | "token"), id) => {
                self.known(id).unwrap_or_else(|| format!("{kind} {id}"))
            }
            _ => actor.to_owned(),
        }
    }

    /// Who did something, with their page where they are a person. What a visitor did to `own` they did to
    /// their own place.
    pub(super) fn actor(&self, actor: &str, own: Option<MembershipId>, somebody: &str) -> Named {
        let (kind, id) = parts(actor);
        let account = id.parse().ok();
        let account = account.and_then(|id: AccountId| self.accounts.get(&id).copied());
        let person = match kind {
            "person" => account.or(own),
            "public" => own,
            _ => None,
        };
        let person = person.and_then(|id| self.person(id));
        let person = person.map(|person| Named {
            more: String::new(),
            ..person
        });
        person.unwrap_or_else(|| Named::plain(self.says(actor, somebody)))
    }

    /// The person with this membership, if it is one that is known.
    pub(super) fn person(&self, id: MembershipId) -> Option<Named> {
        let UserName {
            first_name,
            last_name,
            email,
            ..
        } = self.people.get(&id)?;
        Some(Named {
            words: format!("{first_name} {last_name}"),
            more: email.to_string(),
            page: Some(format!("/users/{id}")),
        })
    }

    /// Where the invite with this id was sent, if it is one that is known.
    pub(super) fn invite(&self, id: InviteId) -> Option<Named> {
        let email = self.invites.get(&id)?;
        Some(Named {
            page: Some(format!("/invite/{id}")),
            ..Named::plain(email.to_string())
        })
    }

    /// The administrator or token with this id, if it is one that is known.
    pub(super) fn known(&self, id: &str) -> Option<String> {
        if let Ok(id) = id.parse::<AdministratorId>() {
            return self.administrators.get(&id).map(ToString::to_string);
        }
        let name = self.tokens.get(&id.parse::<TokenId>().ok()?)?;
        Some(format!("token “{name}”"))
    }
}

impl From<(ActorNames, UserNames)> for Who {
    fn from((actors, users): (ActorNames, UserNames)) -> Self {
        let administrators = actors.administrators.into_iter();
        let tokens = actors.tokens.into_iter();
        let invites = users.invites.into_iter();
        let accounts = users.users.iter().map(|one| (one.account_id, one.id));
        Self {
            administrators: administrators.map(|one| (one.id, one.email)).collect(),
            tokens: tokens.map(|one| (one.id, one.name)).collect(),
            accounts: accounts.collect(),
            people: users.users.into_iter().map(|one| (one.id, one)).collect(),
            invites: invites.map(|one| (one.id, one.email)).collect(),
        }
    }
}

/// `administrator:adm_…` in its parts; what has none, `operator` or what was acted on, is both.
fn parts(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap_or((text, text))
}

/// Whether nobody answered, rather than refused.
const fn is_silence(kind: Kind) -> bool {
    matches!(kind, Kind::Unavailable | Kind::Overloaded | Kind::InDoubt)
}

#[cfg(test)]
mod tests {
    use contract::{Caller, Principal, Service, Timestamp, ids::Ulid, text::PersonName};

    use super::*;

    fn actor(principal: Principal) -> String {
        let now = Timestamp::from_micros(0);
        Caller {
            principal,
            ..Caller::system(Service::SeatPool, now)
        }
        .actor()
    }

    fn who() -> Who {
        let (administrator, token) = (
            AdministratorId::new(Ulid::from_parts(1, 1)),
            TokenId::new(Ulid::from_parts(1, 1)),
        );
        let email = EmailAddress::parse("ada@hill.edu").unwrap();
        let name = Name::parse("Nightly report").unwrap();
        let bob = UserName {
            id: MembershipId::new(Ulid::from_parts(1, 1)),
            account_id: AccountId::new(Ulid::from_parts(1, 1)),
            first_name: PersonName::parse("Bob").unwrap(),
            last_name: PersonName::parse("Roe").unwrap(),
            email: EmailAddress::parse("bob@hill.edu").unwrap(),
        };
        Who {
            administrators: [(administrator, email)].into(),
            tokens: [(token, name)].into(),
            accounts: [(bob.account_id, bob.id)].into(),
            people: [(bob.id, bob)].into(),
            invites: BTreeMap::new(),
        }
    }

    #[test]
    fn people_are_named_with_their_page_whether_or_not_they_were_signed_in() {
        let (known, other) = (Ulid::from_parts(1, 1), Ulid::from_parts(1, 2));
        let own = MembershipId::new(known);
        let bob = Named {
            words: "Bob Roe".to_owned(),
            more: String::new(),
            page: Some(format!("/users/{own}")),
        };
        let who = who();
        let whole = Named {
            more: "bob@hill.edu".to_owned(),
            ..who.actor("public", Some(own), "x")
        };
        assert_eq!(who.person(own), Some(whole));
        let person = |id| actor(Principal::Person(AccountId::new(id)));
        let public = actor(Principal::Public);
        assert_eq!(who.actor(&person(known), None, "x"), bob);
        assert_eq!(who.actor(&person(other), Some(own), "x"), bob);
        assert_eq!(who.actor(&public, Some(own), "x"), bob);
        let somebody = Named::plain("the person".to_owned());
        let gone = Some(MembershipId::new(other));
        for text in [person(other), public] {
            assert_eq!(who.actor(&text, gone, "the person"), somebody);
        }
        let operator = Named::plain("the operator".to_owned());
        assert_eq!(who.actor("operator", Some(own), "x"), operator);
    }

    #[test]
    fn every_principal_of_the_trail_is_said_in_words() {
        let known = Ulid::from_parts(1, 1);
        for (principal, words) in [
            (
                Principal::Administrator(AdministratorId::new(known)),
                "ada@hill.edu",
            ),
            (
                Principal::Token(TokenId::new(known)),
                "token “Nightly report”",
            ),
            (Principal::Person(AccountId::new(known)), "Ann Lee"),
            (Principal::Public, "Ann Lee"),
            (Principal::Operator, "the operator"),
            (Principal::System, "Usher"),
        ] {
            assert_eq!(who().says(&actor(principal), "Ann Lee"), words);
        }
    }

    #[test]
    fn who_is_not_known_keeps_their_id() {
        let other = Ulid::from_parts(1, 2);
        let (administrator, token) = (AdministratorId::new(other), TokenId::new(other));
        let says = |principal| who().says(&actor(principal), "a visitor");
        assert_eq!(
            says(Principal::Administrator(administrator)),
            format!("administrator {administrator}")
        );
        assert_eq!(says(Principal::Token(token)), format!("token {token}"));
        assert_eq!(who().says("robot:7", "a visitor"), "robot:7");
        assert_eq!(who().known("lnk_01"), None);
    }
}
