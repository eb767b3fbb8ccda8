//! People: who they are, what they are written.

use contract::{
    batches::PauseReason,
    ids::{AccountId, InviteId, MailId, ProofId},
    mails::{KeptMail, KeptMailText, Letter, ListKeptMails, MailQueued, QueueMail, ReadKeptMail},
    people::{
        ConfirmProof, Enrol, Enrolled, Evidence, HasPassword, ProofIssued, ProofStarted, Proved,
        StartProof,
    },
    seats::Status,
    text::Language,
};

use super::{
    NOON, Sample,
    batches::said,
    directory::{page, page_of},
    email, id, name, person, sample, secret, url,
};

pub(super) fn samples() -> Vec<Sample> {
    proofs().into_iter().chain(mails()).collect()
}

fn issued() -> ProofIssued {
    ProofIssued {
        id: id(ProofId::new),
        email: email("ann@x.example"),
        first_name: person("Ann"),
        token: secret(),
        code: secret(),
        expires_at: NOON,
        language: Language::default(),
    }
}

fn proofs() -> [Sample; 4] {
    let confirm = |evidence| ConfirmProof {
        evidence,
        registrant: Some(secret()),
        new_password: Some(secret()),
    };
    let proof = id(ProofId::new);
    [
        sample(
            [Enrol {
                first_name: person("Ann"),
                last_name: person("Alpha"),
                email: email("ann@x.example"),
                password: secret(),
                registrant: Some(secret()),
                known_only: true,
                invite: Some(id(InviteId::new)),
            }],
            [Some(issued()), None].map(|proof| Enrolled {
                account_id: id(AccountId::new),
                is_proved: proof.is_none(),
                proof,
            }),
        ),
        sample(
            [HasPassword {
                email: email("ann@x.example"),
            }],
            [true],
        ),
        sample(
            [StartProof {
                email: email("ann@x.example"),
            }],
            [Some(issued()), None].map(|issued| ProofStarted {
                id: proof,
                proof: issued,
            }),
        ),
        sample(
            [
                Evidence::Token(secret()),
                Evidence::Code {
                    proof,
                    code: secret(),
                },
            ]
            .map(confirm),
            [Proved {
                account_id: id(AccountId::new),
                has_password: false,
            }],
        ),
    ]
}

fn mails() -> [Sample; 3] {
    let kept = || KeptMail {
        id: id(MailId::new),
        to: "ann@x.example".to_owned(),
        subject: "Please confirm".to_owned(),
        sent_at: NOON,
    };
    let letters = [
        Letter::JoinConfirmation {
            first_name: person("Ann"),
            organisation: name("Law School"),
            status: Status::Assigned,
            proof_due_at: Some(NOON),
            proof_url: secret(),
            code: secret(),
            product_url: url("https://read.example/"),
            language: Language::default(),
        },
        Letter::SeatGiven {
            first_name: person("Ann"),
            organisation: name("Law School"),
            status: Status::Held,
            proof_due_at: Some(NOON),
            proof_url: Some(secret()),
            product_url: url("https://read.example/"),
            language: Language::default(),
        },
        Letter::Proof {
            first_name: person("Ann"),
            proof_url: secret(),
            code: secret(),
            language: Language::default(),
        },
        Letter::PasswordReset {
            first_name: person("Ann"),
            reset_url: secret(),
            code: secret(),
            language: Language::default(),
        },
        Letter::AddressChange {
            first_name: person("Ann"),
            change_url: secret(),
            code: secret(),
            language: Language::default(),
        },
        Letter::AddressChanged {
            first_name: person("Ann"),
            language: Language::default(),
        },
        Letter::AdministratorInvite {
            organisation: name("Law School"),
            setup_url: secret(),
            language: Language::default(),
        },
        Letter::BatchPaused {
            organisation: name("Law School"),
            link: name("First year"),
            reason: PauseReason::Bounces,
            said: said(),
            waiting: 40,
            batch_url: url("https://usher.example/admin/org/invites/batch"),
            language: Language::default(),
        },
        Letter::AdministratorElsewhere {
            organisation: name("Law School"),
            language: Language::default(),
        },
        Letter::AdministratorReset {
            reset_url: secret(),
            language: Language::default(),
        },
    ];
    [
        sample(
            letters.map(|letter| QueueMail {
                key: "proof:prf_01".to_owned(),
                to: email("ann@x.example"),
                letter,
            }),
            [MailQueued {
                id: id(MailId::new),
            }],
        ),
        sample([ListKeptMails { page: page() }], [page_of(kept())]),
        sample(
            [ReadKeptMail {
                id: id(MailId::new),
            }],
            [KeptMailText {
                mail: kept(),
                text: "Hello Ann".to_owned(),
                html: "<p>Hello Ann</p>".to_owned(),
            }],
        ),
    ]
}
