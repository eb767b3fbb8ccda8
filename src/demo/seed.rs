//! What is in the demo, made through the bus like everything else: nothing here touches the
//! database.

use contract::{
    Call, Caller, EmailAddress, Fields, Problem, Role, Secret, Service,
    administrators::{CreateAdministrator, SetUpAdministrator},
    ids::OrganisationId,
    links::{CreateLink, Link},
    mails::{Letter, QueueMail, proof_key},
    organisations::{CreateOrganisation, Organisation, Policies},
    people::{ConfirmProof, Enrol, Enrolled, Evidence, ProofIssued},
    plans::CreatePlan,
    seats::{Admit, Admitted, Door, SettleProof},
    text::{Name, PersonName, Tag},
    tokens::CreateToken,
};
use kernel::{Bus, Cx};
use url::Url;

use super::keepsake::Keepsake;
use crate::node::Node;

const ORGANISATION: &str = "Hill Valley University";
const PLAN: &str = "Law Library 2026";
const SEATS: u64 = 25;
const LINK: &str = "Contract Law, first year";
const TAGS: [&str; 2] = ["Law", "First year"];
/// Whose addresses may be invited, as those of `.example` may not, and are nobody's: `.internal` is never
/// handed out.
const DOMAIN: &str = "hill-valley.internal";
const ADMINISTRATOR: &str = "strickland";
const PASSWORD: &str = "no-slackers-here";

/// Who joined: first name, last name, and whether they proved their address.
const PEOPLE: [(&str, &str, bool); 7] = [
    ("Marty", "McFly", true),
    ("Jennifer", "Parker", true),
    ("Emmett", "Brown", true),
    ("Lorraine", "Baines", false),
    ("George", "McFly", true),
    ("Goldie", "Wilson", false),
    ("Clara", "Clayton", true),
];

/// Speaks for the operator, and for people at the door.
struct Seeder<'a> {
    /// As the command line.
    node: Bus,
    /// As the edge, through which people come in.
    edge: Bus,
    public: &'a str,
}

/// Makes the organisation and everything in it.
pub(super) async fn seed(node: &Node) -> anyhow::Result<Keepsake> {
    let seeder = Seeder {
        node: node.ground().connect("demo", Service::Node).await?.bus,
        edge: node.ground().connect("demo", Service::HttpEdge).await?.bus,
        public: node.public_url(),
    };
    Ok(seeder.all().await?)
}

impl Seeder<'_> {
    async fn all(&self) -> Result<Keepsake, Problem> {
        let organisation = self.organisation().await?;
        let id = organisation.id;
        let (administrator, password) = self.administrator(id).await?;
        let link = self.link(id).await?;
        for (first, last, proves) in PEOPLE {
            self.join(&organisation, &link, (first, last), proves)
                .await?;
        }
        let name = text("token", Name::parse("demo"))?;
        let token = CreateToken {
            organisation: None,
            name,
            role: Role::Owner,
            expires_at: None,
        };
        let operator_token = self.as_operator(&token).await?.token;
        Ok(Keepsake {
            organisation: id,
            link: link.id,
            link_token: link.token,
            administrator,
            password,
            operator_token,
        })
    }

    async fn organisation(&self) -> Result<Organisation, Problem> {
        let name = text("organisation", Name::parse(ORGANISATION))?;
        let url = format!("{}demo/product", self.public);
        let product_url = Url::parse(&url)
            .map_err(|error| Problem::invalid("product_url", "url", error.to_string()))?;
        let policies = Policies::default();
        self.as_operator(&CreateOrganisation {
            name,
            product_url,
            policies,
        })
        .await
    }

    async fn administrator(
        &self,
        organisation: OrganisationId,
    ) -> Result<(EmailAddress, Secret), Problem> {
        let email = at_home(ADMINISTRATOR)?;
        let create = CreateAdministrator {
            organisation,
            email: email.clone(),
            role: Role::Owner,
        };
        let password = Secret::new(PASSWORD);
        if let Some(token) = self.as_operator(&create).await?.setup_token {
            let password = password.clone();
            self.at_the_door(&SetUpAdministrator { token, password })
                .await?;
        }
        Ok((email, password))
    }

    async fn link(&self, organisation: OrganisationId) -> Result<Link, Problem> {
        let name = text("plan", Name::parse(PLAN))?;
        let plan = CreatePlan {
            organisation,
            name,
            seats: SEATS,
            ends_at: None,
        };
        let plan = self.as_operator(&plan).await?;
        let tags = TAGS.map(|tag| text("tag", Tag::parse(tag)));
        let link = CreateLink {
            organisation,
            name: text("link", Name::parse(LINK))?,
            plan_id: plan.id,
            tags: tags.into_iter().collect::<Result<_, _>>()?,
            expires_at: None,
            max_uses: None,
            allowed_domains: Vec::new(),
        };
        self.as_operator(&link).await
    }

    /// Somebody opens the link, joins, and perhaps clicks the link in the mail.
    async fn join(
        &self,
        organisation: &Organisation,
        link: &Link,
        (first, last): (&str, &str),
        proves: bool,
    ) -> Result<(), Problem> {
        let email = at_home(&format!("{first}.{last}").to_lowercase())?;
        let first_name = text("first_name", PersonName::parse(first))?;
        let enrol = Enrol {
            first_name: first_name.clone(),
            last_name: text("last_name", PersonName::parse(last))?,
            password: Secret::new(format!("88-miles-per-hour-{first}")),
            registrant: Some(Secret::new(email.as_str())),
            email,
            known_only: false,
            invite: None,
        };
        let Enrolled {
            account_id, proof, ..
        } = self.at_the_door(&enrol).await?;
        let door = Door::Link { link_id: link.id };
        let admit = Admit {
            organisation: organisation.id,
            account_id,
            door,
        };
        let admitted = self.at_the_door(&admit).await?;
        let Some(proof) = proof else { return Ok(()) };
        self.at_the_door(&self.letter(organisation, &admitted, &proof))
            .await?;
        if proves {
            let evidence = Evidence::Token(proof.token);
            let registrant = enrol.registrant;
            let confirm = ConfirmProof {
                evidence,
                registrant,
                new_password: None,
            };
            self.at_the_door(&confirm).await?;
            self.at_the_door(&SettleProof { account_id }).await?;
        }
        Ok(())
    }

    fn letter(&self, org: &Organisation, admitted: &Admitted, proof: &ProofIssued) -> QueueMail {
        let proof_url = format!("{}proofs/{}", self.public, proof.token.expose());
        QueueMail {
            key: proof_key(proof.id),
            to: proof.email.clone(),
            letter: Letter::JoinConfirmation {
                first_name: proof.first_name.clone(),
                organisation: org.name.clone(),
                status: admitted.status,
                proof_due_at: admitted.proof_due_at,
                proof_url: Secret::new(proof_url),
                code: proof.code.clone(),
                product_url: org.product_url.clone(),
                language: org.policies.language.clone(),
            },
        }
    }

    async fn as_operator<M: Call>(&self, message: &M) -> Result<M::Reply, Problem> {
        let clock = self.node.clock();
        let caller = Caller::operator(Service::Node, clock.now());
        self.node
            .call(
                message,
                &Cx::begin(caller, format!("demo-{}", clock.ulid()), &**clock),
            )
            .await
    }

    async fn at_the_door<M: Call>(&self, message: &M) -> Result<M::Reply, Problem> {
        let clock = self.edge.clock();
        let caller = Caller::public(Service::HttpEdge, clock.now());
        self.edge
            .call(
                message,
                &Cx::begin(caller, format!("demo-{}", clock.ulid()), &**clock),
            )
            .await
    }
}

/// An address of the institution.
fn at_home(local: &str) -> Result<EmailAddress, Problem> {
    text("email", EmailAddress::parse(&format!("{local}@{DOMAIN}")))
}

/// A text of this file as the contract wants it.
fn text<T, E: contract::problem::FieldReason>(
    field: &str,
    parsed: Result<T, E>,
) -> Result<T, Problem> {
    let mut fields = Fields::default();
    let value = fields.take(field, parsed);
    fields.finish(|| value)
}
