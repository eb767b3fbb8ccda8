//! What the time of an answer tells about an address: what the public may ask about one that has an
//! account, and the same about one that nobody has, in turn and alone, as somebody would who listens
//! closely. Beside the ratio of the medians stands the aim.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use anyhow::{Result, anyhow};
use contract::{
    Caller, EmailAddress, Kind, Problem, Secret, Service,
    ids::{MailId, OrganisationId},
    mails::{MailQueued, QueueMail},
    people::Enrol,
    text::PersonName,
};
use http_edge::BusFactory;
use kernel::{Behaviour, Bus, Cx, Health, Routes, Serve, Stage, StageOptions, bus::LocalBus};
use passwords::{PasswordSettings, Passwords};
use people::People;
use serde_json::json;
use store::Db;
use testkit::SqliteFile;

use crate::{
    bus::bus_options,
    edge,
    house::House,
    http::Line,
    rounds::{Pace, median},
    thread,
};

/// How often each is asked in a round: the letters of so many people, each asked for once.
const EACH: usize = 40;
/// How far apart the medians may be.
const AIM: f64 = 0.05;
/// Who has a password.
const EMAIL: &str = "ann@load.example";
const FORM: &str = "application/x-www-form-urlencoded";

/// Stands for the queue of mail: a durable transaction for each letter.
#[derive(Debug)]
struct Letterbox {
    db: Db,
    organisation: OrganisationId,
}

impl Behaviour for Letterbox {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(routes: &mut Routes<Self>) {
        routes.one::<QueueMail>();
    }
}

impl Serve<QueueMail> for Letterbox {
    async fn serve(&mut self, message: QueueMail, cx: &Cx) -> Result<MailQueued, Problem> {
        let clock = contract::SystemClock::shared();
        let mut tx = self.db.write(&cx.stamp(&*clock)).await?;
        tx.audit(self.organisation, "mail.queue", message.key, json!({}));
        tx.commit().await?;
        Ok(MailQueued {
            id: MailId::new(contract::Clock::ulid(&*clock)),
        })
    }
}

/// A question about an address: where it is posted, as what, and what is answered.
struct Question {
    title: &'static str,
    path: &'static str,
    content_type: &'static str,
    body: fn(&str) -> String,
    status: &'static str,
    /// Whether each address is asked about once: it gets one letter a minute.
    is_letter: bool,
}

const QUESTIONS: &[Question] = &[
    Question {
        title: "sign-in with a wrong password",
        path: "/sign-in",
        content_type: FORM,
        body: |email| format!("email={email}&password=not+the+one"),
        status: "401",
        is_letter: false,
    },
    Question {
        title: "the same through the API",
        path: "/api/v1/session",
        content_type: "application/json",
        body: |email| json!({ "email": email, "password": "not the one" }).to_string(),
        status: "401",
        is_letter: false,
    },
    Question {
        title: "a letter to reset a password",
        path: "/reset",
        content_type: FORM,
        body: |email| format!("email={email}"),
        status: "200",
        is_letter: true,
    },
    Question {
        title: "a letter to prove an address",
        path: "/api/v1/proofs",
        content_type: "application/json",
        body: |email| json!({ "email": email }).to_string(),
        status: "202",
        is_letter: true,
    },
];

/// A house with people and pages; answers where, and who of `many` has an account.
fn open(many: usize) -> Result<(SocketAddr, Vec<String>)> {
    let transport = Arc::new(LocalBus::new());
    let on = Arc::clone(&transport);
    let file = SqliteFile::fresh();
    let url = file.url();
    let known = thread::run(move || async move {
        let house = House::build(&url, 4).await?;
        let accounts = house.people(many).await?;
        let known = accounts.iter().map(|id| format!("{id}@load.example"));
        let known = known.map(|email| email.to_lowercase()).collect::<Vec<_>>();
        let passwords = Passwords::start(PasswordSettings::default())?;
        let (db, clock) = (house.db.clone(), Arc::clone(&house.clock));
        let make = move || People::new(db.clone(), Arc::clone(&clock), passwords.clone());
        let bus = Bus::new(Arc::<LocalBus>::clone(&on), bus_options(Service::People)?);
        let mut people = Stage::new(bus, Health::default(), StageOptions::default());
        people.actor(1, make).await?;
        let (db, organisation) = (house.db.clone(), house.organisation);
        let make = move || Letterbox {
            db: db.clone(),
            organisation,
        };
        let bus = Bus::new(on, bus_options(Service::InviteDispatcher)?);
        let mut letters = Stage::new(bus, Health::default(), StageOptions::default());
        letters.actor(1, make).await?;
        Ok((known, thread::keep((people, letters, house, file))))
    })?;
    let address = thread::run(move || async move {
        let buses: BusFactory = Arc::new(move || {
            let transport = Arc::<LocalBus>::clone(&transport);
            Box::pin(async move {
                let options =
                    bus_options(Service::HttpEdge).map_err(|_| Problem::new(Kind::Internal))?;
                Ok(Bus::new(transport, options))
            })
        });
        let bus = buses().await.map_err(|problem| anyhow!("{problem}"))?;
        register(&bus).await?;
        edge::serve(buses).await
    })?;
    Ok((address, known))
}

async fn register(bus: &Bus) -> Result<()> {
    let name = PersonName::parse("Ann")?;
    let enrol = Enrol {
        first_name: name.clone(),
        last_name: name,
        email: EmailAddress::parse(EMAIL)?,
        password: Secret::new("nobody guesses this one"),
        registrant: None,
        known_only: false,
        invite: None,
    };
    let clock = &**bus.clock();
    let caller = Caller::public(Service::HttpEdge, clock.now());
    let enrolled = bus.call(&enrol, &Cx::begin(caller, "load", clock)).await;
    enrolled.map(drop).map_err(|problem| anyhow!("{problem}"))
}

impl Question {
    /// How long the answer about an address took, in milliseconds.
    async fn ask(&self, address: SocketAddr, email: &str) -> Result<f64> {
        let body = (self.body)(email);
        let mut line = Line::posting_as(address, self.path, self.content_type, &body).await?;
        let asked = Instant::now();
        line.ask(self.status).await?;
        Ok(asked.elapsed().as_secs_f64() * 1e3)
    }

    /// The medians of a round: known, unknown.
    async fn round(&self, address: SocketAddr, known: &[String]) -> Result<(f64, f64)> {
        let (mut ours, mut nobodys) = (Vec::new(), Vec::new());
        for (number, email) in known.iter().enumerate() {
            let known = if self.is_letter { email } else { EMAIL };
            let unknown = format!("nobody{}", email.trim_start_matches("acc"));
            // Whoever comes second may find something warm.
            if number % 2 == 0 {
                ours.push(self.ask(address, known).await?);
                nobodys.push(self.ask(address, &unknown).await?);
            } else {
                nobodys.push(self.ask(address, &unknown).await?);
                ours.push(self.ask(address, known).await?);
            }
        }
        Ok((median(ours), median(nobodys)))
    }
}

pub(crate) fn run(pace: Pace) -> Result<()> {
    let (address, known) = open(EACH * pace.rounds * QUESTIONS.len())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    println!(
        "the time of an answer about an address that has an account, against one that has none"
    );
    let mut fresh = known.chunks(EACH);
    for question in QUESTIONS {
        let (mut ratios, mut known, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..pace.rounds {
            let emails = fresh.next().unwrap_or_default();
            let (ours, nobodys) = runtime.block_on(question.round(address, emails))?;
            ratios.push(ours / nobodys);
            known.push(ours);
            unknown.push(nobodys);
        }
        let ratio = median(ratios);
        let verdict = if (ratio - 1.0).abs() <= AIM {
            "reached"
        } else {
            "MISSED"
        };
        println!(
            "  {:<32} known {:>7.2} ms   unknown {:>7.2} ms   ratio {ratio:.3}   within {AIM}: {verdict}",
            question.title,
            median(known),
            median(unknown),
        );
    }
    println!();
    Ok(())
}
