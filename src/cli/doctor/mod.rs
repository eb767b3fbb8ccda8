//! `usher doctor`.
//!
//! # Map
//! - [`relay`]: the relay and the way there; [`spf`], [`dkim`], [`dmarc`], [`mx`]: what the DNS says of
//!   us; [`alignment`]: whether these are about one [`domain`].
//! - [`dns`]: questions to the DNS; [`tags`]: how records are written; [`finding`]: a line of the answer.

mod alignment;
mod dkim;
mod dmarc;
mod dns;
mod domain;
mod finding;
mod mx;
mod relay;
mod spf;
mod tags;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use contract::SystemClock;

use self::{
    alignment::Other,
    dns::Dns,
    finding::{Finding, Verdict},
};
use super::{Sources, print};
use crate::{failure::Failure, roles::Roles, settings::Settings, stages, telemetry};

/// Looks whether mail will arrive: the relay, and what the DNS says of us.
///
/// Asks the relay and the DNS, sends nothing and changes nothing. A line for each thing: `ok`,
/// `missing` or `wrong` with what to do about it, `unknown` where nobody answered, `skipped` where
/// it does not apply. Exits with 1 unless all of it is ok or skipped.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    sources: Sources,
}

impl Doctor {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let settings = self.sources.load(&Roles::all())?.settings;
        telemetry::start_quiet()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the runtime cannot be started")?;
        let findings = runtime.block_on(examine(&settings))?;
        for finding in &findings {
            print(&finding.to_string())?;
        }
        Ok(if findings.iter().all(Finding::is_fine) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

async fn examine(settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    let options = stages::relayed_mail(settings)?;
    let clock = SystemClock::shared();
    let dns = Dns::at(settings.domains.resolver, &*clock);
    let from = options.sender.from.email.domain().to_ascii_lowercase();
    if !from.contains('.') {
        let text =
            format!("mail.from is at {from}, which nobody else knows: name a domain of yours");
        let mut findings = relay::check(&options).await;
        findings.push(Finding::new("from", Verdict::Wrong, text));
        return Ok(findings);
    }
    let back = settings.mail.return_path.rsplit_once('@');
    let (back, key) = back.map_or_else(
        || (from.clone(), "mail.from"),
        |(_, domain)| (domain.to_ascii_lowercase(), "mail.return_path"),
    );
    let signer = options.signer.as_deref();
    let host = options.relay_to().map(|relay| relay.host.as_str());
    let is_read = !settings.mail.bounces.is_empty();
    let (relay, spf, dkim, (dmarc, modes), mx) = tokio::join!(
        relay::check(&options),
        spf::check(&dns, &back, host),
        dkim::check(&dns, signer),
        dmarc::check(&dns, &from),
        mx::check(&dns, &back, is_read),
    );
    let mut findings = relay;
    findings.push(spf);
    let other = Other {
        what: "spf alignment",
        key,
        domain: &back,
        is_strict: modes.is_spf_strict,
    };
    findings.push(alignment::check(&from, other));
    findings.push(dkim?);
    if let Some(signer) = signer {
        let other = Other {
            what: "dkim alignment",
            key: "mail.dkim_domain",
            domain: signer.domain(),
            is_strict: modes.is_dkim_strict,
        };
        findings.push(alignment::check(&from, other));
    }
    findings.extend([dmarc, mx]);
    Ok(findings)
}
