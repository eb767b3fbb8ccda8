//! Recounts every number against the rows it stands for: `usher verify`.

pub(crate) mod sql;

use std::{collections::HashMap, fmt};

use serde_json::Value;
use store::{Db, Reader, Row, StoreError};

/// A number that is not what the rows say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What was recounted: the id of a plan, link, membership, account, job or organisation.
    pub subject: String,
    /// What does not fit, with both numbers.
    pub finding: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.finding)
    }
}

#[derive(Default)]
struct Findings(Vec<Difference>);

impl Findings {
    fn expect(&mut self, subject: &str, what: &str, kept: i64, counted: i64) {
        if kept != counted {
            self.note(subject, format!("{what} is {kept}, the rows say {counted}"));
        }
    }

    fn note(&mut self, subject: &str, finding: impl Into<String>) {
        self.0.push(Difference {
            subject: subject.to_owned(),
            finding: finding.into(),
        });
    }
}

/// Recounts everything; no difference is the proof that no seat was sold twice and no use lost.
///
/// Reads one snapshot without a lock, so that it may be asked while nodes work.
pub async fn verify(db: &Db) -> Result<Vec<Difference>, StoreError> {
    let mut reader = db.read().await?.snapshot().await?;
    let mut findings = Findings::default();

    let mut people = HashMap::new();
    for row in &sql::MEMBERSHIPS.fetch_all(&mut reader).await? {
        let key: (String, String) = (row.get("plan_id")?, row.get("status")?);
        people.insert(key, row.get::<i64>("people")?);
    }
    let ledgers = replay(&mut reader, &mut findings).await?;
    let mut after = String::new();
    loop {
        let rows = sql::PLANS
            .bind(after.as_str())
            .fetch_all(&mut reader)
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.get("id")?;
        for row in &rows {
            plan(&mut findings, row, &people, &ledgers)?;
        }
    }
    for row in &sql::USES.fetch_all(&mut reader).await? {
        let id: String = row.get("id")?;
        let uses = row.get("uses")?;
        findings.expect(&id, "uses", uses, row.get("given")?);
        if let Some(most) = most_ever(&mut reader, row).await?
            && uses > most
        {
            findings.note(
                &id,
                format!("uses is {uses}, it never allowed more than {most}"),
            );
        }
    }
    for row in &sql::SEATS.fetch_all(&mut reader).await? {
        let status: String = row.get("status")?;
        let seats = i64::from(matches!(status.as_str(), "assigned" | "held"));
        findings.expect(
            &row.get::<String>("id")?,
            "its seats",
            seats,
            row.get("seats")?,
        );
    }
    for row in &sql::GONE.fetch_all(&mut reader).await? {
        let id: String = row.get("id")?;
        findings.expect(
            &id,
            "the seats of somebody who is gone",
            0,
            row.get("seats")?,
        );
    }
    for row in &sql::UNNOTED.fetch_all(&mut reader).await? {
        findings.expect(
            &row.get::<String>("id")?,
            "its last revocation",
            row.get("noted")?,
            row.get("revoked_at")?,
        );
    }
    for row in &sql::UNFOUNDED.fetch_all(&mut reader).await? {
        let at: i64 = row.get("at")?;
        findings.note(
            &row.get::<String>("id")?,
            format!("was revoked at {at}, of which no ledger knows"),
        );
    }
    jobs(&mut reader, &mut findings).await?;
    for row in &sql::TENANTS.fetch_all(&mut reader).await? {
        findings.note(
            &row.get::<String>("id")?,
            "sits on a plan of another organisation",
        );
    }
    for row in &sql::NOBODYS.fetch_all(&mut reader).await? {
        findings.note(&row.get::<String>("id")?, "has no account");
    }
    for row in &sql::HISTORIES.fetch_all(&mut reader).await? {
        history(&mut findings, row)?;
    }
    Ok(findings.0)
}

/// What a ledger adds up to so far.
#[derive(Clone, Copy, Default)]
struct Running {
    entries: i64,
    purchased: i64,
    held: i64,
    assigned: i64,
    waiting: i64,
}

/// Jobs, by their people.
async fn jobs(reader: &mut Reader, findings: &mut Findings) -> Result<(), StoreError> {
    for row in &sql::JOBS.fetch_all(reader).await? {
        let id: String = row.get("id")?;
        findings.expect(
            &id,
            "its people",
            row.get("people")?,
            row.get("people_rows")?,
        );
        findings.expect(&id, "done", row.get("done")?, row.get("done_rows")?);
        findings.expect(
            &id,
            "refused",
            row.get("refused")?,
            row.get("refused_rows")?,
        );
    }
    for row in &sql::LINK_JOBS.fetch_all(reader).await? {
        let id: String = row.get("id")?;
        findings.expect(&id, "its people", row.get("people")?, row.get("settled")?);
    }
    Ok(())
}

/// Adds every ledger up, entry by entry: no entry may give a seat that was not there at that time.
async fn replay(
    reader: &mut Reader,
    findings: &mut Findings,
) -> Result<HashMap<String, Running>, StoreError> {
    let mut ledgers: HashMap<String, Running> = HashMap::new();
    let mut after = (String::new(), 0_i64);
    loop {
        let page = sql::LEDGERS.bind(after.0.as_str()).bind(after.1);
        let rows = page.fetch_all(reader).await?;
        let Some(last) = rows.last() else {
            return Ok(ledgers);
        };
        after = (last.get("plan_id")?, last.get("entry")?);
        for row in &rows {
            let id: String = row.get("plan_id")?;
            let ledger = ledgers.entry(id.clone()).or_default();
            ledger.entries += 1;
            findings.expect(
                &id,
                "the number of a ledger entry",
                row.get("entry")?,
                ledger.entries,
            );
            let (held, assigned): (i64, i64) = (row.get("held")?, row.get("assigned")?);
            ledger.purchased += row.get::<i64>("purchased")?;
            ledger.held += held;
            ledger.assigned += assigned;
            ledger.waiting += row.get::<i64>("waiting")?;
            let takes_a_seat = held + assigned > 0;
            if takes_a_seat && ledger.held + ledger.assigned > ledger.purchased {
                findings.note(&id, format!("entry {} sold a seat twice", ledger.entries));
            }
        }
    }
}

/// The most uses that a link ever allowed; none if there was no limit once. Who lowers it below what
/// was used up to then takes nothing back.
async fn most_ever(reader: &mut Reader, link: &Row) -> Result<Option<i64>, StoreError> {
    let Some(mut most) = link.get::<Option<i64>>("max_uses")? else {
        return Ok(None);
    };
    if link.get::<i64>("uses")? <= most {
        return Ok(Some(most));
    }
    let changes = sql::LIMITS
        .bind(link.get::<String>("organisation_id")?)
        .bind(link.get::<String>("id")?);
    for row in &changes.fetch_all(reader).await? {
        let change: Value = serde_json::from_str(&row.get::<String>("change")?).unwrap_or_default();
        if let Some(limit) = change.get("max_uses") {
            match limit.get("from").and_then(Value::as_i64) {
                Some(before) => most = most.max(before),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(most))
}

fn plan(
    findings: &mut Findings,
    row: &Row,
    people: &HashMap<(String, String), i64>,
    ledgers: &HashMap<String, Running>,
) -> Result<(), StoreError> {
    let id: String = row.get("id")?;
    let ledger = ledgers.get(&id).copied().unwrap_or_default();
    for (number, counted) in [
        ("purchased", ledger.purchased),
        ("held", ledger.held),
        ("assigned", ledger.assigned),
        ("waiting", ledger.waiting),
    ] {
        findings.expect(&id, number, row.get(number)?, counted);
        if number != "purchased" {
            let rows = people
                .get(&(id.clone(), number.to_owned()))
                .copied()
                .unwrap_or(0);
            let what = format!("{number} (by memberships)");
            findings.expect(&id, &what, row.get(number)?, rows);
        }
    }
    Ok(())
}

fn history(findings: &mut Findings, row: &Row) -> Result<(), StoreError> {
    let id: String = row.get("organisation_id")?;
    let (last, events): (i64, i64) = (row.get("last_seq")?, row.get("events")?);
    let (first, greatest): (i64, i64) = (row.get("first_seq")?, row.get("max_seq")?);
    if events > 0 {
        findings.expect(&id, "the head of its history", last, greatest);
        findings.expect(
            &id,
            "its events without a gap",
            greatest - first + 1,
            events,
        );
    }
    if row.get::<i64>("published_seq")? > last {
        findings.note(&id, "more events are published than happened");
    }
    Ok(())
}
