//! Files, scopes, expiry and pace, as tables.

use super::*;

fn token(n: u8) -> Token {
    Token::of([n; 32])
}

/// A file with one key, of token 1, and `more` lines.
fn one(more: &str) -> String {
    format!("[[key]]\nid = \"app-1\"\nsha256 = \"{}\"\n{more}", token(1).sha256())
}

fn read(text: &str) -> Result<Keys, FileError> {
    Keys::read(text, &Keys::default(), 0)
}

fn at(text: &str) -> UtcMs {
    text.parse().unwrap()
}

const NOON: &str = "2026-11-24T12:00:00Z";

fn refused(keys: &Keys, token: &str, scope: Scope, now_ms: u64) -> Option<(ReplyCode, Option<u64>)> {
    keys.check(token, scope, at(NOON), now_ms).err().map(|refusal| (refusal.code, refusal.retry_after_s))
}

#[test]
fn a_token_does_what_its_scopes_say_until_it_expires() {
    use Scope::{OrdersRead, OrdersWrite, StoresWrite};
    let scopes = "scopes = [\"orders:write\", \"orders:read\"]\n";
    for (more, scope, code) in [
        ("", OrdersWrite, None),
        ("", OrdersRead, None),
        ("", StoresWrite, Some(ReplyCode::ScopeMissing)),
        ("expires = \"2026-11-24T12:00:00.001Z\"", OrdersWrite, None),
        ("expires = \"2026-11-24T12:00:00Z\"", OrdersWrite, Some(ReplyCode::TokenExpired)),
        ("expires = \"2026-11-24T12:00:00Z\"", StoresWrite, Some(ReplyCode::TokenExpired)),
    ] {
        let keys = read(&one(&format!("{scopes}{more}"))).unwrap();
        let checked = keys.check(token(1).reveal(), scope, at(NOON), 0);
        assert_eq!(checked.as_ref().err().map(|refusal| refusal.code), code, "{more} {scope}");
        let named = checked.map_or_else(|refusal| refusal.key.unwrap(), Clone::clone);
        assert_eq!(named.as_str(), "app-1");
    }
}

#[test]
fn nothing_but_the_token_itself_is_known() {
    let keys = read(&one("scopes = [\"orders:write\"]")).unwrap();
    let right = token(1).reveal().to_owned();
    assert_eq!(refused(&keys, &right, Scope::OrdersWrite, 0), None);
    let (hash, longer, huge) = (token(1).sha256(), format!("{right}0"), right.repeat(1_000));
    let (upper, shorter) = (right.to_uppercase(), &right[..right.len() - 1]);
    for wrong in ["", "domi_", &hash, &format!("domi_{hash}"), &longer, &huge, &upper, shorter, token(2).reveal()] {
        let code = refused(&keys, wrong, Scope::OrdersWrite, 0).map(|(code, _)| code);
        assert_eq!(code, Some(ReplyCode::TokenUnknown), "{wrong}");
    }
}

#[test]
fn a_broken_file_is_refused_by_line_or_key() {
    let scopes = "scopes = [\"orders:write\"]\n";
    let good = one(scopes);
    let other = good.replace("app-1", "app-2");
    let many: String = (0..=KEYS_MAX).map(|n| good.replace("app-1", &format!("app-{n}"))).collect();
    for (text, told) in [
        ("", "it holds no keys"),
        ("[[key]\n", "line 1: "),
        (&one(""), "line 1: missing field `scopes`"),
        (&one("scopes = []"), "\"app-1\": it has no scopes"),
        (&one("scopes = [\"orders\"]"), "line 4: a scope is orders:write"),
        (&one(&format!("{scopes}expires = \"soon\"")), "line 5: "),
        (&one(&format!("{scopes}rate = -1")), "line 5: "),
        (&one(&format!("{scopes}rate = 0")), "\"app-1\": rate and burst"),
        (&one(&format!("{scopes}burst = 5")), "\"app-1\": a burst needs a rate"),
        (&one(&format!("{scopes}admin = true")), "line 5: unknown field `admin`"),
        (&good.replace("app-1", "app 1"), "line 2: an id has 1 to 48"),
        (&good.replace("sha256 = \"", "sha256 = \"0"), "line 3: sha256 has 64 hexadecimal digits"),
        (&format!("{good}{good}"), "\"app-1\": another key has this id"),
        (&format!("{good}{other}"), "\"app-2\": another key has this token"),
        (&many, "it holds 257 keys; 256 at most"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(told), "{error}\nfor\n{told}");
    }
    let clear = format!("{good}\n# {}\n", token(7).reveal());
    let error = read(&clear).unwrap_err();
    assert_eq!(error, FileError::Token(6));
    assert!(!error.to_string().contains(token(7).reveal()));
}

#[test]
fn each_key_has_a_pace_of_its_own_which_a_new_file_does_not_renew() {
    let paced = |n: u8, rate: u32| {
        let (id, hash) = (format!("app-{n}"), token(n).sha256());
        format!("[[key]]\nid = \"{id}\"\nsha256 = \"{hash}\"\nscopes = [\"orders:write\"]\nrate = {rate}\n")
    };
    let both = format!("{}{}", paced(1, 2), paced(2, 2));
    let keys = read(&both).unwrap();
    let order = |keys: &Keys, n: u8, now_ms| refused(keys, token(n).reveal(), Scope::OrdersWrite, now_ms);
    assert_eq!([order(&keys, 1, 0), order(&keys, 1, 0)], [None, None]);
    assert_eq!(order(&keys, 1, 0), Some((ReplyCode::RateExceeded, Some(1))));
    assert_eq!(order(&keys, 2, 0), None, "the other's is its own");

    let again = Keys::read(&format!("# new\n{both}"), &keys, 10).unwrap();
    assert_eq!(order(&again, 1, 10), Some((ReplyCode::RateExceeded, Some(1))));
    let faster = Keys::read(&paced(1, 9), &again, 20).unwrap();
    assert_eq!(order(&faster, 1, 20), None, "another pace begins anew");
}

#[test]
fn what_new_key_prints_is_what_the_file_takes() {
    let wanted = NewKey {
        id: "app-1".parse().unwrap(),
        scopes: Scope::ALL.to_vec(),
        expires: Some(at("2027-01-31T00:00:00Z")),
        rate: Some(20),
        burst: Some(40),
    };
    let entry = wanted.entry(&token(1)).unwrap();
    assert!(!entry.contains(token(1).reveal()) && !format!("{:?}", token(1)).contains("domi_"));
    let keys = read(&entry).unwrap();
    for scope in Scope::ALL {
        assert_eq!(refused(&keys, token(1).reveal(), scope, 0), None);
    }
    let shown = format!("{keys:?}");
    assert!(!shown.contains(&token(1).sha256()[..16]), "{shown}");
    assert_eq!(keys.all[0].pace, Pace::new(20, 40).ok());
    assert!(NewKey { burst: Some(0), ..wanted }.entry(&token(1)).is_err());
}
