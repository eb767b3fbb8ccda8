//! What a courier took without being answered: its commit fell silent, and nobody but the database knows of it.

use std::{collections::HashSet, time::Duration};

use store::{Row, StoreError, Tx};

use super::{
    Courier,
    heed::Settled,
    letters::Taken,
    parcel::{Leased, Taking},
    record::{Key, Record},
    sql,
    verdict::Attempt,
};

impl Courier {
    /// Where there may be such mails, those that are this courier's and that it does not have go back as they were:
    /// nothing of them began.
    pub(super) async fn regain(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.may_have_more.is_none() {
            return Ok(());
        }
        let (invites, letters) = self.known();
        let before = self.unrecorded.len();
        for row in sql::OWN_MAILS.bind(&self.id).fetch_all(tx).await? {
            let taken = Taken::read(&row)?;
            if !letters.contains(&taken) {
                self.unrecorded.push(Settled::LetterBack(taken));
            }
        }
        let found = sql::FIND_OWN.bind(&self.id).fetch_all(tx).await?;
        let found = found.iter().map(|row| Ok(Key { id: row.get("id")? }));
        let found = found.collect::<Result<Vec<_>, StoreError>>()?;
        if !found.is_empty() {
            let own = sql::OWN.bind_rows(&found).bind(&self.id);
            for row in own.fetch_all(tx).await? {
                let taking = Taking::read(&row)?;
                if !invites.contains(&taking) {
                    let back = Record::back(taking, attempt(&row)?);
                    self.unrecorded.push(Settled::InviteBack(back));
                }
            }
        }
        let count = self.unrecorded.len() - before;
        if count > 0 {
            tracing::warn!(count, "mails that were taken without an answer go back");
        }
        Ok(())
    }

    /// What it has, or had and has not written down.
    fn known(&self) -> (HashSet<Taking>, HashSet<Taken>) {
        let (mut invites, mut letters) = (HashSet::new(), HashSet::new());
        for mail in self.carry.all() {
            match mail {
                Leased::Letter(letter) => letters.insert(Taken::of(&letter)),
                Leased::Invite(invite) => invites.insert(invite.taking()),
            };
        }
        for settled in &self.unrecorded {
            match settled {
                Settled::Letter(landed) => {
                    if let Leased::Letter(letter) = &landed.mail {
                        letters.insert(Taken::of(letter));
                    }
                }
                Settled::LetterBack(taken) => {
                    letters.insert(*taken);
                }
                Settled::Invite(record) | Settled::InviteBack(record) => {
                    invites.insert(record.taking());
                }
            }
        }
        (invites, letters)
    }
}

/// Enough of an attempt to put it back.
pub(super) fn attempt(row: &Row) -> Result<Attempt, StoreError> {
    let was_deferred = row.get::<i64>("was_deferred")? == 1;
    Ok(Attempt {
        attempts: row.get("attempts")?,
        lost_replies: row.get("lost_replies")?,
        crashes: row.get("crashes")?,
        deferred_for: was_deferred.then_some(Duration::ZERO),
        lives_for: None,
    })
}
