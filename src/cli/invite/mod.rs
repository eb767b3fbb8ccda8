//! `usher invite`.

mod api;
mod bar;
mod source;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use clap::Args;
use contract::ids::{LinkId, OrganisationId};
use secrecy::SecretString;
use url::Url;

use self::{
    api::{Api, Batch, Imported},
    bar::Bar,
    source::Source,
};
use super::print;
use crate::failure::Failure;

/// How long it waits between two looks at a batch.
const PAUSE: Duration = Duration::from_millis(500);
/// How many looks may fail one after the other.
const FAILED_LOOKS: u32 = 20;
/// The most refused rows that are shown.
const SHOWN: usize = 20;

/// Invites the addresses of a file by e-mail, through the API of a running node, and watches them go.
///
/// Prints how many rows became what. Exits with 1 when none was taken, when the batch was paused or
/// cancelled, and when mails failed.
#[derive(Debug, Args)]
pub(super) struct Invite {
    /// Where Usher is: the address of the site.
    #[arg(long)]
    url: Url,
    /// A token of a manager or an owner; better in the environment, where other users do not see it.
    #[arg(long, env = "USHER_TOKEN", hide_env_values = true)]
    token: SecretString,
    /// The access link whose plan and tags the invites have.
    #[arg(long, value_name = "ID")]
    link: LinkId,
    /// Where the link is; found unless said.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
    /// The column of the addresses, by its header or its number; found unless said.
    #[arg(long)]
    column: Option<String>,
    /// A word to everybody.
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Sends nothing: makes a draft and says what would become of each row.
    #[arg(long)]
    dry_run: bool,
    /// A CSV file, or - for the standard input.
    file: PathBuf,
}

impl Invite {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot begin")?;
        Ok(runtime.block_on(self.invite())?)
    }

    async fn invite(self) -> anyhow::Result<ExitCode> {
        let source = Source::open(&self.file)?;
        let api = Api::new(self.url, self.token)?;
        let organisation = match self.organisation {
            Some(organisation) => organisation.to_string(),
            None => api.organisation_of(&self.link).await?,
        };
        let at = format!("organisations/{organisation}");
        let mut wanted = vec![
            ("link_id", self.link.to_string()),
            ("dry_run", self.dry_run.to_string()),
        ];
        wanted.extend(self.column.map(|column| ("column", column)));
        wanted.extend(self.message.map(|message| ("message", message)));
        let bar = Bar::on_stderr();
        let imported = api.import(&at, &wanted, source, bar).await;
        bar.clear();
        let imported = imported?;
        tell(&imported)?;
        for row in api.refused(&at, &imported.batch_id, SHOWN).await? {
            eprintln!("{row}");
        }
        if imported.accepted == 0 {
            bail!("no row was taken");
        }
        if self.dry_run {
            eprintln!("nothing was sent: {} is a draft", imported.batch_id);
            return Ok(ExitCode::SUCCESS);
        }
        let batch = watch(&api, &at, &imported.batch_id, bar).await;
        bar.clear();
        end(&batch?)
    }
}

/// What became of the rows, a line each.
fn tell(imported: &Imported) -> anyhow::Result<()> {
    print(&format!("batch {}", imported.batch_id))?;
    print(&format!("given {}", imported.given))?;
    print(&format!("taken {}", imported.accepted))?;
    // Where their mail stands is told at the end.
    for (name, count) in &imported.counts {
        if name != "draft" {
            print(&format!("{name} {count}"))?;
        }
    }
    if imported.exceeds_free_seats_by > 0 {
        let beyond = imported.exceeds_free_seats_by;
        eprintln!("{beyond} more than there are free seats");
    }
    Ok(())
}

/// Looks at a batch until nothing of it is left to be sent.
async fn watch(api: &Api, at: &str, id: &str, bar: Bar) -> anyhow::Result<Batch> {
    let mut failed = 0;
    loop {
        match api.batch(at, id).await {
            Ok(batch) if batch.is_over() => return Ok(batch),
            Ok(batch) => {
                failed = 0;
                bar.show(batch.settled(), batch.taken(), &batch.says());
            }
            Err(error) if failed == FAILED_LOOKS => return Err(error),
            Err(_) => failed += 1,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Says how a batch ended.
fn end(batch: &Batch) -> anyhow::Result<ExitCode> {
    for (state, count) in &batch.states {
        print(&format!("{state} {count}"))?;
    }
    if batch.cancelled_at.is_some() {
        bail!("the batch was cancelled");
    }
    if let Some(reason) = &batch.pause_reason {
        let said = batch.pause_replies.iter();
        let said = said.map(|said| format!("\n  {} {}: {}", said.count, said.state, said.text));
        bail!("the batch was paused: {reason}{}", said.collect::<String>());
    }
    match batch.states.get("failed") {
        Some(failed) => bail!(say_failed(*failed)),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn say_failed(count: u64) -> String {
    let mails = if count == 1 { "mail" } else { "mails" };
    format!("{count} {mails} failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mail_is_not_several() {
        assert_eq!(say_failed(1), "1 mail failed");
        assert_eq!(say_failed(2), "2 mails failed");
    }
}
