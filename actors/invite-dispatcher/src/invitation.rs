//! Everything that an invitation says.

use contract::{
    EmailAddress, Secret, Timestamp,
    ids::{BatchId, InviteId, OrganisationId},
    text::{InviteMessage, Language, Name, PersonName},
};
use minijinja::{Value, context};
use url::{Host, Url};

use crate::{
    greeted::greeted,
    message_name::MessageName,
    moment::moment,
    templates::{Templates, Words, WordsError},
};

/// Why the mail goes out. A repetition of a mail has the same Message-ID, and every other mail another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// The first mail.
    First,
    /// The first to an address that was corrected.
    Corrected(Mailing),
    /// An administrator sends it again.
    Resend(Mailing),
    /// It is about to expire.
    Reminder(Mailing),
}

/// Which mail of an invite, where it is not the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mailing {
    /// How many mails of the invite were asked for before it; at least 1.
    pub earlier: i64,
    /// To which of its addresses it goes, counted from 1.
    pub generation: i64,
}

impl Occasion {
    /// The occasion of this name, of the mail with this number, counted from 1.
    pub(crate) fn of(name: &str, number: i64, generation: i64) -> Self {
        let mailing = Mailing {
            earlier: (number - 1).max(1),
            generation,
        };
        match name {
            "resend" => Self::Resend(mailing),
            "reminder" => Self::Reminder(mailing),
            _ if number > 1 || generation > 1 => Self::Corrected(mailing),
            _ => Self::First,
        }
    }

    /// The name that templates know it by, and Message-IDs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::First | Self::Corrected(_) => "first",
            Self::Resend(_) => "resend",
            Self::Reminder(_) => "reminder",
        }
    }

    /// Which mail, where it is not the first.
    pub(crate) const fn mailing(self) -> Option<Mailing> {
        match self {
            Self::First => None,
            Self::Corrected(mailing) | Self::Resend(mailing) | Self::Reminder(mailing) => {
                Some(mailing)
            }
        }
    }

    /// The number of the mail among those of its invite, counted from 1.
    pub(crate) fn number(self) -> i64 {
        self.mailing()
            .map_or(1, |mailing| mailing.earlier.saturating_add(1))
    }

    /// To which address of the invite it goes, counted from 1.
    pub(crate) fn generation(self) -> i64 {
        self.mailing().map_or(1, |mailing| mailing.generation)
    }
}

/// An invitation to one person.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Which.
    pub id: InviteId,
    /// Of which batch.
    pub batch: BatchId,
    /// Of which organisation.
    pub organisation_id: OrganisationId,
    /// What it is called.
    pub organisation: Name,
    /// To what one is invited: see [`product_of`](Self::product_of).
    pub product: String,
    /// Of which plan the seat is.
    pub plan: Name,
    /// Who invites: a name or an address; the organisation alone when `None`.
    pub inviter: Option<Name>,
    /// A word of the inviter.
    pub message: Option<InviteMessage>,
    /// To whom.
    pub to: EmailAddress,
    /// How they are called, where the list said so.
    pub name: Option<PersonName>,
    /// Opens the page with the button.
    pub accept_url: Secret,
    /// Eight characters for typing, together with the address.
    pub code: Secret,
    /// The page where the code is typed.
    pub code_url: String,
    /// Opens the page where it is declined.
    pub decline_url: Secret,
    /// Opens the page where the address is taken off; its POST does so at once (RFC 8058). https.
    pub unsubscribe_url: Secret,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// Why the mail goes out.
    pub occasion: Occasion,
    /// In which language it is written, where there are words in it.
    pub language: Language,
}

impl Invitation {
    /// What a product is called: the host of its URL, without `www.`; the plan where nobody would know the
    /// product by its host, which is an IP address or a name of one label.
    pub fn product_of(url: &Url, plan: &Name) -> String {
        let name = match url.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.'),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => "",
        };
        let name = name.strip_prefix("www.").unwrap_or(name);
        let told = if name.contains('.') {
            name
        } else {
            plan.as_str()
        };
        told.to_owned()
    }

    /// What is before the `@` of its Message-ID: the same for each repetition of one mail.
    pub fn message_id(&self) -> String {
        let name = MessageName {
            invite: self.id,
            occasion: self.occasion,
        };
        name.to_string()
    }

    /// The names that templates know.
    pub(crate) fn context(&self) -> Value {
        let inviter = self.inviter.as_ref().map(Name::as_str);
        let inviter = inviter.filter(|name| EmailAddress::parse(name).is_ok() || greeted(name));
        let name = self.name.as_ref().map(PersonName::as_str);
        let message = self.message.as_ref().map(InviteMessage::as_str);
        let lines = message.map(|text| text.split('\n').map(Value::from).collect::<Vec<_>>());
        context! {
            organisation => self.organisation.as_str(),
            product => self.product.as_str(),
            plan => self.plan.as_str(),
            inviter => inviter,
            message => lines.map(Value::from),
            address => self.to.as_str(),
            name => name.filter(|name| greeted(name)),
            accept_url => self.accept_url.expose(),
            code => self.code.expose(),
            code_url => self.code_url.as_str(),
            decline_url => self.decline_url.expose(),
            unsubscribe_url => self.unsubscribe_url.expose(),
            expires => moment(self.expires_at),
            occasion => self.occasion.name(),
        }
    }
}

impl Templates {
    /// Puts an invitation into words.
    pub fn invitation(&self, invitation: &Invitation) -> Result<Words, WordsError> {
        if let Some(stencils) = self.stencils() {
            return stencils.words(self, invitation);
        }
        self.words("invite", &invitation.language, invitation.context())
    }
}
