//! Who receives the mail of a domain: large providers have many, and count what comes to all of them
//! together. Pure.

/// Whoever limits of recipient domains count: a provider with all its domains, or one domain alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Receiver {
    /// One that many domains are of.
    Provider(Provider),
    /// A domain in small letters that is of none of them.
    Domain(String),
}

/// Providers with many domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Provider {
    Apple,
    Google,
    Microsoft,
    Yahoo,
}

impl Receiver {
    /// Of a domain, in whatever letters.
    pub(super) fn of(domain: &str) -> Self {
        let domain = domain.to_ascii_lowercase();
        let has = |provider: &Provider| provider.domains().contains(&domain.as_str());
        match Provider::ALL.into_iter().find(has) {
            Some(provider) => Self::Provider(provider),
            None => Self::Domain(domain),
        }
    }

    /// All of its domains.
    pub(super) fn domains(&self) -> Vec<&str> {
        match self {
            Self::Provider(provider) => provider.domains().to_vec(),
            Self::Domain(domain) => vec![domain],
        }
    }
}

impl Provider {
    const ALL: [Self; 4] = [Self::Apple, Self::Google, Self::Microsoft, Self::Yahoo];

    const fn domains(self) -> &'static [&'static str] {
        match self {
            Self::Apple => APPLE,
            Self::Google => GOOGLE,
            Self::Microsoft => MICROSOFT,
            Self::Yahoo => YAHOO,
        }
    }
}

// Domains under which these providers give mailboxes to anybody, as validators and mail programs list
// them (validator.js' `normalizeEmail`, and the country sites that Wikipedia names for Yahoo Mail).
// Names that only look alike are no members, so no pattern: yahoo.co.jp is another company's. One that
// is missing here is counted by itself, as any domain is.

const APPLE: &[&str] = &["icloud.com", "mac.com", "me.com"];

const GOOGLE: &[&str] = &["gmail.com", "googlemail.com"];

#[rustfmt::skip]
const MICROSOFT: &[&str] = &[
    "hotmail.at", "hotmail.be", "hotmail.ca", "hotmail.ch", "hotmail.cl", "hotmail.co.id",
    "hotmail.co.il", "hotmail.co.in", "hotmail.co.jp", "hotmail.co.kr", "hotmail.co.nz",
    "hotmail.co.th", "hotmail.co.uk", "hotmail.co.za", "hotmail.com", "hotmail.com.ar",
    "hotmail.com.au", "hotmail.com.br", "hotmail.com.gr", "hotmail.com.hk", "hotmail.com.mx",
    "hotmail.com.pe", "hotmail.com.tr", "hotmail.com.tw", "hotmail.com.vn", "hotmail.cz",
    "hotmail.de", "hotmail.dk", "hotmail.es", "hotmail.fi", "hotmail.fr", "hotmail.gr", "hotmail.hu",
    "hotmail.id", "hotmail.ie", "hotmail.in", "hotmail.it", "hotmail.jp", "hotmail.kr", "hotmail.lt",
    "hotmail.lv", "hotmail.my", "hotmail.nl", "hotmail.no", "hotmail.ph", "hotmail.pt", "hotmail.rs",
    "hotmail.sa", "hotmail.se", "hotmail.sg", "hotmail.sk", "live.at", "live.be", "live.ca",
    "live.ch", "live.cl", "live.cn", "live.co.jp", "live.co.kr", "live.co.uk", "live.co.za",
    "live.com", "live.com.ar", "live.com.au", "live.com.mx", "live.com.my", "live.com.ph",
    "live.com.pt", "live.com.sg", "live.de", "live.dk", "live.es", "live.eu", "live.fi", "live.fr",
    "live.hk", "live.ie", "live.in", "live.it", "live.jp", "live.nl", "live.no", "live.ru",
    "live.se", "livemail.tw", "msn.com", "outlook.at", "outlook.be", "outlook.cl", "outlook.co.id",
    "outlook.co.il", "outlook.co.nz", "outlook.co.th", "outlook.com", "outlook.com.ar",
    "outlook.com.au", "outlook.com.br", "outlook.com.gr", "outlook.com.pe", "outlook.com.tr",
    "outlook.com.vn", "outlook.cz", "outlook.de", "outlook.dk", "outlook.es", "outlook.fr",
    "outlook.hu", "outlook.id", "outlook.ie", "outlook.in", "outlook.it", "outlook.jp",
    "outlook.kr", "outlook.lv", "outlook.my", "outlook.ph", "outlook.pt", "outlook.sa",
    "outlook.sg", "outlook.sk", "passport.com", "windowslive.com",
];

#[rustfmt::skip]
const YAHOO: &[&str] = &[
    "aol.com", "aol.co.uk", "aol.de", "aol.fr", "rocketmail.com", "yahoo.ae", "yahoo.at", "yahoo.be",
    "yahoo.ca", "yahoo.ch", "yahoo.cl", "yahoo.co.id", "yahoo.co.il", "yahoo.co.in", "yahoo.co.nz",
    "yahoo.co.th", "yahoo.co.uk", "yahoo.co.za", "yahoo.com", "yahoo.com.ar", "yahoo.com.au",
    "yahoo.com.br", "yahoo.com.co", "yahoo.com.hk", "yahoo.com.hr", "yahoo.com.mx", "yahoo.com.my",
    "yahoo.com.pe", "yahoo.com.ph", "yahoo.com.sg", "yahoo.com.tr", "yahoo.com.tw", "yahoo.com.ve",
    "yahoo.com.vn", "yahoo.cz", "yahoo.de", "yahoo.dk", "yahoo.es", "yahoo.fi", "yahoo.fr",
    "yahoo.gr", "yahoo.hu", "yahoo.ie", "yahoo.in", "yahoo.it", "yahoo.nl", "yahoo.no", "yahoo.pl",
    "yahoo.pt", "yahoo.ro", "yahoo.se", "ymail.com",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn domains_of_one_provider_are_one_receiver_and_every_other_is_its_own() {
        for (domain, provider) in [
            ("gmail.com", Provider::Google),
            ("GoogleMail.com", Provider::Google),
            ("outlook.com", Provider::Microsoft),
            ("hotmail.co.uk", Provider::Microsoft),
            ("live.nl", Provider::Microsoft),
            ("msn.com", Provider::Microsoft),
            ("yahoo.com", Provider::Yahoo),
            ("yahoo.com.br", Provider::Yahoo),
            ("ymail.com", Provider::Yahoo),
            ("rocketmail.com", Provider::Yahoo),
            ("aol.com", Provider::Yahoo),
            ("icloud.com", Provider::Apple),
            ("me.com", Provider::Apple),
            ("mac.com", Provider::Apple),
        ] {
            assert_eq!(
                Receiver::of(domain),
                Receiver::Provider(provider),
                "{domain}"
            );
        }
        for domain in [
            "hill.edu",
            "Gmail.com.hill.edu",
            "notgmail.com",
            "live.hill.edu",
            "yahoo.co.jp",
            "google.com",
            "microsoft.com",
        ] {
            let alone = Receiver::Domain(domain.to_ascii_lowercase());
            assert_eq!(Receiver::of(domain), alone);
        }
    }

    #[test]
    fn every_domain_stands_in_the_tables_once_as_it_is_looked_up() {
        let mut seen = BTreeSet::new();
        for provider in Provider::ALL {
            let receiver = Receiver::Provider(provider);
            for domain in receiver.domains() {
                assert_eq!(Receiver::of(domain), receiver, "{domain}");
                assert!(seen.insert(domain.to_owned()), "{domain}");
            }
        }
        assert_eq!(Receiver::of("Hill.edu").domains(), ["hill.edu"]);
    }
}
