//! The words that columns are headed with. Written as `plain` leaves them: in lower case, letters only.

/// Of a column of addresses; so is whatever has `email` in it.
const EMAIL: [&str; 56] = [
    "email",
    "emails",
    "emailaddress",
    "emailaddresses",
    "adressemail",
    "adressemél",
    "adreça",
    "adreçaelectrònica",
    "adresaelektronicznej",
    "contactmail",
    "correio",
    "correioeletronico",
    "correioeletrônico",
    "correo",
    "correoelectronico",
    "correoelectrónico",
    "correos",
    "courriel",
    "courriels",
    "direcciondecorreo",
    "direccióndecorreo",
    "elpost",
    "eposta",
    "epostaadresi",
    "epostadresi",
    "epost",
    "epostadress",
    "epostadresse",
    "elpošta",
    "epasts",
    "ímeil",
    "indirizzodiposta",
    "indirizzodipostaelettronica",
    "levelezésicím",
    "mail",
    "mailadresse",
    "mailaddress",
    "mails",
    "mél",
    "netfang",
    "postaelettronica",
    "sähköposti",
    "sähköpostiosoite",
    "sahkoposti",
    "tölvupóstur",
    "ηλεκτρονικόταχυδρομείο",
    "имейл",
    "почта",
    "электроннаяпочта",
    "элпочта",
    "דואל",
    "البريدالإلكتروني",
    "メール",
    "メールアドレス",
    "电子邮件",
    "邮箱",
];

/// More of them, without an alphabet.
const EMAIL_TOO: [&str; 9] = [
    "電子メール",
    "电子邮箱",
    "邮件地址",
    "電子郵件",
    "電郵",
    "이메일",
    "이메일주소",
    "메일",
    "อีเมล",
];

/// Of a column of first names.
const FIRST: [&str; 26] = [
    "etunimi",
    "first",
    "firstname",
    "firstnames",
    "forename",
    "fornamn",
    "fornavn",
    "förnamn",
    "given",
    "givenname",
    "imie",
    "imię",
    "jméno",
    "keresztnév",
    "nombre",
    "nombres",
    "prenom",
    "prénom",
    "prenume",
    "studentfirstname",
    "voornaam",
    "vorname",
    "имя",
    "όνομα",
    "名",
    "이름",
];

/// Of a column of last names.
const LAST: [&str; 28] = [
    "achternaam",
    "apellido",
    "apellidos",
    "cognome",
    "efternamn",
    "efternavn",
    "etternavn",
    "familienname",
    "family",
    "familyname",
    "last",
    "lastname",
    "nachname",
    "nazwisko",
    "nom",
    "nomdefamille",
    "příjmení",
    "sobrenome",
    "studentlastname",
    "sukunimi",
    "surname",
    "vezetéknév",
    "zuname",
    "фамилия",
    "επώνυμο",
    "姓",
    "성",
    "soyadı",
];

/// Of a column of whole names.
const FULL: [&str; 22] = [
    "anzeigename",
    "displayname",
    "fullname",
    "naam",
    "name",
    "namen",
    "namn",
    "navn",
    "nimi",
    "nombrecompleto",
    "nome",
    "nomecompleto",
    "nomcomplet",
    "participant",
    "student",
    "studentname",
    "teilnehmer",
    "фио",
    "全名",
    "名前",
    "姓名",
    "氏名",
];

/// A header without what is written differently each time.
pub(crate) fn plain(header: &str) -> String {
    let lower = header.trim().to_lowercase();
    lower.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether a header is of a column of addresses.
pub(crate) fn is_email(header: &str) -> bool {
    is_email_word(header)
        || header.len() <= 100 && !header.contains('.') && plain(header).contains("email")
}

/// Whether a word means an address, and nothing else.
pub(crate) fn is_email_word(word: &str) -> bool {
    if word.len() > 100 {
        return false;
    }
    let plain = plain(word);
    let is_known = |list: &[&str]| list.contains(&plain.as_str());
    is_known(&EMAIL) || is_known(&EMAIL_TOO)
}

pub(crate) fn is_first_name(header: &str) -> bool {
    FIRST.contains(&plain(header).as_str())
}

pub(crate) fn is_last_name(header: &str) -> bool {
    LAST.contains(&plain(header).as_str())
}

pub(crate) fn is_full_name(header: &str) -> bool {
    FULL.contains(&plain(header).as_str())
}

/// Whether the cells of a row head columns, one of them of addresses or names.
pub(crate) fn is_header<'c>(cells: impl Iterator<Item = &'c str> + Clone) -> bool {
    let is_known = |cell: &str| {
        is_email(cell) || is_first_name(cell) || is_last_name(cell) || is_full_name(cell)
    };
    !cells.clone().any(crate::fold::has_at) && cells.clone().any(is_known)
}

/// Whether a line of a pasted text heads it.
pub(crate) fn is_header_line(line: &str) -> bool {
    let mut cells = line.split([',', ';', '\t', '|']);
    !crate::fold::has_at(line) && line.len() < 2_000 && cells.any(is_email)
}
