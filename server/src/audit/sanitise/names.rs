//! Names that say that their value is personal or secret, in the languages that people name columns in.

use std::collections::HashSet;

/// A word of a name that is enough by itself.
const WORDS: &str = "
password passwd pwd pass passphrase passcode secret secrets token tokens apikey authorization auth bearer cookie
cookies session sessionid sid jwt credential credentials otp totp mfa pin puk cvv cvc cvv2 csrf xsrf signature
private nonce salt hash
email mail emails phone phones telephone tel mobile cell fax msisdn ssn sin nin nino tin passport licence license
iban bic swift pan card cardnumber creditcard account iban
name firstname lastname fullname surname forename givenname familyname middlename maidenname nickname username
displayname login
address street postcode zip zipcode city birthday birthdate birth dob born gender sex religion ethnicity race
nationality diagnosis health medical disability salary income tax taxid vat
lat lng lon latitude longitude location geo ip ipaddress mac fingerprint device imei
passwort kennwort geheimnis geburtsdatum geburtstag vorname nachname familienname strasse straße plz ort adresse
telefon telefonnummer handy handynummer steuernummer ausweis kontonummer karte anschrift
contraseña contrasena clave secreto correo teléfono telefono móvil movil nombre apellido apellidos dirección
direccion nacimiento tarjeta cuenta dni nie nif
motdepasse mdp secret courriel téléphone telephone portable prénom prenom nom adresse naissance carte compte
senha segredo celular endereço endereco nascimento cartão cartao cpf cnpj sobrenome
parola segreto cellulare indirizzo nascita carta conto codicefiscale cognome
wachtwoord geheim telefoonnummer geboortedatum achternaam voornaam bsn
hasło haslo telefon nazwisko imię imie pesel adres
пароль секрет почта телефон имя фамилия отчество адрес паспорт инн снилс карта дата_рождения
密码 密碼 口令 邮箱 郵箱 电话 電話 手机 手機 姓名 地址 身份证 身分證 银行卡 出生日期
パスワード メール 電話番号 氏名 名前 住所 生年月日
비밀번호 이메일 전화번호 이름 주소 주민등록번호 생년월일
پسورد كلمةالمرور هاتف بريد اسم عنوان
";

/// Parts of a name that are enough wherever they stand.
const PARTS: [&str; 27] = [
    "password",
    "passwd",
    "passwort",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "credential",
    "authorization",
    "cookie",
    "sessionid",
    "email",
    "phone",
    "iban",
    "cardnumber",
    "creditcard",
    "accountnumber",
    "routingnumber",
    "socialsecurity",
    "birth",
    "address",
    "пароль",
    "密码",
    "パスワード",
];

/// The names, ready to be asked.
#[derive(Debug, Clone)]
pub(super) struct Names {
    words: HashSet<String>,
}

impl Names {
    pub(super) fn new(further: &[String]) -> Self {
        let built_in = WORDS.split_whitespace().map(str::to_owned);
        let given = further.iter().flat_map(|name| [squeezed(name)]);
        Self {
            words: built_in.chain(given).collect(),
        }
    }

    /// Whether a name says that its value must go: by one of its words, two in a row, or all together.
    pub(super) fn are_sensitive(&self, name: &str) -> bool {
        let words = words(name);
        let all = words.concat();
        self.words.contains(&all)
            || PARTS.iter().any(|part| all.contains(part))
            || words.iter().any(|word| self.words.contains(word))
            || words.windows(2).any(|two| self.words.contains(&two.concat()))
    }
}

/// `first_name`, `firstName`, `First-Name` and `FIRST NAME` are two words.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower_before = false;
    for character in name.chars() {
        let breaks = !character.is_alphanumeric() || (character.is_uppercase() && lower_before);
        if breaks && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        lower_before = character.is_lowercase() || character.is_numeric();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn squeezed(name: &str) -> String {
    words(name).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensitive(name: &str) -> bool {
        Names::new(&["Lieblings-Farbe".to_owned()]).are_sensitive(name)
    }

    #[test]
    fn however_it_is_written_a_name_is_the_same_name() {
        for name in [
            "first_name",
            "firstName",
            "First-Name",
            "FIRST_NAME",
            "customer.firstname",
            "user[email]",
            "apiKey",
            "x-api-key",
            "stripeSecretKey",
            "new_password_confirmation",
            "Geburtsdatum",
            "contraseña",
            "пароль",
            "密码",
            "電話番号",
            "이메일",
            "lieblingsFarbe",
            "codice_fiscale",
            "billing_address_2",
        ] {
            assert!(sensitive(name), "{name}");
        }
    }

    #[test]
    fn ordinary_columns_stay() {
        for name in [
            "id",
            "room_id",
            "created_at",
            "body",
            "status",
            "select",
            "order",
            "limit",
            "offset",
            "quantity",
            "price",
            "title",
            "description",
            "is_done",
            "tags",
            "version",
            "on_conflict",
            "columns",
            "passenger_count",
        ] {
            assert!(!sensitive(name), "{name}");
        }
    }
}
