//! Makes an administrator, or gives one an office in another organisation.

use contract::{
    Caller, EmailAddress, Kind, Principal, Problem, Role, Secret, Timestamp,
    administrators::{AdministratorCreated, CreateAdministrator},
    ids::{AdministratorId, OrganisationId},
};
use kernel::{Cx, Serve};
use serde_json::json;
use store::{Tx, vault};

use super::{
    letters, offices,
    update::{find, keep_an_owner},
};
use crate::{AdminDirectory, SETUP_DAYS, sql};

/// How often an address is looked at whose administrator is let go meanwhile.
const LOOKS: u32 = 3;

impl Serve<CreateAdministrator> for AdminDirectory {
    async fn serve(
        &mut self,
        message: CreateAdministrator,
        cx: &Cx,
    ) -> Result<AdministratorCreated, Problem> {
        let CreateAdministrator {
            organisation,
            email,
            role,
        } = message;
        let stamp = cx.stamp(&*self.clock);
        let mut tx = self.db.write(&stamp).await?;
        // Before the administrator, in the order of everybody who changes offices.
        let found = sql::LOCK_ORGANISATION
            .bind(organisation)
            .fetch_optional(&mut tx)
            .await?;
        if found.is_none() {
            return Err(Problem::new(Kind::NotFound));
        }
        let fresh = AdministratorId::new(self.clock.ulid());
        let setup = Setup {
            token: vault::draw_token(),
            until: stamp.now.plus_days(SETUP_DAYS),
        };
        let created = |id, setup_token| AdministratorCreated {
            id,
            setup_token,
            is_elsewhere: false,
        };
        let created = match setup.whose(&mut tx, fresh, &email, organisation).await? {
            Whose::New(id) => created(id, Some(setup.token)),
            Whose::Known(known) if known.may_get(organisation, &cx.caller)? => {
                if known.has_password {
                    created(known.id, None)
                } else {
                    setup.renew(&mut tx, known.id).await?;
                    created(known.id, Some(setup.token))
                }
            }
            Whose::Known(known) => {
                let id = if known.offices.contains(&organisation) {
                    known.id
                } else {
                    setup.stand_in(&mut tx, fresh, &email, organisation).await?
                };
                AdministratorCreated {
                    id,
                    setup_token: Some(setup.token),
                    is_elsewhere: true,
                }
            }
        };
        // The operator may have anybody written to, and is who helps when an owner may not any more.
        if created.setup_token.is_some() && cx.caller.principal != Principal::Operator {
            let letter = self.clock.ulid().to_string();
            letters::note(&mut tx, letter, organisation, &email).await?;
        }
        if !created.is_elsewhere {
            sql::DELETE_STAND_IN
                .bind(stand_in_key(&email, organisation))
                .execute(&mut tx)
                .await?;
        }
        if role != Role::Owner {
            match find(&mut tx, organisation, created.id).await {
                // They are new here.
                Err(problem) if problem.kind == Kind::NotFound => {}
                before => keep_an_owner(&mut tx, organisation, &before?).await?,
            }
        }
        sql::PUT_OFFICE
            .bind(created.id)
            .bind(organisation)
            .bind(role.name())
            .bind(stamp.now)
            .execute(&mut tx)
            .await?;
        tx.audit(
            organisation,
            "administrator.create",
            created.id,
            json!({ "role": role }),
        );
        tx.commit().await?;
        Ok(created)
    }
}

/// A set-up link in the making.
struct Setup {
    token: Secret,
    until: Timestamp,
}

/// Whom an address names.
enum Whose {
    /// Nobody until now.
    New(AdministratorId),
    /// Somebody who was entered before.
    Known(Known),
}

impl Setup {
    /// Whose address it is. Whoever has it may be let go while they are waited for: then it is nobody's.
    async fn whose(
        &self,
        tx: &mut Tx,
        fresh: AdministratorId,
        email: &EmailAddress,
        organisation: OrganisationId,
    ) -> Result<Whose, Problem> {
        for _ in 0..LOOKS {
            if let Some(id) = self.begin(tx, fresh, email, organisation).await? {
                return Ok(Whose::New(id));
            }
            if let Some(known) = known(tx, email).await? {
                return Ok(Whose::Known(known));
            }
        }
        Err(Problem::new(Kind::Unavailable))
    }

    /// Makes an administrator with this link, or of whoever stood in for them here; nobody when the
    /// address has one already.
    async fn begin(
        &self,
        tx: &mut Tx,
        fresh: AdministratorId,
        email: &EmailAddress,
        organisation: OrganisationId,
    ) -> Result<Option<AdministratorId>, Problem> {
        let now = tx.stamp().now;
        let made = sql::INSERT_ADMINISTRATOR
            .bind(fresh)
            .bind(email)
            .bind(email.key())
            .bind(vault::hash_token(&self.token))
            .bind(self.until)
            .bind(now)
            .fetch_optional(tx)
            .await?;
        if made.is_none() {
            return Ok(None);
        }
        let standing = sql::LOCK_ADMINISTRATOR.bind(stand_in_key(email, organisation));
        let Some(row) = standing.fetch_optional(tx).await? else {
            return Ok(Some(fresh));
        };
        // Whoever is invited again keeps id and day. The fresh one has kept the address from others.
        sql::DELETE_ADMINISTRATOR.bind(fresh).execute(tx).await?;
        let id: AdministratorId = row.get("id")?;
        sql::TURN_STAND_IN
            .bind(id)
            .bind(email.key())
            .bind(vault::hash_token(&self.token))
            .bind(self.until)
            .execute(tx)
            .await?;
        Ok(Some(id))
    }

    /// Has somebody who administers elsewhere stand in the organisation's list as whoever was invited and
    /// has not come yet: nothing there tells which of both it is. The link refuses a password as any
    /// would, and opens nothing.
    async fn stand_in(
        &self,
        tx: &mut Tx,
        fresh: AdministratorId,
        email: &EmailAddress,
        organisation: OrganisationId,
    ) -> Result<AdministratorId, Problem> {
        let row = sql::PUT_STAND_IN
            .bind(fresh)
            .bind(email)
            .bind(stand_in_key(email, organisation))
            .bind(vault::hash_token(&self.token))
            .bind(self.until)
            .bind(tx.stamp().now)
            .fetch_one(tx)
            .await?;
        Ok(row.get("id")?)
    }

    /// Puts this link into the place of one that was never used, which is dead from now on.
    async fn renew(&self, tx: &mut Tx, id: AdministratorId) -> Result<(), Problem> {
        let hash = vault::hash_token(&self.token);
        sql::RENEW_SETUP
            .bind(id)
            .bind(hash)
            .bind(self.until)
            .execute(tx)
            .await?;
        Ok(())
    }
}

/// An administrator whose address was entered before.
struct Known {
    id: AdministratorId,
    has_password: bool,
    offices: Vec<OrganisationId>,
}

async fn known(tx: &mut Tx, email: &EmailAddress) -> Result<Option<Known>, Problem> {
    let locked = sql::LOCK_ADMINISTRATOR.bind(email.key());
    let Some(row) = locked.fetch_optional(tx).await? else {
        return Ok(None);
    };
    let id = row.get("id")?;
    let has_password = row.get::<Option<String>>("password_hash")?.is_some();
    Ok(Some(Known {
        id,
        has_password,
        offices: offices(tx, id).await?,
    }))
}

impl Known {
    /// Whether this caller may give them an office, or a fresh set-up link, in this organisation.
    ///
    /// Nobody has proved that the address is theirs: whoever entered it first got the set-up link.
    /// An owner who enters an address of another organisation would hand out an office to that
    /// organisation's owners, or take theirs over; only the operator can tell.
    fn may_get(&self, organisation: OrganisationId, caller: &Caller) -> Result<bool, Problem> {
        let is_here = self.offices.contains(&organisation);
        if is_here && self.has_password {
            let detail = "This address is an administrator here already.";
            return Err(Problem::new(Kind::Conflict).detail(detail));
        }
        let is_only_here = self.offices == [organisation];
        Ok(is_only_here || caller.principal == Principal::Operator)
    }
}

/// Under what an organisation keeps a stand-in: no address, so nobody signs in with it.
fn stand_in_key(email: &EmailAddress, organisation: OrganisationId) -> String {
    format!("{}#{organisation}", email.key())
}
