//! Who did it: what the audit trail names by an id, as a page says it.

use std::collections::{BTreeMap, BTreeSet};

use contract::{
    EmailAddress, Kind, Problem,
    audit::{ActorNames, NameActors},
    ids::{AdministratorId, TokenId},
    text::Name,
};

use crate::{edge::Edge, pages::frame::Office};

/// What the administrators and tokens on a page are called. Nobody of another organisation is.
#[derive(Debug, Default)]
pub(super) struct Who {
    administrators: BTreeMap<AdministratorId, EmailAddress>,
    tokens: BTreeMap<TokenId, Name>,
}

impl Who {
    /// Of whomever these texts name: actors, or what was acted on.
    ///
    /// While nobody says, there are no names, which is no reason to show no page.
    pub(super) async fn of(
        edge: &Edge,
        office: &Office,
        texts: impl IntoIterator<Item = &str>,
    ) -> Result<Self, Problem> {
        let (mut administrators, mut tokens) = (BTreeSet::new(), BTreeSet::new());
        for text in texts {
            let (_, id) = parts(text);
            if let Ok(id) = id.parse::<AdministratorId>() {
                administrators.insert(id);
            } else if let Ok(id) = id.parse::<TokenId>() {
                tokens.insert(id);
            }
        }
        if administrators.is_empty() && tokens.is_empty() {
            return Ok(Self::default());
        }
        let name = NameActors {
            organisation: office.organisation,
            administrators,
            tokens,
        };
        match edge.bus.call(&name, &office.cx).await {
            Err(problem) if is_silence(problem.kind) => Ok(Self::default()),
            names => Ok(Self::from(names?)),
        }
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

    /// The administrator or token with this id, if it is one that is known.
    pub(super) fn known(&self, id: &str) -> Option<String> {
        if let Ok(id) = id.parse::<AdministratorId>() {
            return self.administrators.get(&id).map(ToString::to_string);
        }
        let name = self.tokens.get(&id.parse::<TokenId>().ok()?)?;
        Some(format!("token “{name}”"))
    }
}

impl From<ActorNames> for Who {
    fn from(names: ActorNames) -> Self {
        let administrators = names.administrators.into_iter();
        let tokens = names.tokens.into_iter();
        Self {
            administrators: administrators.map(|one| (one.id, one.email)).collect(),
            tokens: tokens.map(|one| (one.id, one.name)).collect(),
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
    use contract::{
        Caller, Principal, Service, Timestamp,
        ids::{AccountId, Ulid},
    };

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
        Who {
            administrators: [(administrator, email)].into(),
            tokens: [(token, name)].into(),
        }
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
