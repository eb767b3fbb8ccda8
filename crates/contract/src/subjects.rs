//! The list of every message: what the tests walk, and what `docs/subjects.md` is made from.

use crate::{
    accounts as acc, administrators as adm, audit, bulk,
    call::{Call, Need, Service},
    events, idempotency, ledger, links, mails, memberships, organisations as org, people, plans,
    seats, tokens, users,
};

/// A message, described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its subject.
    pub subject: &'static str,
    /// Who serves it.
    pub owner: Service,
    /// Who may send it.
    pub from: &'static [Service],
    /// What the principal must hold.
    pub needs: Need,
}

const fn of<M: Call>() -> Subject {
    Subject {
        subject: M::SUBJECT,
        owner: M::OWNER,
        from: M::FROM,
        needs: M::NEEDS,
    }
}

/// Every message that crosses the bus.
pub const ALL: &[Subject] = &[
    of::<org::CreateOrganisation>(),
    of::<org::ListOrganisations>(),
    of::<org::GetOrganisation>(),
    of::<org::UpdateOrganisation>(),
    of::<adm::CreateAdministrator>(),
    of::<adm::ListAdministrators>(),
    of::<adm::UpdateAdministrator>(),
    of::<adm::RemoveAdministrator>(),
    of::<adm::StartAdministratorReset>(),
    of::<adm::SetUpAdministrator>(),
    of::<adm::SignInAdministrator>(),
    of::<adm::AuthenticateSession>(),
    of::<adm::SignOutAdministrator>(),
    of::<tokens::CreateToken>(),
    of::<tokens::ListTokens>(),
    of::<tokens::RevokeToken>(),
    of::<tokens::AuthenticateToken>(),
    of::<audit::ListAudit>(),
    of::<idempotency::BeginAttempt>(),
    of::<idempotency::EndAttempt>(),
    of::<links::CreateLink>(),
    of::<links::ListLinks>(),
    of::<links::GetLink>(),
    of::<links::UpdateLink>(),
    of::<links::RotateLink>(),
    of::<links::SwitchLink>(),
    of::<links::ResolveLink>(),
    of::<plans::CreatePlan>(),
    of::<plans::ListPlans>(),
    of::<plans::GetPlan>(),
    of::<plans::UpdatePlan>(),
    of::<ledger::GetLedger>(),
    of::<seats::Admit>(),
    of::<seats::SettleProof>(),
    of::<seats::RetagLink>(),
    of::<memberships::RevokeMembership>(),
    of::<memberships::ReassignMembership>(),
    of::<memberships::RetagMembership>(),
    of::<memberships::EraseMembership>(),
    of::<bulk::OpenBulk>(),
    of::<bulk::AddToBulk>(),
    of::<bulk::StartBulk>(),
    of::<bulk::GetBulk>(),
    of::<people::Enrol>(),
    of::<people::StartProof>(),
    of::<people::ConfirmProof>(),
    of::<acc::SignInPerson>(),
    of::<acc::AuthenticatePerson>(),
    of::<acc::SignOutPerson>(),
    of::<acc::StartReset>(),
    of::<acc::FinishReset>(),
    of::<acc::StartAddressChange>(),
    of::<acc::FinishAddressChange>(),
    of::<acc::ChangePassword>(),
    of::<acc::ListOwnMemberships>(),
    of::<users::ListUsers>(),
    of::<users::GetUser>(),
    of::<users::ListUserIds>(),
    of::<users::ListWaiting>(),
    of::<users::ListUserStory>(),
    of::<mails::QueueMail>(),
    of::<mails::ListKeptMails>(),
    of::<mails::ReadKeptMail>(),
    of::<events::ListEvents>(),
];
