//! Lists, and batches, which are counted from their rows: an organisation may have hundreds of thousands, and a search
//! looks at each. Whoever takes letters, reports and steering does not wait for it.

use std::sync::Arc;

use contract::{Clock, Service, batches, invites, mails, suppressions};
use kernel::{Behaviour, Routes};
use store::{Db, vault::Vault};

use crate::{MailOptions, tokens::Tokens};

/// Reads, and writes nothing. Any number of instances may run.
#[derive(Debug)]
pub struct InviteReader {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    vault: Vault,
    pub(crate) options: MailOptions,
}

impl InviteReader {
    /// An instance; the vault is the one that invites are made with.
    pub fn new(db: Db, clock: Arc<dyn Clock>, vault: Vault, options: MailOptions) -> Self {
        Self {
            db,
            clock,
            vault,
            options,
        }
    }

    pub(crate) fn tokens(&self) -> Tokens {
        Tokens::new(self.vault.clone())
    }
}

impl Behaviour for InviteReader {
    const SERVICE: Service = Service::InviteDispatcher;

    fn routes(routes: &mut Routes<Self>) {
        routes
            .one::<batches::GetBatch>()
            .one::<batches::ListBatches>()
            .one::<batches::ListBatchRows>()
            .one::<invites::ListInvites>()
            .one::<suppressions::ListSuppressions>()
            .one::<mails::ListKeptMails>()
            .one::<mails::ReadKeptMail>();
    }
}
