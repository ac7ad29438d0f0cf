//! A store's `pos_url` taken apart: where to connect, what to ask for, and who we say we are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

/// Where a POS is.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// The whole URL without user and password.
    pub(crate) uri: Uri,
    /// Name or address; one of IPv6 without its brackets.
    pub(crate) host: String,
    /// Port, also where the URL leaves it out.
    pub(crate) port: u16,
    /// Whether TLS is spoken there.
    pub(crate) secure: bool,
    /// User and password of the URL, as the header `Authorization`.
    pub(crate) login: Option<HeaderValue>,
}

impl Address {
    /// Reads a URL; `None` when nothing can be posted there.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let mut url = Url::parse(url).ok()?;
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let login = login(&url);
        url.set_username("").and_then(|()| url.set_password(None)).ok()?;
        url.set_fragment(None);
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        Some(Self { uri: url.as_str().parse().ok()?, host, port: url.port_or_known_default()?, secure, login })
    }

    /// What stands in the header `Host`: no port where it is the usual one, as in attempts.
    pub(crate) fn host_header(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// Host and port.
    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Scheme, host and port, which may be shown.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }

    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        self.uri.path_and_query().map_or("/", |target| target.as_str())
    }
}

fn login(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut told: Vec<u8> = percent_decode_str(url.username()).collect();
    told.push(b':');
    told.extend(percent_decode_str(url.password().unwrap_or_default()));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(told))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_what_and_who() {
        for (url, origin, target, login) in [
            ("http://pos.example", "http://pos.example:80", "/", None),
            ("https://pos.example/a/b?c=d#e", "https://pos.example:443", "/a/b?c=d", None),
            ("https://[::1]:8443/o", "https://[::1]:8443", "/o", None),
            ("http://u:p%40ss@127.0.0.1:81/o", "http://127.0.0.1:81", "/o", Some("Basic dTpwQHNz")),
        ] {
            let address = Address::of(url).unwrap();
            assert_eq!((address.origin().as_str(), address.target()), (origin, target), "{url}");
            assert_eq!(address.login.as_ref().map(|value| value.to_str().unwrap()), login, "{url}");
            assert!(!format!("{address:?}").contains("p@ss") && !address.uri.to_string().contains('@'), "{address:?}");
        }
        for url in ["no url", "ftp://pos.example/", "http://", "https://:8443/", "mailto:pos@example.com"] {
            assert!(Address::of(url).is_none(), "{url}");
        }
    }
}
